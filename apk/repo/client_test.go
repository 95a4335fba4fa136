package repo_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/internal/apktest"
)

const arch = "x86_64"

// testRepo is a repository of three packages, one of them large enough to
// break off in the middle.
func testRepo() *apktest.Repo {
	return apktest.NewRepo().Add(
		apktest.Package{Name: "a", Files: []apktest.File{apktest.Regular("usr/a", "content of a")}},
		apktest.Package{Name: "b", Version: "2.0_rc1-r3", Depends: []string{"a"}},
		apktest.Package{Name: "c", Arch: "noarch"}, // lies in a folder of its own, which nobody reads
	).AddTo(arch,
		apktest.Package{Name: "large", Files: []apktest.File{apktest.Regular("usr/large", noise(300_000))}},
		apktest.Package{Name: "n", Arch: "noarch"},
	)
}

// noise returns n bytes that do not compress.
func noise(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return string(b)
}

func testKeys(t *testing.T) apk.Keys {
	t.Helper()
	key := apktest.TestKey()
	public, err := apk.ParseKey(key.PublicPEM())
	if err != nil {
		t.Fatal(err)
	}
	return apk.Keys{key.Name: public}
}

// newClient returns a client that does not wait long, with an empty cache.
func newClient(t *testing.T) *repo.Client {
	t.Helper()
	return &repo.Client{Keys: testKeys(t), CacheDir: filepath.Join(t.TempDir(), "cache"), RetryPause: time.Millisecond}
}

// again returns a new client with the cache of another.
func again(c *repo.Client) *repo.Client {
	return &repo.Client{Keys: c.Keys, CacheDir: c.CacheDir, RetryPause: c.RetryPause}
}

// fetchAll fetches the index and all packages of a location, and reads them to
// the end.
func fetchAll(t *testing.T, c *repo.Client, location string) error {
	t.Helper()
	indexes, err := c.Indexes(t.Context(), []repo.Repository{{Location: location}}, arch)
	if err != nil {
		return err
	}
	var choices []repo.Choice
	for i := range indexes[0].Len() {
		choice, err := indexes[0].Choice(i)
		if err != nil {
			t.Fatal(err)
		}
		choices = append(choices, choice)
	}
	archives, err := c.Fetch(t.Context(), choices)
	if err != nil {
		return err
	}
	for i, a := range archives {
		if a.Package != choices[i].Package {
			t.Errorf("archive %d is %s, want %s", i, a.Package, choices[i].Package)
		}
		if err := a.Walk(t.Context(), func(*apk.Entry, io.Reader) error { return nil }); err != nil {
			t.Error(err)
		}
	}
	return nil
}

func mustFetchAll(t *testing.T, c *repo.Client, location string) {
	t.Helper()
	if err := fetchAll(t, c, location); err != nil {
		t.Fatal(err)
	}
}

// cached lists the cache's files by folder.
func cached(t *testing.T, c *repo.Client, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(c.CacheDir, folder))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFetchFromFolder(t *testing.T) {
	dir := testRepo().WriteDir(t, t.TempDir())
	c := &repo.Client{Keys: testKeys(t)}
	mustFetchAll(t, c, dir)
}

func TestFetchFromServer(t *testing.T) {
	server := testRepo().Serve(t)
	c := newClient(t)
	mustFetchAll(t, c, server.URL)
	if got := cached(t, c, "packages"); len(got) != 4 {
		t.Errorf("cached packages: %q, want 4", got)
	}
	asked := len(server.Requests(""))
	if err := fetchAll(t, c, server.URL); err != nil || len(server.Requests("")) != asked {
		t.Errorf("the same client asked again: %d requests, %v", len(server.Requests("")), err)
	}

	mustFetchAll(t, again(c), server.URL)
	requests := server.Requests("")[asked:]
	if len(requests) != 1 || requests[0].Status != 304 || requests[0].Header.Get("If-None-Match") == "" {
		t.Errorf("a second client asked %+v, want one conditional request for the index", requests)
	}
}

func TestIndexChangesOnServer(t *testing.T) {
	r := testRepo()
	server := r.Serve(t)
	c := newClient(t)
	mustFetchAll(t, c, server.URL)
	r.Add(apktest.Package{Name: "new"})
	server.SetFiles(r.Files())
	mustFetchAll(t, again(c), server.URL)
	if got := cached(t, c, "packages"); len(got) != 5 {
		t.Errorf("cached packages: %q, want 5", got)
	}
}

func TestOffline(t *testing.T) {
	server := testRepo().Serve(t)
	c := newClient(t)
	locations := []repo.Repository{{Location: server.URL}, {Location: server.URL + "/other"}}
	offline := again(c)
	offline.Offline = true
	_, err := offline.Indexes(t.Context(), locations, arch)
	var missing *repo.MissingError
	if !errors.As(err, &missing) || len(missing.Files) != 2 {
		t.Fatalf("offline with an empty cache: %v, want both indexes", err)
	}
	want := "cannot go on offline: the cache " + c.CacheDir + " lacks " + server.URL + "/x86_64/APKINDEX.tar.gz, " +
		server.URL + "/other/x86_64/APKINDEX.tar.gz; run once without --offline"
	if err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}

	mustFetchAll(t, c, server.URL)
	asked := len(server.Requests(""))
	offline = again(c)
	offline.Offline = true
	mustFetchAll(t, offline, server.URL)
	for _, name := range cached(t, c, "packages")[:2] {
		if err := os.Remove(filepath.Join(c.CacheDir, "packages", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := fetchAll(t, offline, server.URL); !errors.As(err, &missing) || len(missing.Files) != 2 {
		t.Errorf("offline without two packages: %v, want both named", err)
	}
	if n := len(server.Requests("")); n != asked {
		t.Errorf("%d requests were made offline", n-asked)
	}
}

func TestMirrors(t *testing.T) {
	r := testRepo()
	dir := r.WriteDir(t, filepath.Join(t.TempDir(), "main"))
	server := r.Serve(t)
	for _, test := range []struct {
		name, location string
		mirrors        []repo.Mirror
		ok             bool
	}{
		{"to a URL", "https://dl.invalid/alpine/main", []repo.Mirror{{From: "https://dl.invalid/alpine/main", To: server.URL}}, true},
		{"to a folder", "https://dl.invalid/alpine/main", []repo.Mirror{{From: "https://dl.invalid/alpine", To: filepath.Dir(dir)}}, true},
		{"of a host", "https://dl.invalid/main", []repo.Mirror{{From: "https://dl.invalid", To: filepath.Dir(dir)}}, true},
		{"user is not part of it", "https://u:p@dl.invalid/main", []repo.Mirror{{From: "https://dl.invalid", To: filepath.Dir(dir)}}, true},
		{"longest", "https://dl.invalid/a/main", []repo.Mirror{{From: "https://dl.invalid", To: "/nowhere"}, {From: "https://dl.invalid/a", To: filepath.Dir(dir)}, {From: "https://dl.invalid/", To: "/no"}}, true},
		{"not a whole element", "http://127.0.0.1:1/alpine/main", []repo.Mirror{{From: "http://127.0.0.1:1/alp", To: filepath.Dir(dir)}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClient(t)
			c.Mirrors = test.mirrors
			if err := fetchAll(t, c, test.location); (err == nil) != test.ok {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestOtherServersValidator: the ETag of one server is not sent to another.
func TestOtherServersValidator(t *testing.T) {
	first, second := testRepo().Serve(t), testRepo().Serve(t)
	c := newClient(t)
	c.Mirrors = []repo.Mirror{{From: "https://dl.invalid", To: first.URL}}
	mustFetchAll(t, c, "https://dl.invalid")
	c = again(c)
	c.Mirrors = []repo.Mirror{{From: "https://dl.invalid", To: second.URL}}
	mustFetchAll(t, c, "https://dl.invalid")
	requests := second.Requests("")
	if len(requests) != 1 || requests[0].Header.Get("If-None-Match") != "" {
		t.Errorf("the second server was asked %+v", requests)
	}
}

func TestKeyIsNeededForCachedIndex(t *testing.T) {
	server := testRepo().Serve(t)
	c := newClient(t)
	mustFetchAll(t, c, server.URL)
	for _, offline := range []bool{true, false} {
		other := &repo.Client{CacheDir: c.CacheDir, Offline: offline}
		if err := fetchAll(t, other, server.URL); !errors.Is(err, apk.ErrUntrusted) {
			t.Errorf("offline %v: error %v, want that the key is not trusted", offline, err)
		}
	}
}

// TestDamagedCache: whatever happens to the cache, a later build is right.
func TestDamagedCache(t *testing.T) {
	server := testRepo().Serve(t)
	for _, damage := range []struct {
		name string
		do   func(content []byte) []byte
	}{
		{"empty", func([]byte) []byte { return nil }},
		{"cut", func(b []byte) []byte { return b[:len(b)/2] }},
		{"first byte", func(b []byte) []byte { return apktest.Flip(b, 0) }},
		{"last byte", func(b []byte) []byte { return apktest.Flip(b, -1) }},
		{"middle", func(b []byte) []byte { return apktest.Flip(b, len(b)/2) }},
		{"longer", func(b []byte) []byte { return append(b, 0) }},
	} {
		t.Run(damage.name, func(t *testing.T) {
			c := newClient(t)
			mustFetchAll(t, c, server.URL)
			for _, folder := range []string{"packages", "indexes"} {
				for _, name := range cached(t, c, folder) {
					file := filepath.Join(c.CacheDir, folder, name)
					b, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(file, damage.do(b), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			mustFetchAll(t, again(c), server.URL)
			offline := again(c)
			offline.Offline = true
			mustFetchAll(t, offline, server.URL)
		})
	}
}

// TestCacheCannotBeWritten ends with one error that names the cache.
func TestCacheCannotBeWritten(t *testing.T) {
	server := testRepo().Serve(t)
	c := newClient(t)
	if err := os.WriteFile(c.CacheDir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	err := fetchAll(t, c, server.URL)
	if err == nil || !strings.HasPrefix(err.Error(), "cannot use the cache "+c.CacheDir+": ") ||
		!strings.HasSuffix(err.Error(), "; name another folder with --cache-dir") {
		t.Errorf("error %v", err)
	}
}

// TestConcurrentBuilds: several clients, as in several processes, and several
// goroutines of each share one cache.
func TestConcurrentBuilds(t *testing.T) {
	server := testRepo().Serve(t)
	server.Fail(".apk", -1, apktest.Slow(20_000, time.Millisecond))
	first := newClient(t)
	second := again(first)
	var group sync.WaitGroup
	for _, c := range []*repo.Client{first, second, first, second} {
		group.Go(func() {
			if err := fetchAll(t, c, server.URL); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := len(server.Requests("large-1.0-r0.apk")); n > 2 {
		t.Errorf("two clients fetched a package %d times", n)
	}
	for _, name := range cached(t, first, "packages") {
		if name[0] == '.' {
			t.Errorf("%s is left in the cache", name)
		}
	}
	server.Heal()
	mustFetchAll(t, again(first), server.URL)
}

type recorder struct {
	mu   sync.Mutex
	last map[string][2]int64
}

func (r *recorder) Fetching(name string, done, size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last[name] = [2]int64{done, size}
}

func TestProgress(t *testing.T) {
	server := testRepo().Serve(t)
	c := newClient(t)
	progress := &recorder{last: map[string][2]int64{}}
	c.Progress = progress
	mustFetchAll(t, c, server.URL)
	if len(progress.last) != 5 {
		t.Errorf("progress of %v, want an index and four packages", progress.last)
	}
	for name, last := range progress.last {
		if last[0] != last[1] || last[0] == 0 {
			t.Errorf("%s ended with %d of %d bytes", name, last[0], last[1])
		}
	}
}
