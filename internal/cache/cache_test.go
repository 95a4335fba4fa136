package cache_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mkimage/mkimage/internal/cache"
)

// age makes an entry look as if it had been used last so long ago.
func age(t *testing.T, path string, d time.Duration) {
	t.Helper()
	then := time.Now().Add(-d)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, f cache.Folder, kind, name, content string) string {
	t.Helper()
	if err := f.Write(kind, name, []byte(content)); err != nil {
		t.Fatal(err)
	}
	return f.Path(kind, name)
}

func TestWriteAndRead(t *testing.T) {
	f := cache.Folder{Dir: filepath.Join(t.TempDir(), "new", "cache")}
	if _, err := f.Read(cache.Runs, "a", 10); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	path := write(t, f, cache.Runs, "a", "first")
	write(t, f, cache.Runs, "a", "second")
	age(t, path, 3*time.Hour)
	if got, err := f.Read(cache.Runs, "a", 6); string(got) != "second" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || time.Since(info.ModTime()) > time.Hour {
		t.Errorf("reading leaves no trace: %v, %v", info, err)
	}
	if _, err := f.Read(cache.Runs, "a", 5); err == nil {
		t.Error("an entry that is too long was read")
	}
	discarded, err := f.Create(cache.Runs, "b")
	if err != nil {
		t.Fatal(err)
	}
	discarded.Discard()
	discarded.Discard()
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestFault(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := cache.Folder{Dir: filepath.Join(file, "cache")}
	want := "cannot use the cache " + f.Dir + ": " + file + ": not a directory; name another folder with --cache-dir"
	if err := f.Write(cache.Runs, "a", nil); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, err := f.Use(t.Context()); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	full := &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	if got := f.Fault(full).Error(); !strings.HasPrefix(got, "cannot write to the cache "+f.Dir+": no space left") {
		t.Errorf("error %s", got)
	}
}

// TestPrune removes what was not used for longest, and temporary files that
// nobody writes any more.
func TestPrune(t *testing.T) {
	f := cache.Folder{Dir: t.TempDir()}
	if p, err := (cache.Folder{Dir: filepath.Join(f.Dir, "absent")}).Prune(t.Context(), 0); p != (cache.Pruned{}) || err != nil {
		t.Errorf("a cache that is not there: %v, %v", p, err)
	}
	for i, name := range []string{"newest", "middle", "oldest"} {
		age(t, write(t, f, cache.Packages, name, strings.Repeat("x", 10)), time.Duration(i+2)*time.Hour)
	}
	running := filepath.Join(f.Dir, cache.Runs, ".running.1")
	stale := filepath.Join(f.Dir, cache.Runs, ".stale.1")
	foreign := filepath.Join(f.Dir, "foreign")
	write(t, f, cache.Runs, "run", "1")
	for _, path := range []string{running, stale, foreign} {
		if err := os.WriteFile(path, []byte("temporary"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	age(t, stale, 2*time.Hour)
	age(t, foreign, 20*time.Hour)
	p, err := f.Prune(t.Context(), 25)
	if want := (cache.Pruned{Count: 3, Bytes: 29, Left: 20}); p != want || err != nil {
		t.Errorf("got %v, %v, want %v", p, err, want)
	}
	usage, err := f.Usage()
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range usage {
		want := map[string]cache.Usage{
			cache.Packages: {Kind: cache.Packages, Count: 1, Bytes: 10},
			cache.Runs:     {Kind: cache.Runs, Count: 1, Bytes: 1},
			"":             {Count: 1, Bytes: 9},
		}[u.Kind]
		if want.Kind = u.Kind; u != want {
			t.Errorf("got %v, want %v", u, want)
		}
	}
	for _, path := range []string{running, foreign, f.Path(cache.Packages, "newest")} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

// TestPruneWaits: nothing is removed while a build uses the cache.
func TestPruneWaits(t *testing.T) {
	f := cache.Folder{Dir: t.TempDir()}
	path := write(t, f, cache.Packages, "package", "content")
	first, err := f.Use(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := f.Use(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Prune(ended, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	second()
	if p, err := f.Prune(t.Context(), 0); p.Count != 1 || err != nil {
		t.Errorf("%v, %v", p, err)
	}
}
