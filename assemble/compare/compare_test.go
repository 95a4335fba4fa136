package compare_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/mkimage/mkimage/assemble/compare"
)

// file is an entry with its content.
type file struct {
	tar.Header
	content string
}

func regular(name, content string) file {
	return file{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, ModTime: time.Unix(0, 0)}, content}
}

func image(t *testing.T, files ...file) v1.Image {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		f.Size = int64(len(f.content))
		if err := w.WriteHeader(&f.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(empty.Image, l)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func changed(f file, change func(*file)) file {
	change(&f)
	return f
}

// TestEntries compares two images of one entry each, and some of several.
func TestEntries(t *testing.T) {
	motd := regular("etc/motd", "one\ntwo\n")
	link := file{Header: tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/sh", Linkname: "/bin/busybox", Mode: 0o777, ModTime: time.Unix(0, 0)}}
	dir := file{Header: tar.Header{Typeflag: tar.TypeDir, Name: "srv/", Mode: 0o755, ModTime: time.Unix(0, 0)}}
	for _, c := range []struct {
		image, rebuilt []file
		want           []string
	}{
		{[]file{motd}, []file{motd}, nil},
		{[]file{motd}, []file{changed(motd, func(f *file) { f.content = "one\nToo\n" })}, []string{`/etc/motd: content: line 2: image "two", rebuilt "Too"`}},
		{[]file{motd}, []file{changed(motd, func(f *file) { f.content = "one\n" })}, []string{`/etc/motd: size: image 8 bytes, rebuilt 4 bytes; content: line 2: image "two", rebuilt ends`}},
		{[]file{regular("a", "x\x00y")}, []file{regular("a", "x\x00z")}, []string{"/a: content: differs from byte 2"}},
		{[]file{regular("a", strings.Repeat("a", 1<<20)+"b")}, []file{regular("a", strings.Repeat("a", 1<<20)+"c")}, []string{"/a: content: differs beyond the first MiB"}},
		{[]file{motd}, []file{changed(motd, func(f *file) { f.Mode, f.Uid, f.Gid = 0o4755, 1, 2 })}, []string{"/etc/motd: mode: image 0644, rebuilt 4755; owner: image 0:0, rebuilt 1:2"}},
		{[]file{motd}, []file{changed(motd, func(f *file) { f.ModTime = time.Unix(60, 0) })}, []string{"/etc/motd: modified: image 1970-01-01T00:00:00Z, rebuilt 1970-01-01T00:01:00Z"}},
		{[]file{motd}, []file{changed(motd, func(f *file) { f.PAXRecords = map[string]string{"SCHILY.xattr.user.a": "b"} })}, []string{`/etc/motd: extended attributes: image none, rebuilt user.a="b"`}},
		{[]file{link}, []file{changed(link, func(f *file) { f.Linkname = "dash" })}, []string{`/bin/sh: target: image "/bin/busybox", rebuilt "dash"`}},
		{[]file{link}, []file{changed(dir, func(f *file) { f.Name = "bin/sh" })}, []string{"/bin/sh: image has a symbolic link, rebuilt a directory"}},
		{[]file{dir, motd}, []file{link}, []string{"/bin/sh: image has none, rebuilt a symbolic link", "/etc/motd: image has a file, rebuilt has none", "/srv: image has a directory, rebuilt has none"}},
		{[]file{dir, motd}, []file{motd, dir}, []string{"layer: the same entries in another order: number 1 is /srv in the image, /etc/motd rebuilt"}},
		{[]file{motd, motd}, []file{motd}, []string{"layer: image has /etc/motd more than once"}},
		{[]file{motd}, []file{changed(motd, func(f *file) { f.Name = "./etc/motd" })}, []string{"layer: the same entries in the same order, with headers in another form"}},
		{[]file{regular("a\x1b[31m", "")}, nil, []string{"/a\uFFFD[31m: image has a file, rebuilt has none"}},
	} {
		got, err := compare.Images(t.Context(), image(t, c.image...), image(t, c.rebuilt...))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("differences %q, %v, want %q", got, err, c.want)
		}
	}
}

// TestPackages tells of packages before the files that differ because of them.
func TestPackages(t *testing.T) {
	one := regular("lib/apk/db/installed", "C:Q1a\nP:busybox\nV:1.36.1-r15\n\nC:Q1b\nP:musl\nV:1.2.4-r2\nF:lib\n\nC:Q1c\nP:old\nV:1\n\n")
	two := regular("lib/apk/db/installed", "C:Q1d\nP:busybox\nV:1.36.1-r16\n\nC:Q1e\nP:musl\nV:1.2.4-r2\nF:lib\n\nC:Q1c\nP:new\nV:2\n\n")
	got, err := compare.Images(t.Context(), image(t, one), image(t, two))
	want := []string{
		"package busybox: image 1.36.1-r15, rebuilt 1.36.1-r16",
		"package musl: two builds of 1.2.4-r2: image Q1b, rebuilt Q1e",
		"package new: image has none, rebuilt 2",
		"package old: image 1, rebuilt has none",
		`/lib/apk/db/installed: content: line 1: image "C:Q1a", rebuilt "C:Q1d"`,
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("differences %q, %v, want %q", got, err, want)
	}
}

// TestLimit counts what it does not tell.
func TestLimit(t *testing.T) {
	var files []file
	for i := range compare.Limit + 7 {
		files = append(files, regular("f"+string(rune('a'+i)), ""))
	}
	got, err := compare.Images(t.Context(), image(t, files...), image(t))
	if err != nil || len(got) != compare.Limit+1 || got[compare.Limit] != "and 7 more entries of the layer" {
		t.Errorf("differences %q, %v", got, err)
	}
}

// TestFields names fields of the configuration and annotations.
func TestFields(t *testing.T) {
	plain := image(t)
	other, err := mutate.Config(plain, v1.Config{Env: []string{"A=<1>", "B=2"}, User: "web", Labels: map[string]string{"a": strings.Repeat("x", 200)}})
	if err != nil {
		t.Fatal(err)
	}
	one, err := mutate.Config(plain, v1.Config{Env: []string{"A=1", "B=2"}, Cmd: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	annotated := mutate.Annotations(one, map[string]string{"k": "v"}).(v1.Image)
	got, err := compare.Images(t.Context(), annotated, other)
	want := []string{
		`manifest annotations: image {"k":"v"}, rebuilt has none`,
		`configuration config Cmd: image ["x"], rebuilt has none`,
		`configuration config Env[0]: image "A=1", rebuilt "A=<1>"`,
		`configuration config Labels: image has none, rebuilt {"a":"` + strings.Repeat("x", 114) + "…",
		`configuration config User: image has none, rebuilt "web"`,
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("differences\n%s\n%v, want\n%s", strings.Join(got, "\n"), err, strings.Join(want, "\n"))
	}
	layers, err := compare.Images(t.Context(), plain, empty.Image)
	if err != nil || len(layers) < 1 || !slices.Contains(layers, "layers: image has 1, rebuilt 0; their files are not compared") {
		t.Errorf("differences %q, %v", layers, err)
	}
}

func TestIndexes(t *testing.T) {
	got, err := compare.Indexes(
		[]byte(`{"manifests":[{"digest":"a","platform":{"os":"linux","variant":"v6"}}]}`),
		[]byte(`{"manifests":[{"digest":"b","platform":{"os":"linux","variant":"v7"}}]}`))
	if want := []string{`index manifests[0] platform variant: image "v6", rebuilt "v7"`}; err != nil || !slices.Equal(got, want) {
		t.Errorf("differences %q, %v", got, err)
	}
	if _, err := compare.Indexes([]byte("x"), []byte("{}")); err == nil {
		t.Error("what is no JSON is no error")
	}
}

// TestEnds stops with the context.
func TestEnds(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, other := range []v1.Image{image(t, regular("a", "")), image(t)} {
		if _, err := compare.Images(ended, image(t, regular("a", "")), other); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
}
