package assemble

import (
	"archive/tar"
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mkimage/mkimage/apk"
)

// sortedByName returns a list in the order in which apk lists names: without
// regard to the case of ASCII letters and, where that leaves two equal, by
// bytes.
func sortedByName[T any](list []T, name func(T) string) []T {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b T) int {
		x, y := name(a), name(b)
		return cmp.Or(strings.Compare(lowerASCII(x), lowerASCII(y)), strings.Compare(x, y))
	})
	return sorted
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// installedText returns the content of the database's file "installed": for
// each package the lines of its index entry, what only .PKGINFO says, and its
// files (apk-package(5), "installed database").
func installedText(packages []*installed) []byte {
	var b bytes.Buffer
	for _, p := range packages {
		writeEntry(&b, p.Package)
		if len(p.folders) > 0 { // apk forgets to write these for others
			writeDependencies(&b, 'r', p.source.Archive.Info.Replaces)
			writeNumber(&b, 'q', int64(p.source.Archive.Info.ReplacesPriority))
			writeLine(&b, 's', p.source.Tag)
			if p.lostXattrs {
				writeLine(&b, 'f', "x")
			}
		}
		for _, fo := range p.folders {
			writeFolder(&b, fo)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// writeEntry writes what an index says of a package. These five lines are
// there even if they are empty: S, I, T, U and L.
func writeEntry(b *bytes.Buffer, p *apk.Package) {
	fmt.Fprintf(b, "C:%s\nP:%s\nV:%s\n", p.Checksum, p.Name, p.Version)
	writeLine(b, 'A', p.Arch)
	fmt.Fprintf(b, "S:%d\nI:%d\nT:%s\nU:%s\nL:%s\n", p.Size, p.InstalledSize, p.Description, p.URL, p.License)
	writeLine(b, 'o', p.Origin)
	writeLine(b, 'm', p.Maintainer)
	writeNumber(b, 't', p.BuildTime)
	writeLine(b, 'c', p.Commit)
	writeNumber(b, 'k', int64(p.ProviderPriority))
	writeDependencies(b, 'D', p.Depends)
	writeDependencies(b, 'p', p.Provides)
	writeDependencies(b, 'i', p.InstallIf)
}

// writeFolder writes a package's part in a directory, the files sorted.
func writeFolder(b *bytes.Buffer, fo *folder) {
	fmt.Fprintf(b, "F:%s\n", fo.dir.path)
	if fo.acl != defaultFolder() {
		writeACL(b, 'M', fo.acl)
	}
	for _, f := range fo.sorted() {
		if f.replaced {
			continue
		}
		fmt.Fprintf(b, "R:%s\n", f.name)
		if f.acl != defaultFile() {
			writeACL(b, 'a', f.acl)
		}
		if !f.checksum.IsZero() {
			fmt.Fprintf(b, "Z:%s\n", f.checksum)
		}
	}
}

func writeACL(b *bytes.Buffer, letter byte, a acl) {
	fmt.Fprintf(b, "%c:%d:%d:%o", letter, a.uid, a.gid, a.mode)
	if !a.xattrs.IsZero() {
		fmt.Fprintf(b, ":%s", a.xattrs)
	}
	b.WriteByte('\n')
}

func writeLine(b *bytes.Buffer, letter byte, value string) {
	if value != "" {
		fmt.Fprintf(b, "%c:%s\n", letter, value)
	}
}

func writeNumber(b *bytes.Buffer, letter byte, value int64) {
	if value != 0 {
		fmt.Fprintf(b, "%c:%d\n", letter, value)
	}
}

func writeDependencies(b *bytes.Buffer, letter byte, list []apk.Dependency) {
	words := make([]string, len(list))
	for i, d := range list {
		words[i] = d.String()
	}
	writeLine(b, letter, strings.Join(words, " "))
}

// scriptsText returns the content of the database's file "scripts.tar". apk 3
// would compress a new one, but then apk 2 could not read it; both read this.
func scriptsText(packages []*installed) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, p := range packages {
		if !p.unpacked {
			continue
		}
		for _, kind := range apk.ScriptKinds() {
			text, ok := p.source.Archive.Scripts[kind]
			if !ok {
				continue
			}
			err := w.WriteHeader(&tar.Header{
				Typeflag: tar.TypeReg, Format: tar.FormatGNU,
				Name: fmt.Sprintf("%s.X1%s.%s", p, p.Checksum.Hex(), kind),
				Mode: 0o755, Uname: "root", Gname: "root",
				Size: int64(len(text)), ModTime: time.Unix(p.BuildTime, 0),
			})
			if err != nil {
				return nil, err
			}
			if _, err := w.Write(text); err != nil {
				return nil, err
			}
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// triggersText returns the content of the database's file "triggers".
func triggersText(packages []*installed) []byte {
	var b bytes.Buffer
	for _, p := range packages {
		if patterns := p.triggers(); len(patterns) > 0 {
			fmt.Fprintf(&b, "%s %s\n", p.Checksum, strings.Join(patterns, " "))
		}
	}
	return b.Bytes()
}
