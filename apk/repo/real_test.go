package repo_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/internal/apktest"
)

// labClient returns a client for the folder of real packages, and that folder.
func labClient(tb testing.TB) (*repo.Client, string) {
	tb.Helper()
	dir := apktest.Alpine(tb)
	pem, err := os.ReadFile(filepath.Join(dir, "keys", "lab.rsa.pub"))
	if err != nil {
		tb.Fatal(err)
	}
	key, err := apk.ParseKey(pem)
	if err != nil {
		tb.Fatal(err)
	}
	return &repo.Client{Keys: apk.Keys{"lab.rsa.pub": key}, CacheDir: filepath.Join(tb.TempDir(), "cache")}, filepath.Join(dir, "lab")
}

// fetchReal fetches every package of a repository.
func fetchReal(tb testing.TB, c *repo.Client, location string) []*apk.Archive {
	tb.Helper()
	x, err := c.Index(tb.Context(), repo.Repository{Location: location}, arch)
	if err != nil {
		tb.Fatal(err)
	}
	var choices []repo.Choice
	for i := range x.Len() {
		choice, err := x.Choice(i)
		if err != nil {
			tb.Fatal(err)
		}
		choices = append(choices, choice)
	}
	archives, err := c.Fetch(tb.Context(), choices)
	if err != nil {
		tb.Fatal(err)
	}
	return archives
}

// TestRealRepository fetches all real packages from the folder, over HTTP and
// from the cache.
func TestRealRepository(t *testing.T) {
	c, dir := labClient(t)
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	want := len(fetchReal(t, c, dir))
	if got := len(fetchReal(t, c, server.URL)); want == 0 || got != want {
		t.Errorf("%d packages over HTTP, %d in the folder", got, want)
	}
	offline := again(c)
	offline.Offline = true
	if got := len(fetchReal(t, offline, server.URL)); got != want {
		t.Errorf("%d packages in the cache, %d in the folder", got, want)
	}
}

// BenchmarkFetchFolder reads the index of the real packages and verifies all
// of them in place.
func BenchmarkFetchFolder(b *testing.B) {
	c, dir := labClient(b)
	var size int64
	for _, a := range fetchReal(b, c, dir) {
		size += a.Package.Size
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		fetchReal(b, &repo.Client{Keys: c.Keys}, dir)
	}
}
