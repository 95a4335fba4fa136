package repo_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/internal/apktest"
)

// indexFolder writes a repository of two packages to a folder.
func indexFolder(t *testing.T) (repo.Repository, apk.Keys) {
	t.Helper()
	r := apktest.NewRepo()
	r.Add(apktest.Package{Name: "one", Version: "1"})
	r.Add(apktest.Package{Name: "two", Version: "2"})
	dir := t.TempDir()
	for name, content := range r.Files() {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	key, err := apk.ParseKey(r.Key.PublicPEM())
	if err != nil {
		t.Fatal(err)
	}
	return repo.Repository{Location: dir}, apk.Keys{r.Key.Name: key}
}

// readNames reads an index with a new client and returns its packages.
func readNames(t *testing.T, r repo.Repository, keys apk.Keys, cacheDir string) (string, error) {
	t.Helper()
	c := &repo.Client{Keys: keys, CacheDir: cacheDir}
	x, err := c.Index(t.Context(), r, "x86_64")
	if err != nil {
		return "", err
	}
	var names []string
	for p, err := range x.All() {
		if err != nil {
			return "", err
		}
		names = append(names, p.String())
	}
	return strings.Join(names, " "), nil
}

// TestParsedIndex: whatever becomes of an index's parsed form, the index reads
// the same, and only by a key that is trusted at the time.
func TestParsedIndex(t *testing.T) {
	r, keys := indexFolder(t)
	dir := t.TempDir()
	want, err := readNames(t, r, keys, dir)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := filepath.Glob(filepath.Join(dir, "indexes", "*.parsed-*"))
	if err != nil || len(parsed) != 1 {
		t.Fatalf("parsed forms %q, error %v", parsed, err)
	}
	whole, err := os.ReadFile(parsed[0])
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte{}, whole...)
	flipped[len(flipped)-6] ^= 1
	for name, content := range map[string][]byte{
		"whole": whole, "damaged": flipped, "cut": whole[:len(whole)/2], "cut to the sum": whole[:3], "empty": {},
	} {
		if err := os.WriteFile(parsed[0], content, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readNames(t, r, keys, dir); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
		if now, err := os.ReadFile(parsed[0]); err != nil || string(now) != string(whole) {
			t.Errorf("%s: it was not made anew, error %v", name, err)
		}
		if _, err := readNames(t, r, apk.Keys{}, dir); !errors.Is(err, apk.ErrUntrusted) {
			t.Errorf("%s: read without the key: %v", name, err)
		}
	}
}

// TestParsedIndexWithoutDisk: a folder's index is read where nothing can be
// kept.
func TestParsedIndexWithoutDisk(t *testing.T) {
	r, keys := indexFolder(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readNames(t, r, keys, filepath.Join(file, "cache")); err != nil || got == "" {
		t.Errorf("%q, %v", got, err)
	}
}
