package apk

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
)

// Check reports what no index could say of a package: a name, version or
// architecture that cannot be part of a file's name, or no checksum. The
// architecture may be absent.
func (p *Package) Check() error {
	if err := checkName(p.Name); err != nil {
		return err
	}
	if err := checkFileNamePart(p.Version); err != nil {
		return err
	}
	if p.Arch != "" {
		if err := checkFileNamePart(p.Arch); err != nil {
			return err
		}
	}
	e := entry{Package: *p}
	return e.complete()
}

// FormatIndex returns the text of an APKINDEX that describes the packages, in
// their order (apk-package(5)). It is the inverse of ParseIndex for packages
// that can be installed.
func FormatIndex(packages []*Package) []byte {
	var b bytes.Buffer
	for _, p := range packages {
		line := func(letter byte, value string) {
			if value != "" {
				fmt.Fprintf(&b, "%c:%s\n", letter, value)
			}
		}
		fmt.Fprintf(&b, "C:%s\nP:%s\nV:%s\n", p.Checksum, p.Name, p.Version)
		line('A', p.Arch)
		fmt.Fprintf(&b, "S:%d\nI:%d\nT:%s\nU:%s\nL:%s\n", p.Size, p.InstalledSize, p.Description, p.URL, p.License)
		line('o', p.Origin)
		line('m', p.Maintainer)
		if p.BuildTime != 0 {
			fmt.Fprintf(&b, "t:%d\n", p.BuildTime)
		}
		line('c', p.Commit)
		if p.ProviderPriority != 0 {
			fmt.Fprintf(&b, "k:%d\n", p.ProviderPriority)
		}
		line('D', joinDependencies(p.Depends))
		line('p', joinDependencies(p.Provides))
		line('i', joinDependencies(p.InstallIf))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func joinDependencies(list []Dependency) string {
	words := make([]string, len(list))
	for i, d := range list {
		words[i] = d.String()
	}
	return strings.Join(words, " ")
}

// WriteIndex returns an APKINDEX.tar.gz (apk-v2(5)) with a description and the
// text of an APKINDEX. signer nil leaves it unsigned: apk then takes it only
// with --allow-untrusted, and ReadIndex never. The same arguments give the
// same bytes.
func WriteIndex(description string, text []byte, signer *Signer) ([]byte, error) {
	member, err := packMember(true, packed{"DESCRIPTION", []byte(description)}, packed{"APKINDEX", text})
	if err != nil || signer == nil {
		return member, err
	}
	name, signature, err := signer.sign(member)
	if err != nil {
		return nil, err
	}
	signed, err := packMember(false, packed{name, signature})
	return append(signed, member...), err
}

// packed is a file of an index.
type packed struct {
	name    string
	content []byte
}

// packMember returns files as one gzip member of a tar stream. All but the last
// member of a stream go without the two blocks that end it.
func packMember(last bool, files ...packed) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	for _, f := range files {
		h := &tar.Header{
			Typeflag: tar.TypeReg, Format: tar.FormatUSTAR, Name: f.name, Mode: 0o644,
			Size: int64(len(f.content)), Uname: "root", Gname: "root",
		}
		if err := t.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("cannot write %s: %w", f.name, err)
		}
		if _, err := t.Write(f.content); err != nil {
			return nil, err
		}
	}
	end := t.Flush
	if last {
		end = t.Close
	}
	if err := end(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
