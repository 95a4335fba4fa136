package shipped_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble"
	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/assemble/shipped"
	"github.com/mkimage/mkimage/internal/apktest"
	"github.com/mkimage/mkimage/internal/cache"
	"github.com/mkimage/mkimage/spec"
)

// archive writes a package to a file and opens it.
func archive(t *testing.T, p apktest.Package) *apk.Archive {
	t.Helper()
	sealed := p.Seal(nil)
	file := filepath.Join(t.TempDir(), sealed.FileName())
	if err := os.WriteFile(file, sealed.Bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := apk.OpenArchive(file, sealed.Entry())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func packages(t *testing.T) []*apk.Archive {
	t.Helper()
	return []*apk.Archive{
		archive(t, apktest.Package{Name: "plain", Version: "1", Files: []apktest.File{
			apktest.Program("usr/bin/plain", "program\n"), apktest.Symlink("usr/bin/link", "plain"), apktest.Regular("etc/plain", ""),
		}}),
		archive(t, apktest.Package{Name: "empty", Version: "1"}),
		archive(t, apktest.Package{Name: "other", Version: "2", Files: []apktest.File{apktest.Regular("usr/share/other", "data\n")}}),
	}
}

// TestRead: lists are those of the archives, from a new cache, a full one and
// one with damaged entries.
func TestRead(t *testing.T) {
	archives := packages(t)
	var want [][]apk.Entry
	for _, a := range archives {
		var entries []apk.Entry
		if a.Package.InstalledSize != 0 {
			var err error
			if entries, err = a.Entries(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		want = append(want, entries)
	}
	r := &shipped.Reader{Cache: cache.Folder{Dir: t.TempDir()}}
	same := func(what string) {
		t.Helper()
		if got, err := r.Read(t.Context(), archives); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v, want %v", what, got, err, want)
		}
	}
	if r.Known(archives[0]) {
		t.Error("an empty cache knows a package")
	}
	same("new")
	same("full")
	lists, err := filepath.Glob(filepath.Join(r.Cache.Dir, cache.Contents, "*"))
	if err != nil || len(lists) != 2 || !r.Known(archives[0]) {
		t.Fatalf("lists %q, error %v", lists, err)
	}
	for _, list := range lists {
		content, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(list, apktest.Flip(content, -9), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	same("damaged")
	r.Forget(archives[0])
	if r.Known(archives[0]) {
		t.Error("a package is known that was forgotten")
	}
	same("forgotten")
}

// TestReadMakesRuns: after the packages were read for their lists, their files
// are not needed to make the layer, which is as without a cache.
func TestReadMakesRuns(t *testing.T) {
	archives := packages(t)
	folder := cache.Folder{Dir: t.TempDir()}
	runs := layer.NewRuns(folder, t.TempDir(), layer.Compression{}, 2)
	defer runs.Close()
	r := &shipped.Reader{Cache: folder, Runs: runs}
	lists, err := r.Read(t.Context(), archives)
	if err != nil {
		t.Fatal(err)
	}
	in := assemble.Input{Arch: "x86_64", World: []apk.Dependency{{Name: "plain"}}, Image: &spec.Image{User: spec.ProcessUser{User: "root"}}}
	var read, unread layer.Options
	for i, a := range archives {
		p := assemble.Package{Archive: a, Entries: lists[i]}
		in.Packages = append(in.Packages, p)
		read.Packages = append(read.Packages, p)
		unread.Packages = append(unread.Packages, gone{p})
	}
	root, err := assemble.Compose(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	info, err := layer.Write(t.Context(), &want, root.Tree, read)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := runs.Assemble(t.Context(), root.Tree, unread)
	if err != nil {
		t.Fatal(err)
	}
	if blob.Info != info {
		t.Errorf("the layer is %v, want %v", blob.Info, info)
	}
}

// gone is a package whose file must not be needed.
type gone struct{ assemble.Package }

func (gone) Walk(context.Context, func(int, io.Reader) error) error {
	return errors.New("the package was read again")
}

// TestReadDamaged: of several damaged packages, the first is told, and nothing
// of them is kept.
func TestReadDamaged(t *testing.T) {
	folder := cache.Folder{Dir: t.TempDir()}
	runs := layer.NewRuns(folder, t.TempDir(), layer.Compression{}, 2)
	defer runs.Close()
	r := &shipped.Reader{Cache: folder, Runs: runs}
	var archives []*apk.Archive
	for _, name := range []string{"first", "second"} {
		sealed := apktest.Package{Name: name, Version: "1", Files: []apktest.File{apktest.Regular("f", "content of "+name)}}.Seal(nil)
		file := filepath.Join(t.TempDir(), sealed.FileName())
		if err := os.WriteFile(file, apktest.Flip(sealed.Bytes, -30), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := apk.OpenArchive(file, sealed.Entry())
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, a)
	}
	_, err := r.Read(t.Context(), archives)
	var damaged *apk.ArchiveError
	if !errors.As(err, &damaged) || damaged.Name != "first-1" {
		t.Errorf("error %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(folder.Dir, "*", "*")); err != nil || len(left) > 0 {
		t.Errorf("%q are kept, error %v", left, err)
	}
}
