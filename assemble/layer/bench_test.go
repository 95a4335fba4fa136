package layer_test

import (
	"context"
	"io"
	"path/filepath"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/internal/apktest"
)

// BenchmarkWrite writes text from a package. Memory in use does not grow with
// the content: compare B/op of the sizes.
func BenchmarkWrite(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"1MB", 1 << 20}, {"10MB", 10 << 20}, {"100MB", 100 << 20}} {
		content := text(1, size.bytes)
		t := newBuilder(b)
		t.ship("file", 1, 0, content)
		benchmark(b, size.name, t.tree, &pkg{contents: []string{content}})
	}
}

// BenchmarkWriteFiles shows what an entry costs.
func BenchmarkWriteFiles(b *testing.B) {
	t := newBuilder(b)
	p := &pkg{}
	for i := range 10_000 {
		p.contents = append(p.contents, "content")
		t.ship("usr/"+text(uint64(i), 8), 1, i, "content")
	}
	benchmark(b, "10000", t.tree, p)
}

// BenchmarkWriteAlpine writes real packages, unpacked and verified as they are
// written.
func BenchmarkWriteAlpine(b *testing.B) {
	dir := apktest.Alpine(b)
	files, err := filepath.Glob(filepath.Join(dir, "lab", "x86_64", "*.apk"))
	if err != nil {
		b.Fatal(err)
	}
	keys, err := apk.AlpineKeys()
	if err != nil {
		b.Fatal(err)
	}
	t := newBuilder(b)
	var packages []layer.Package
	for _, file := range files {
		packages = append(packages, install(b, t.tree, file, keys, len(packages)+1))
	}
	benchmark(b, "lab", t.tree, packages...)
}

func benchmark(b *testing.B, name string, t *tree.Tree, packages ...layer.Package) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			info, err := layer.Write(context.Background(), io.Discard, t, layer.Options{Packages: packages})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(info.UncompressedSize)
			b.ReportMetric(float64(info.Size), "layer-bytes")
		}
	})
}

// archive is a package on disk.
type archive struct{ *apk.Archive }

func (a archive) DataDigest() [32]byte { return a.Info.DataHash }

func (a archive) Walk(ctx context.Context, do func(int, io.Reader) error) error {
	return a.Archive.Walk(ctx, func(e *apk.Entry, content io.Reader) error { return do(e.Index, content) })
}

// install puts a package's entries into the tree, the last of each name.
func install(b *testing.B, t *tree.Tree, file string, keys apk.Keys, number int) layer.Package {
	a, err := apk.OpenSignedArchive(file, keys)
	if err != nil {
		b.Fatal(err)
	}
	err = a.Walk(context.Background(), func(e *apk.Entry, _ io.Reader) error {
		n := &tree.Node{
			Mode: e.Mode, UID: e.UID, GID: e.GID, ModTime: e.ModTime, Target: e.Target,
			Source: tree.Source{Package: number, Entry: e.Index},
		}
		switch e.Kind {
		case apk.Directory:
			_, err := t.MkdirAll(e.Name, e.Mode)
			return err
		case apk.Symlink:
			n.Kind = tree.Symlink
		case apk.Regular:
			n.Kind, n.Content = tree.File, shipped(e.Size)
		case apk.Hardlink:
			var err error
			if n, err = t.Lstat(e.Target); err != nil {
				return err
			}
		default:
			return nil
		}
		return t.Replace(e.Name, n)
	})
	if err != nil {
		b.Fatal(err)
	}
	return archive{a}
}
