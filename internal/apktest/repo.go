package apktest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Repo is a repository under construction: packages by architecture, and the
// key that signs packages and indexes.
type Repo struct {
	Key         *Key
	Description string // of the index; empty: "test"

	packages map[string][]Sealed // by the folder's architecture
}

// NewRepo returns an empty repository signed with TestKey.
func NewRepo() *Repo { return &Repo{Key: TestKey()} }

// Add writes packages into the folders of their architectures and returns the
// repository. A package without Arch is one for x86_64; use AddTo for a
// "noarch" package, which lies in an architecture's folder.
func (r *Repo) Add(packages ...Package) *Repo {
	for _, p := range packages {
		r.AddTo(or(p.Arch, "x86_64"), p)
	}
	return r
}

// AddTo writes packages into the folder of an architecture.
func (r *Repo) AddTo(arch string, packages ...Package) *Repo {
	for _, p := range packages {
		p.Arch = or(p.Arch, arch)
		r.AddSealed(arch, p.Seal(r.Key))
	}
	return r
}

// AddSealed adds packages that are written already.
func (r *Repo) AddSealed(arch string, packages ...Sealed) *Repo {
	if r.packages == nil {
		r.packages = map[string][]Sealed{}
	}
	r.packages[arch] = append(r.packages[arch], packages...)
	return r
}

// Package returns the last added package of a name in an architecture's
// folder.
func (r *Repo) Package(arch, name string) Sealed {
	for _, s := range slices.Backward(r.packages[arch]) {
		if s.Package.Name == name {
			return s
		}
	}
	panic("apktest: no package " + name + " for " + arch)
}

// Files returns the repository's content: slash-separated path, such as
// "x86_64/APKINDEX.tar.gz", to bytes.
func (r *Repo) Files() map[string][]byte {
	files := map[string][]byte{}
	for arch, packages := range r.packages {
		for _, s := range packages {
			files[arch+"/"+s.FileName()] = s.Bytes
		}
		files[arch+"/APKINDEX.tar.gz"] = SignIndex(r.Key, or(r.Description, "test"), IndexText(arch, packages...))
	}
	return files
}

// WriteDir writes the repository into a folder, made if it is not there, and
// returns the folder.
func (r *Repo) WriteDir(tb testing.TB, dir string) string {
	tb.Helper()
	for name, content := range r.Files() {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// WriteKey writes the public key into a folder under its name and returns the
// file's path.
func (r *Repo) WriteKey(tb testing.TB, dir string) string {
	tb.Helper()
	file := filepath.Join(dir, r.Key.Name)
	if err := os.WriteFile(file, r.Key.PublicPEM(), 0o644); err != nil {
		tb.Fatal(err)
	}
	return file
}

// IndexText returns the content of an APKINDEX for an architecture's folder,
// in the order given. As "apk index --rewrite-arch" does for Alpine, noarch
// packages are listed under the folder's architecture.
func IndexText(arch string, packages ...Sealed) string {
	var b strings.Builder
	for _, s := range packages {
		p := s.Package
		fmt.Fprintf(&b, "C:%s\nP:%s\nV:%s\nA:%s\nS:%d\nI:%d\nT:%s\nU:%s\nL:%s\no:%s\n",
			s.Checksum, p.Name, p.Version, indexArch(arch, p.Arch), len(s.Bytes), p.InstalledSize,
			p.Description, p.URL, p.License, p.Origin)
		field := func(letter, value string) {
			if value != "" {
				fmt.Fprintf(&b, "%s:%s\n", letter, value)
			}
		}
		field("m", p.Maintainer)
		fmt.Fprintf(&b, "t:%d\n", p.BuildTime)
		field("c", p.Commit)
		if p.ProviderPriority != 0 {
			fmt.Fprintf(&b, "k:%d\n", p.ProviderPriority)
		}
		field("D", strings.Join(p.Depends, " "))
		field("p", strings.Join(p.Provides, " "))
		field("i", strings.Join(p.InstallIf, " "))
		b.WriteString("\n")
	}
	return b.String()
}

// SignIndex returns an APKINDEX.tar.gz with the given text; a nil key leaves
// the signature member out.
func SignIndex(key *Key, description, text string) []byte {
	member := Compress(tarFiles(true,
		File{Name: "DESCRIPTION", Mode: 0o644, Content: []byte(description), Plain: true},
		File{Name: "APKINDEX", Mode: 0o644, Content: []byte(text), Plain: true}))
	if key == nil {
		return member
	}
	return bytes.Join([][]byte{key.signatureMember(member), member}, nil)
}

func indexArch(folder, arch string) string {
	if arch == "noarch" {
		return folder
	}
	return arch
}
