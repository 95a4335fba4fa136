package layer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/internal/cache"
)

// assemble makes a layer with a cache and returns it.
func (b *builder) assemble(folder cache.Folder, workers int, packages ...layer.Package) ([]byte, layer.Info) {
	b.t.Helper()
	stream, info, err := b.tryAssemble(folder, workers, packages...)
	if err != nil {
		b.t.Fatal(err)
	}
	return stream, info
}

func (b *builder) tryAssemble(folder cache.Folder, workers int, packages ...layer.Package) ([]byte, layer.Info, error) {
	b.t.Helper()
	runs := layer.NewRuns(folder, b.t.TempDir(), layer.Compression{}, workers)
	defer runs.Close()
	blob, err := runs.Assemble(context.Background(), b.tree, layer.Options{Packages: packages, Epoch: epoch})
	if err != nil {
		return nil, layer.Info{}, err
	}
	r, err := blob.Open()
	if err != nil {
		return nil, layer.Info{}, err
	}
	defer r.Close()
	stream, err := io.ReadAll(r)
	return stream, blob.Info, err
}

// TestAssemble: with an empty cache, a full one, and one that another tree
// filled, a layer is what Write writes, and a package that did not change is
// read once.
func TestAssemble(t *testing.T) {
	folder := cache.Folder{Dir: t.TempDir()}
	b, packages := big(t)
	second := &pkg{contents: []string{"", "content", text(9, layer.BlockSize)}}
	packages = append(packages, second, &pkg{})
	b.ship("bin/empty", 2, 0, "")
	owned := b.ship("bin/tool", 2, 1, "content")
	b.link("bin/tool", "bin/also")
	b.ship("bin/large", 2, 2, second.contents[2])
	same := func(what string, walks int) {
		t.Helper()
		want, wantInfo := b.write(packages...)
		second.walks = 0
		for _, workers := range []int{1, 4} {
			got, info := b.assemble(folder, workers, packages...)
			if !bytes.Equal(got, want) || info != wantInfo {
				t.Errorf("%s, %d workers: %d bytes, %v, want %d, %v", what, workers, len(got), info, len(want), wantInfo)
			}
		}
		if second.walks != walks {
			t.Errorf("%s: a package was read %d times, want %d", what, second.walks, walks)
		}
	}
	same("empty", 1)
	same("full", 0)
	b.file("etc/other", "new")
	same("another file", 0)
	b.tree.Root().Mode = 0o700
	same("another directory", 0)
	owned.UID = 7
	same("another owner", 1)
	owned.Xattrs = map[string]string{"user.x": "y"}
	same("an attribute", 1)
	owned.SetContent(tree.Bytes("changed"))
	same("another content", 1)
}

// TestAssembleDamaged: a damaged entry is made anew, whatever is wrong with it,
// and a missing one as well.
func TestAssembleDamaged(t *testing.T) {
	b := newBuilder(t)
	b.ship("usr/share/a", 1, 0, text(1, 5000))
	packages := []layer.Package{&pkg{contents: []string{text(1, 5000)}}}
	want, _ := b.write(packages...)
	folder := cache.Folder{Dir: t.TempDir()}
	b.assemble(folder, 1, packages...)
	entries := map[string][]byte{}
	err := filepath.WalkDir(folder.Dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			entries[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil || len(entries) != 2 {
		t.Fatalf("%d entries, error %v", len(entries), err)
	}
	for path, content := range entries {
		damage := [][]byte{{}, content[:5], content[:len(content)/2], content[:len(content)-1], append(content[:len(content):len(content)], 0)}
		for _, at := range []int{0, len(content) / 2, len(content) - 20, len(content) - 1} {
			flipped := append([]byte{}, content...)
			flipped[at] ^= 0x10
			damage = append(damage, flipped)
		}
		for i, damaged := range append(damage, nil) {
			os.Remove(path)
			if damaged != nil {
				if err := os.WriteFile(path, damaged, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got, _ := b.assemble(folder, 2, packages...); !bytes.Equal(got, want) {
				t.Errorf("%s, damage %d: other bytes", path, i)
			}
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, content) {
				t.Errorf("%s, damage %d: not made anew, error %v", path, i, err)
			}
		}
	}
}

// TestRecord: a run that was made while its package was read for another
// purpose is the one that the layer needs.
func TestRecord(t *testing.T) {
	b, packages := big(t)
	want, _ := b.write(packages...)
	folder := cache.Folder{Dir: t.TempDir()}
	p := packages[0].(*pkg)
	record := func(fails error) error {
		runs := layer.NewRuns(folder, t.TempDir(), layer.Compression{}, 2)
		defer runs.Close()
		return runs.Record(t.Context(), p.DataDigest(), func(add layer.AddFunc) error {
			for i, content := range p.contents {
				path := "usr/share/" + string(rune('a'+i))
				n, err := b.tree.Lstat(path)
				if err != nil {
					return err
				}
				if err := add(path, n, strings.NewReader(content)); err != nil {
					return err
				}
			}
			return fails
		})
	}
	damaged := errors.New("damaged")
	for _, tt := range []struct {
		fails, want error
		walks       int
	}{{damaged, damaged, 1}, {layer.ErrNoRun, nil, 1}, {nil, nil, 0}} {
		os.RemoveAll(folder.Dir)
		if err := record(tt.fails); err != tt.want {
			t.Errorf("%v: error %v", tt.fails, err)
		}
		p.walks = 0
		if got, _ := b.assemble(folder, 2, packages...); !bytes.Equal(got, want) || p.walks != tt.walks {
			t.Errorf("%v: same bytes: %t, package read %d times, want %d", tt.fails, bytes.Equal(got, want), p.walks, tt.walks)
		}
	}
}

// TestAssembleTogether: builds that share a cache do not disturb each other.
func TestAssembleTogether(t *testing.T) {
	folder := cache.Folder{Dir: t.TempDir()}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			b, packages := big(t)
			want, _ := b.write(packages...)
			if got, _, err := b.tryAssemble(folder, 2, packages...); err != nil || !bytes.Equal(got, want) {
				t.Errorf("other bytes, or error %v", err)
			}
		})
	}
	group.Wait()
	left, err := filepath.Glob(filepath.Join(folder.Dir, "*", ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files %q, error %v", left, err)
	}
}

// TestAssembleFails: an error ends the work, keeps nothing, and the runs can be
// used again.
func TestAssembleFails(t *testing.T) {
	b, packages := big(t)
	p := packages[0].(*pkg)
	p.fails = errors.New("damaged")
	folder := cache.Folder{Dir: t.TempDir()}
	runs := layer.NewRuns(folder, t.TempDir(), layer.Compression{}, 2)
	defer runs.Close()
	o := layer.Options{Packages: packages, Epoch: epoch}
	for range 3 {
		if _, err := runs.Assemble(t.Context(), b.tree, o); err != p.fails {
			t.Fatalf("error %v, want %v", err, p.fails)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := runs.Assemble(ended, b.tree, o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if left, err := filepath.Glob(filepath.Join(folder.Dir, "*", "*")); err != nil || len(left) > 0 {
		t.Errorf("files %q, error %v", left, err)
	}
	p.fails = nil
	if _, err := runs.Assemble(t.Context(), b.tree, o); err != nil {
		t.Error(err)
	}
}
