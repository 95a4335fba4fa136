package assemble_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/script"
	"github.com/mkimage/mkimage/assemble"
	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/internal/apktest"
	"github.com/mkimage/mkimage/spec"
)

// databasePackages are of every sort that the database tells apart.
func databasePackages() []pkg {
	return []pkg{
		{
			Name: "Beta", Version: "2-r1", Description: "two", Replaces: []string{"alpha<3"}, ReplacesPriority: 7,
			Triggers: []string{"/usr/share/*", "+/opt"},
			Scripts:  map[string]string{"trigger": "#!/bin/sh\n", "post-install": "#!/bin/sh\nexit 0\n", "post-upgrade": ""},
			Files: files{
				apktest.Regular("usr/share/z/f", "f"), apktest.Dir("opt").WithMode(0o2755).WithXattr("user.a", "b"),
				apktest.Program("opt/prog", "p").OwnedBy("no", "no", 3, 4), apktest.Regular("opt/lost", "beta"),
				apktest.Symlink("opt/link", "prog"), apktest.Hardlink("opt/also", "opt/prog"), apktest.Fifo("opt/pipe"),
				apktest.File{Name: "opt/plain", Type: tar.TypeSymlink, Mode: 0o777, Target: "prog", Plain: true},
				apktest.Regular("opt/cap", "").WithXattr("security.capability", "v2"), apktest.Regular("top", ""),
			},
		},
		{Name: "alpha", Replaces: []string{"Beta"}, ReplacesPriority: 9, Files: files{
			apktest.Regular("opt/lost", "alpha"), apktest.Fifo("opt/queue").WithXattr("user.a", "b"),
		}},
		{Name: "empty", Replaces: []string{"x"}},
		{Name: "meta", InstalledSize: 1, Replaces: []string{"x"}, Triggers: []string{"/none"}},
	}
}

func TestDatabase(t *testing.T) {
	in := input(t, databasePackages()...)
	in.World = []apk.Dependency{{Name: "b"}, {Name: "a", Tag: "edge"}, {Name: "C", Op: apk.OpGreater | apk.OpEqual, Version: "3"}, {Name: "b", Not: true}}
	in.Keys = map[string][]byte{"k.rsa.pub": []byte("key\n")}
	in.Packages[0].Tag = "edge"
	in.Image.APK = &spec.APK{Repositories: []spec.Repository{
		{URL: "https://example.org/main"},
		{Dir: spec.Path{Abs: "/home/me/packages"}},
		{Tag: "edge", URL: "https://example.org/edge"},
	}}
	root, err := assemble.Compose(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"etc/apk/arch":           "x86_64\n",
		"etc/apk/world":          "a@edge\n!b\nC>=3\n",
		"etc/apk/repositories":   "https://example.org/main\n@edge https://example.org/edge\n",
		"etc/apk/keys/k.rsa.pub": "key\n",
		"lib/apk/db/triggers": fmt.Sprintf("%s /usr/share/* +/opt\n%s /none\n",
			in.Packages[0].Archive.Package.Checksum, in.Packages[3].Archive.Package.Checksum),
		"lib/apk/db/installed": installedWant(in),
	}
	for path, text := range want {
		got, err := root.Tree.ReadFile(path, 1<<20)
		if err != nil {
			t.Error(err)
			continue
		}
		check(t, path, string(got), text)
	}
}

// installedWant is written by hand after apk-package(5) and what apk 3.0.6
// wrote; only checksums are computed elsewhere.
func installedWant(in assemble.Input) string {
	header := func(i int, name, version, size, description string) string {
		p := in.Packages[i].Archive.Package
		return lines(fmt.Sprintf(`
			C:%s
			P:%s
			V:%s
			A:x86_64
			S:%d
			I:%s
			T:%s
			U:
			L:MIT
			o:%s
			t:1700000000
		`, p.Checksum, name, version, p.Size, size, description, name))
	}
	sum := func(s string) string { return "Z:" + sha1Sum(s) + "\n" }
	return header(1, "alpha", "1.0-r0", "5", "test package alpha") +
		"r:Beta\nq:9\nf:x\nF:opt\nR:lost\n" + sum("alpha") +
		"R:queue\na:0:0:644:" + sha1Sum("\x00\x00\x00\x06user.a\x00\x00\x00\x01b") + "\n\n" +
		header(0, "Beta", "2-r1", "6", "two") +
		"r:alpha<3\nq:7\ns:edge\n" +
		"F:usr\nF:usr/share\nF:usr/share/z\nR:f\n" + sum("f") +
		"F:opt\nM:0:0:2755:" + sha1Sum("\x00\x00\x00\x06user.a\x00\x00\x00\x01b") + "\n" +
		"R:also\n" + sum("p") +
		"R:cap\na:0:0:644:" + sha1Sum("\x00\x00\x00\x13security.capability\x00\x00\x00\x02v2") + "\n" + sum("") +
		"R:link\na:0:0:777\n" + sum("prog") +
		"R:pipe\n" +
		"R:plain\na:0:0:777\n" + // no checksum where the package has none
		"R:prog\na:3:4:755\n" + sum("p") +
		"F:\nR:top\n" + sum("") + "\n" +
		header(2, "empty", "1.0-r0", "0", "test package empty") + "\n" +
		header(3, "meta", "1.0-r0", "1", "test package meta") + "\n"
}

func TestScriptsTar(t *testing.T) {
	in := input(t, databasePackages()...)
	root, err := assemble.Compose(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	content, err := root.Tree.ReadFile("lib/apk/db/scripts.tar", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := tar.NewReader(bytes.NewReader(content)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %o %d %q", h.Name, h.Mode, h.ModTime.Unix(), text))
	}
	id := "Beta-2-r1.X1" + in.Packages[0].Archive.Package.Checksum.Hex()
	want := []string{
		id + `.post-install 755 1700000000 "#!/bin/sh\nexit 0\n"`,
		id + `.post-upgrade 755 1700000000 ""`,
		id + `.trigger 755 1700000000 "#!/bin/sh\n"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// TestScriptOrder checks which scripts run, when, and with what.
func TestScriptOrder(t *testing.T) {
	all := map[string]string{"pre-install": "", "post-install": "", "trigger": "", "pre-upgrade": "", "post-deinstall": ""}
	in := input(t,
		pkg{Name: "a", Scripts: all, Files: files{apktest.Regular("opt/a/f", "")}, Triggers: []string{"/opt/*", "+/usr/*", "opt", "/"}},
		pkg{Name: "zero", Scripts: all, Triggers: []string{"/opt"}},
		pkg{Name: "meta", InstalledSize: 1, Scripts: all, Triggers: []string{"+/"}},
		pkg{Name: "b", Version: "2", Scripts: all, Files: files{apktest.Regular("usr/b/f", ""), apktest.Dir("opt/b")}, Triggers: []string{"/no/such"}},
	)
	runner := &scripts{do: map[string]func(*tree.Tree) error{
		"b.pre-install": func(t *tree.Tree) error {
			_, err := t.Lstat("usr/b/f")
			if err == nil {
				return errors.New("b is there before its pre-install")
			}
			_, err = t.Lstat("opt/a/f")
			return err
		},
		"b.post-install": func(t *tree.Tree) error {
			_, err1 := t.Lstat("usr/b/f")
			_, err2 := t.MkdirAll("opt/script", 0o755) // not in the database
			return errors.Join(err1, err2)
		},
	}}
	in.Scripts = runner
	if _, err := assemble.Compose(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"a.pre-install 1.0-r0", "a.post-install 1.0-r0",
		"meta.pre-install 1.0-r0", "meta.post-install 1.0-r0",
		"b.pre-install 2", "b.post-install 2",
		"a.trigger / /opt/a /usr/b /opt/b", // in the order of apk's hash table
		"meta.trigger",                     // the root matches, but no package has a file in it
	}
	if !slices.Equal(runner.ran, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(runner.ran, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestScriptSkipped(t *testing.T) {
	in := input(t, pkg{Name: "a", Scripts: map[string]string{"post-install": "exit 1"}, Files: files{apktest.Regular("f", "")}})
	in.Image.APK = &spec.APK{Scripts: []spec.Pair{{Name: "a", Value: "skip"}}}
	runner := &scripts{}
	in.Scripts = runner
	root, err := assemble.Compose(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if len(runner.ran) != 0 || len(root.Skipped) != 1 || root.Skipped[0].Package != "a" || root.Skipped[0].Kind != script.PostInstall {
		t.Errorf("ran %v, skipped %v", runner.ran, root.Skipped)
	}
}

func TestScriptFails(t *testing.T) {
	failure := errors.New("cannot install a: its script failed")
	in := input(t, pkg{Name: "a", Scripts: map[string]string{"pre-install": ""}, Files: files{apktest.Regular("f", "")}}, pkg{Name: "b"})
	in.Scripts = &scripts{do: map[string]func(*tree.Tree) error{"a.pre-install": func(*tree.Tree) error { return failure }}}
	if _, err := assemble.Compose(t.Context(), in); err != failure {
		t.Errorf("got %v, want the script's error as it is", err)
	}
}

// TestManyFolders checks apk's order of directories where many are out of
// order: it sorts all that it has when it looks one up after the 33rd.
func TestManyFolders(t *testing.T) {
	p := pkg{Name: "a", Exact: true, Files: files{apktest.Dir("z")}}
	want := []string{"z"}
	for i := range 40 {
		name := fmt.Sprintf("d%02d", 39-i)
		p.Files = append(p.Files, apktest.Dir(name))
		want = append(want, name)
	}
	slices.Sort(want[:34])
	in := input(t, p)
	root, err := assemble.Compose(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	text, err := root.Tree.ReadFile("lib/apk/db/installed", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "F:"); ok {
			got = append(got, strings.TrimSpace(name))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestNoDatabaseWithoutPackages(t *testing.T) {
	in := input(t)
	in.World = nil
	root, err := assemble.Compose(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if entries := root.Tree.Root().Entries(); len(entries) != 0 {
		t.Errorf("the tree has %v", entries)
	}
}
