// Package apktest writes signed Alpine packages, indexes and repositories for
// tests, and serves them over HTTP with faults. It is used by tests only.
//
// What it writes is what abuild and "apk index" write (apk-v2(5)):
//
//   - A package file is three gzip members: a signature of the second, the
//     control section (.PKGINFO, scripts) and the data section (the files).
//     Together they are one tar stream.
//   - .PKGINFO ends with the SHA-256 of the compressed data section; every
//     file carries its SHA-1 in a PAX record.
//   - An index is a signature member and one with DESCRIPTION and APKINDEX.
//
// The same description gives the same bytes in every run. A description that
// cannot be written is a mistake of the test and panics.
//
//	repo := apktest.NewRepo()
//	repo.Add(apktest.Package{
//		Name: "hello", Depends: []string{"musl"},
//		Files:   []apktest.File{apktest.Program("usr/bin/hello", "#!/bin/sh\n")},
//		Scripts: map[string]string{"post-install": "#!/bin/sh\naddgroup -S hello\n"},
//	})
//	repo.WriteDir(t, dir)   // or: server := repo.Serve(t)
package apktest

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/mkimage/mkimage/apk"
)

// Package describes a package to write. Its zero values are usual ones: a
// name is enough.
type Package struct {
	Name             string
	Version          string // empty: "1.0-r0"
	Arch             string // empty: the repository's, "x86_64" without one
	Description      string
	URL              string
	License          string // empty: "MIT"
	Origin           string // empty: Name
	Maintainer       string
	Commit           string
	BuildTime        int64    // seconds since 1970; 0: 1700000000
	Depends          []string // as apk writes dependencies: "so:libz.so.1", "a>=2", "!b"
	Provides         []string
	InstallIf        []string
	Replaces         []string
	Triggers         []string
	ProviderPriority int
	ReplacesPriority int

	// InstalledSize is what .PKGINFO and index state. 0: the size of the
	// contents, at least 1, or 0 where Files is empty.
	InstalledSize int64

	// Files are the entries of the data section, in this order. Directories
	// that are not named are added, unless Exact is set.
	Files []File
	Exact bool

	// Scripts maps a kind such as "post-install" to a script.
	Scripts map[string]string

	// Info holds further lines of .PKGINFO, such as "pcprefix = lib".
	Info []string

	// DataHash is stated instead of the data section's SHA-256.
	DataHash string
}

// Sealed is a written package.
type Sealed struct {
	Package  Package // with its defaults filled in
	Bytes    []byte  // the package file
	Checksum apk.Checksum
	Control  []byte // the compressed control section
	Data     []byte // the compressed data section
}

// Seal writes the package, signed with key; a nil key leaves the signature
// member out.
func (p Package) Seal(key *Key) Sealed {
	p = p.withDefaults()
	s := Sealed{Package: p, Data: Compress(tarFiles(true, p.files()...))}
	s.Control = Compress(tarFiles(false, p.controlFiles(s.Data)...))
	s.Checksum = sha1.Sum(s.Control)
	if key != nil {
		s.Bytes = key.signatureMember(s.Control)
	}
	s.Bytes = append(append(s.Bytes, s.Control...), s.Data...)
	return s
}

// FileName returns NAME-VERSION.apk.
func (s Sealed) FileName() string { return s.Package.Name + "-" + s.Package.Version + ".apk" }

// Entry returns what an index says of the package, for tests that need no
// index. Its dependency fields are empty.
func (s Sealed) Entry() *apk.Package {
	p := s.Package
	return &apk.Package{
		Name: p.Name, Version: p.Version, Arch: p.Arch, Checksum: s.Checksum,
		Size: int64(len(s.Bytes)), InstalledSize: p.InstalledSize, Description: p.Description,
		URL: p.URL, License: p.License, Origin: p.Origin, Maintainer: p.Maintainer,
		BuildTime: p.BuildTime, Commit: p.Commit, ProviderPriority: p.ProviderPriority,
	}
}

func (p Package) withDefaults() Package {
	p.Version = or(p.Version, "1.0-r0")
	p.Arch = or(p.Arch, "x86_64")
	p.License = or(p.License, "MIT")
	p.Origin = or(p.Origin, p.Name)
	p.Description = or(p.Description, "test package "+p.Name)
	if p.BuildTime == 0 {
		p.BuildTime = 1700000000
	}
	if p.InstalledSize == 0 && len(p.Files) > 0 {
		for _, f := range p.Files {
			p.InstalledSize += int64(len(f.Content))
		}
		p.InstalledSize = max(p.InstalledSize, 1)
	}
	return p
}

func (p Package) files() []File {
	files := slices.Clone(p.Files)
	if !p.Exact {
		files = withParents(files)
	}
	for i := range files {
		if files[i].ModTime == 0 {
			files[i].ModTime = p.BuildTime
		}
	}
	return files
}

// controlFiles returns .PKGINFO and the scripts, sorted by name.
func (p Package) controlFiles(data []byte) []File {
	files := []File{{Name: ".PKGINFO", Mode: 0o644, Content: []byte(p.info(data)), Plain: true}}
	for kind, script := range p.Scripts {
		files = append(files, File{Name: "." + kind, Mode: 0o755, Content: []byte(script), Plain: true})
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	for i := range files {
		files[i].ModTime = p.BuildTime
	}
	return files
}

func (p Package) info(data []byte) string {
	var b strings.Builder
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s = %s\n", key, value)
		}
	}
	number := func(key string, value int64) {
		if value != 0 {
			fmt.Fprintf(&b, "%s = %d\n", key, value)
		}
	}
	b.WriteString("# written by apktest\n")
	line("pkgname", p.Name)
	line("pkgver", p.Version)
	line("pkgdesc", p.Description)
	line("url", p.URL)
	number("builddate", p.BuildTime)
	fmt.Fprintf(&b, "size = %d\n", p.InstalledSize)
	line("arch", p.Arch)
	line("origin", p.Origin)
	line("commit", p.Commit)
	line("maintainer", p.Maintainer)
	number("provider_priority", int64(p.ProviderPriority))
	number("replaces_priority", int64(p.ReplacesPriority))
	line("license", p.License)
	for _, list := range []struct {
		key    string
		values []string
	}{{"replaces", p.Replaces}, {"depend", p.Depends}, {"provides", p.Provides}} {
		for _, v := range list.values {
			line(list.key, v)
		}
	}
	line("install_if", strings.Join(p.InstallIf, " "))
	line("triggers", strings.Join(p.Triggers, " "))
	for _, l := range p.Info {
		b.WriteString(l + "\n")
	}
	line("datahash", or(p.DataHash, fmt.Sprintf("%x", sha256.Sum256(data))))
	return b.String()
}
