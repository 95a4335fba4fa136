package repo_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/internal/apktest"
)

// TestPassingFaults: what can pass is tried again, and the build succeeds.
func TestPassingFaults(t *testing.T) {
	for _, test := range []struct {
		name   string
		times  int
		answer apktest.Fault
	}{
		{"503", 2, apktest.Status(503)},
		{"429 with a pause", 1, apktest.Status(429, "Retry-After", "0")},
		{"hangs up", 3, apktest.HangUp},
		{"breaks off", 2, apktest.CutAfter(100)},
		{"breaks off at once", 2, apktest.CutAfter(0)},
		{"stalls", 1, apktest.StallAfter(100)},
	} {
		for _, path := range []string{"/large-1.0-r0.apk", "/APKINDEX.tar.gz"} {
			t.Run(test.name+path, func(t *testing.T) {
				server := testRepo().Serve(t)
				server.Fail(path, test.times, test.answer)
				c := newClient(t)
				c.StallLimit = 200 * time.Millisecond
				mustFetchAll(t, c, server.URL)
				if n := len(server.Requests(path)); n != test.times+1 {
					t.Errorf("%d requests, want %d", n, test.times+1)
				}
			})
		}
	}
}

func TestResume(t *testing.T) {
	const path = "/large-1.0-r0.apk"
	for _, test := range []struct {
		name  string
		spoil func(*apktest.Server)
		want  []string // the Range fields of the requests
	}{
		{"goes on", func(s *apktest.Server) {
			s.Fail(path, 1, apktest.CutAfter(100_000))
			s.Fail(path, 1, apktest.CutAfter(50_000))
		}, []string{"", "bytes=100000-", "bytes=150000-"}},
		{"server without ranges", func(s *apktest.Server) {
			s.Fail(path, 1, apktest.CutAfter(100_000))
			s.Fail(path, 1, apktest.NoRange)
		}, []string{"", "bytes=100000-"}},
		{"changed on the server", func(s *apktest.Server) {
			s.Fail(path, 1, func(w http.ResponseWriter, r *http.Request, content []byte) {
				apktest.CutAfter(100_000)(w, r, apktest.Flip(content, 50_000))
			})
		}, []string{"", "bytes=100000-"}},
		{"changed on a server without validators", func(s *apktest.Server) {
			s.Fail(path, 1, func(w http.ResponseWriter, r *http.Request, content []byte) {
				w.Header().Set("Content-Length", strconv.Itoa(len(content)))
				w.Write(apktest.Flip(content, 50_000)[:100_000])
				http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			})
		}, []string{"", "bytes=100000-", ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := testRepo().Serve(t)
			test.spoil(server)
			mustFetchAll(t, newClient(t), server.URL)
			var got []string
			for _, r := range server.Requests(path) {
				got = append(got, r.Header.Get("Range"))
			}
			if strings.Join(got, "|") != strings.Join(test.want, "|") {
				t.Errorf("ranges %q, want %q", got, test.want)
			}
		})
	}
}

// TestLastingFaults: each ends with exactly one error, in words, and leaves a
// cache with which the next build succeeds.
func TestLastingFaults(t *testing.T) {
	other := apktest.Package{Name: "large", Files: []apktest.File{apktest.Regular("usr/large", noise(300_001))}}.Seal(apktest.TestKey())
	const (
		tryAgain = "; try again, or use a mirror with --mirror"
		updating = "; the repository may be in the middle of an update, or the URL wrong: try again or use another with --mirror"
		damaged  = "; the repository is in the middle of an update or damaged: try again or use another with --mirror"
		tampered = "; the repository is in the middle of an update or tampered with: try again or use another with --mirror"
		indexBad = "; the repository is damaged or tampered with: try again or use another with --mirror"
		fetch    = "cannot fetch large-1.0-r0 from URL/x86_64/large-1.0-r0.apk: "
		use      = "cannot use large-1.0-r0: what URL/x86_64/large-1.0-r0.apk holds is not the package that the index describes: "
		index    = "cannot fetch the index of URL for x86_64: "
		useIndex = "cannot use the index of URL for x86_64: "
	)
	for _, test := range []struct {
		name, path string
		answer     apktest.Fault
		want       string // N stands for any number
	}{
		{"404", "/large-1.0-r0.apk", apktest.Status(404), fetch + "the server answered 404 Not Found" + updating},
		{"401", "/large-1.0-r0.apk", apktest.Status(401), fetch + "the server answered 401 Unauthorized; it wants credentials, in netrc or of a --credential-helper, or does not let this machine in"},
		{"500", "/large-1.0-r0.apk", apktest.Status(500), fetch + "the server answered 500 Internal Server Error (4 attempts)" + tryAgain},
		{"hangs up", "/large-1.0-r0.apk", apktest.HangUp, fetch + "the server closes the connection without an answer (4 attempts)" + tryAgain},
		{"breaks off", "/large-1.0-r0.apk", apktest.CutAfter(1000), fetch + "the connection broke off after 4000 bytes of N (4 attempts)" + tryAgain},
		{"stalls", "/large-1.0-r0.apk", apktest.StallAfter(1000), fetch + "the server stopped sending (4 attempts)" + tryAgain},
		{"too short", "/large-1.0-r0.apk", apktest.Short(1000), fetch + "the file has 1000 bytes, expected are N" + damaged},
		{"too long", "/large-1.0-r0.apk", apktest.Instead(make([]byte, 1<<20)), fetch + "the file has more than the N bytes that are expected" + damaged},
		{"too long without a length", "/large-1.0-r0.apk", chunked(make([]byte, 1<<20)), fetch + "the file has more than the N bytes that are expected" + damaged},
		{"other package", "/large-1.0-r0.apk", apktest.Instead(other.Bytes), fetch + "the file has N bytes, expected are N" + damaged},
		{"tampered data", "/large-1.0-r0.apk", apktest.Tamper(-5000), use + "its data section has the SHA-256 N where .PKGINFO says N" + tampered},
		{"tampered control section", "/large-1.0-r0.apk", apktest.Tamper(700), use},
		{"another's content", "/large-1.0-r0.apk", apktest.Instead(make([]byte, len(testRepo().Package(arch, "large").Bytes))), use + "it is not a package of apk's format 2: gzip: invalid header" + tampered},
		{"index 404", "/APKINDEX.tar.gz", apktest.Status(404), index + "the server answered 404 Not Found" + updating},
		{"index 502", "/APKINDEX.tar.gz", apktest.Status(502), index + "the server answered 502 Bad Gateway (4 attempts)" + tryAgain},
		{"index breaks off", "/APKINDEX.tar.gz", apktest.CutAfter(100), index + "the connection broke off after 100 bytes (4 attempts)" + tryAgain},
		{"index cut", "/APKINDEX.tar.gz", apktest.Short(100), useIndex + "its signature section is damaged: unexpected EOF" + indexBad},
		{"index of a captive portal", "/APKINDEX.tar.gz", apktest.Instead([]byte("<html>log in</html>")), useIndex + "it is not a gzip file, or cut short" + indexBad},
		{"index tampered", "/APKINDEX.tar.gz", apktest.Tamper(-20), useIndex + "its content is not what was signed by test.rsa.pub" + indexBad},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := testRepo().Serve(t)
			server.Fail(test.path, -1, test.answer)
			c := newClient(t)
			c.StallLimit = 100 * time.Millisecond
			checkFault(t, fetchAll(t, c, server.URL), server.URL, test.want)
			for _, folder := range []string{"packages", "indexes"} {
				for _, name := range cached(t, c, folder) {
					if name[0] == '.' {
						t.Errorf("%s/%s is left in the cache", folder, name)
					}
				}
			}
			server.Heal()
			mustFetchAll(t, again(c), server.URL)
		})
	}
}

// checkFault compares an error with a text in which N stands for any number
// or digest; a text that does not end in a way out is a start.
func checkFault(t *testing.T, err error, url, want string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	got := strings.ReplaceAll(err.Error(), url, "URL")
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(want), "N ", "[0-9a-f]+ ")
	pattern = regexp.MustCompile(`N(;|$)`).ReplaceAllString(pattern, "[0-9a-f]+$1")
	if strings.Contains(want, "; ") {
		pattern += "$"
	}
	if !regexp.MustCompile(pattern).MatchString(got) || strings.Contains(got, "\n") {
		t.Errorf("error\n%s\nwant\n%s", got, want)
	}
}

// chunked sends content without saying how long it is.
func chunked(content []byte) apktest.Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		http.NewResponseController(w).Flush()
		w.Write(content)
	}
}

func TestConnectionFaults(t *testing.T) {
	plain := testRepo().Serve(t)
	tls := httptest.NewTLSServer(plain)
	defer tls.Close()
	closed := httptest.NewServer(plain)
	closed.Close()
	redirect := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	}))
	defer redirect.Close()
	for _, test := range []struct{ name, location, want string }{
		{"no host", "http://repository.invalid/main", "there is no host repository.invalid; correct the URL, or use a mirror with --mirror"},
		{"refused", closed.URL, "the host refuses connections (4 attempts); try again, or use a mirror with --mirror"},
		{"unknown authority", tls.URL, "the server cannot be trusted: "},
		{"circle", redirect.URL, "the server redirects in circles; try again, or use a mirror with --mirror"},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkFault(t, fetchAll(t, newClient(t), test.location), test.location, "cannot fetch the index of "+
				strings.Replace(test.location, test.location, "URL", 1)+" for x86_64: "+test.want)
		})
	}
}

// TestDowngrade: a request that began in private does not go on in the clear.
func TestDowngrade(t *testing.T) {
	plain := testRepo().Serve(t)
	tls := httptest.NewTLSServer(http.RedirectHandler(plain.URL+"/x86_64/APKINDEX.tar.gz", http.StatusFound))
	defer tls.Close()
	c := newClient(t)
	c.Transport = tls.Client().Transport
	checkFault(t, fetchAll(t, c, tls.URL), tls.URL, "cannot fetch the index of URL for x86_64: the server redirects from https to http; try again, or use a mirror with --mirror")
	if n := len(plain.Requests("")); n != 0 {
		t.Errorf("%d requests went on in the clear", n)
	}
}

// TestCredentialsAreNotPrinted and are sent.
func TestCredentialsAreNotPrinted(t *testing.T) {
	server := testRepo().Serve(t)
	location := strings.Replace(server.URL, "http://", "http://robot:secret@", 1)
	c := newClient(t)
	mustFetchAll(t, c, location)
	if user, password, ok := (&http.Request{Header: server.Requests("")[0].Header}).BasicAuth(); !ok || user != "robot" || password != "secret" {
		t.Errorf("credentials %q %q were sent", user, password)
	}
	for _, answer := range []apktest.Fault{apktest.Status(403), apktest.HangUp, apktest.Tamper(-20), apktest.CutAfter(9)} {
		for _, path := range []string{"/large-1.0-r0.apk", "/APKINDEX.tar.gz"} {
			server.Fail(path, -1, answer)
			err := fetchAll(t, newClient(t), location)
			if err == nil || strings.Contains(err.Error(), "robot") || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v", err)
			}
			server.Heal()
		}
	}
	err := filepath.WalkDir(c.CacheDir, func(path string, _ os.DirEntry, err error) error {
		if b, _ := os.ReadFile(path); bytes.Contains(b, []byte("secret")) {
			t.Errorf("%s holds the password", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFolderFaults(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(dir string) error
		want  string
	}{
		{"no architecture", func(dir string) error { return os.RemoveAll(filepath.Join(dir, arch)) },
			"cannot read the index of URL for x86_64: there is no URL/x86_64/APKINDEX.tar.gz; a repository's folder holds one for each architecture"},
		{"no package", func(dir string) error { return os.Remove(filepath.Join(dir, arch, "large-1.0-r0.apk")) },
			"cannot read large-1.0-r0: there is no URL/x86_64/large-1.0-r0.apk; add it or make the folder's index anew"},
		{"cut package", func(dir string) error { return os.Truncate(filepath.Join(dir, arch, "large-1.0-r0.apk"), 1000) },
			"cannot use large-1.0-r0: URL/x86_64/large-1.0-r0.apk is not the package that the index describes: the file has 1000 bytes, expected are N; make the folder's index anew"},
		{"cut index", func(dir string) error { return os.Truncate(filepath.Join(dir, arch, "APKINDEX.tar.gz"), 100) },
			"cannot use the index of URL for x86_64: "},
		{"index is a folder", func(dir string) error {
			file := filepath.Join(dir, arch, "APKINDEX.tar.gz")
			return errors.Join(os.Remove(file), os.Mkdir(file, 0o755))
		}, "cannot read the index of URL for x86_64: it is not a regular file"},
		{"other architecture", func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, arch)), os.Rename(filepath.Join(dir, "aarch64"), filepath.Join(dir, arch)))
		}, "cannot use the index of URL for x86_64: it is an index for aarch64"},
		{"forged index", func(dir string) error {
			r := apktest.NewRepo().Add(apktest.Package{Name: "evil"})
			r.Key = apktest.StrangerKey("test.rsa.pub")
			return os.WriteFile(filepath.Join(dir, arch, "APKINDEX.tar.gz"), r.Files()[arch+"/APKINDEX.tar.gz"], 0o644)
		}, "cannot use the index of URL for x86_64: its content is not what was signed by test.rsa.pub"},
		{"unsigned index", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, arch, "APKINDEX.tar.gz"), apktest.SignIndex(nil, "", "\n"), 0o644)
		}, "cannot use the index of URL for x86_64: it is not signed"},
		{"stranger's index", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, arch, "APKINDEX.tar.gz"), apktest.SignIndex(apktest.StrangerKey("x.rsa.pub"), "", "\n"), 0o644)
		}, "cannot trust the index of URL for x86_64: it is not signed by a trusted key, only by x.rsa.pub; add the key if it is to be trusted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := testRepo().AddTo("aarch64", apktest.Package{Name: "a"})
			dir := r.WriteDir(t, t.TempDir())
			if err := test.spoil(dir); err != nil {
				t.Fatal(err)
			}
			checkFault(t, fetchAll(t, &repo.Client{Keys: testKeys(t)}, dir), dir, test.want)
		})
	}
}

// TestCancelled: an ended context is the error, and nothing is left.
func TestCancelled(t *testing.T) {
	server := testRepo().Serve(t)
	server.Fail("/large-1.0-r0.apk", -1, apktest.StallAfter(1000))
	c := newClient(t)
	index, err := c.Index(t.Context(), repo.Repository{Location: server.URL}, arch)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			if len(server.Requests("/large-1.0-r0.apk")) > 0 {
				cancel()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	choice, err := index.Choice(2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Fetch(ctx, []repo.Choice{choice}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if got := cached(t, c, "packages"); len(got) != 0 {
		t.Errorf("%q are left in the cache", got)
	}
}

// TestKilled kills a process in the middle of a download. What it leaves
// behind is not used.
func TestKilled(t *testing.T) {
	if location := os.Getenv("MKIMAGE_TEST_FETCH"); location != "" {
		c := &repo.Client{Keys: testKeys(t), CacheDir: os.Getenv("MKIMAGE_TEST_CACHE")}
		t.Fatalf("not killed: %v", fetchAll(t, c, location))
	}
	server := testRepo().Serve(t)
	server.Fail("/large-1.0-r0.apk", 1, apktest.StallAfter(200_000))
	c := newClient(t)
	command := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	command.Env = append(os.Environ(), "MKIMAGE_TEST_FETCH="+server.URL, "MKIMAGE_TEST_CACHE="+c.CacheDir)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	sum := testRepo().Package(arch, "large").Checksum.Hex()
	partial := func() bool {
		for _, name := range cached(t, c, "packages") {
			info, err := os.Stat(filepath.Join(c.CacheDir, "packages", name))
			if err == nil && strings.HasPrefix(name, "."+sum) && info.Size() > 0 {
				return true
			}
		}
		return false
	}
	for !partial() {
		time.Sleep(time.Millisecond)
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	command.Wait()
	for _, name := range cached(t, c, "packages") {
		if strings.HasPrefix(name, sum) {
			t.Errorf("the partial download is called %s", name)
		}
	}
	mustFetchAll(t, again(c), server.URL)
}
