package repo_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/internal/apktest"
	"github.com/mkimage/mkimage/internal/network"
)

const user, password, token = "builder", "pass word-1", "token-1"

// locked serves a repository to those who know the password or the token, and
// counts strangers.
func locked(t *testing.T, secure bool) (server *httptest.Server, strangers *counter) {
	t.Helper()
	files, strangers := apktest.Serve(t, testRepo().Files()), &counter{}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, p, _ := r.BasicAuth()
		if u == user && p == password || r.Header.Get("Authorization") == "Bearer "+token {
			files.ServeHTTP(w, r)
			return
		}
		strangers.add(r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusUnauthorized)
	})
	if secure {
		server = httptest.NewTLSServer(handler)
	} else {
		server = httptest.NewServer(handler)
	}
	t.Cleanup(server.Close)
	return server, strangers
}

// counter gathers texts.
type counter struct {
	mu   sync.Mutex
	list []string
}

func (c *counter) add(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, s)
}

// trusting returns a transport that trusts a test server, by a file as --ca
// names one.
func trusting(t *testing.T, server *httptest.Server) *http.Transport {
	t.Helper()
	if server.Certificate() == nil {
		return network.NewTransport(nil, 1)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, file, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	pool, err := network.Authorities(file)
	if err != nil {
		t.Fatal(err)
	}
	return network.NewTransport(pool, 1)
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
}

func netrc(t *testing.T, text string) *repo.Netrc {
	t.Helper()
	file := filepath.Join(t.TempDir(), "netrc")
	writeFile(t, file, text)
	n, err := repo.ReadNetrc(file)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func quoted(host string) string {
	return fmt.Sprintf("machine %s login %s password %q\n", host, user, password)
}

// helper writes a program in sh and returns the helper that it is.
func helper(t *testing.T, script string) *repo.Helper {
	t.Helper()
	file := filepath.Join(t.TempDir(), "helper")
	writeFile(t, file, "#!/bin/sh\n"+script+"\n")
	h, err := repo.NewHelper(file)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func hostOf(t *testing.T, server *httptest.Server) string {
	t.Helper()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// TestPrivateRepository fetches with each kind of credentials, over HTTPS with
// a private authority, and finds no secret in the cache.
func TestPrivateRepository(t *testing.T) {
	server, strangers := locked(t, true)
	host := hostOf(t, server)
	for name, source := range map[string]repo.LoginSource{
		"netrc":           netrc(t, "machine other.example login no password no\n"+quoted("127.0.0.1")),
		"netrc with port": netrc(t, "machine 127.0.0.1:1 login no password no\n"+quoted(host)),
		"helper":          helper(t, `[ "$1" = get ] && [ "$(cat)" = `+host+` ] && echo '{"ServerURL":"x","Username":"`+user+`","Secret":"`+password+`"}'`),
		"helper's token":  helper(t, `echo '{"Username":"<token>","Secret":"`+token+`"}'`),
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t)
			c.Transport = &repo.Authenticator{Transport: trusting(t, server), Sources: []repo.LoginSource{source}}
			mustFetchAll(t, c, server.URL)
			noSecrets(t, c.CacheDir)
		})
	}
	if len(strangers.list) > 0 {
		t.Errorf("requests without the right credentials: %q", strangers.list)
	}
}

// noSecrets looks for secrets in a folder's files and their names.
func noSecrets(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files++
		for _, secret := range []string{user, password, token} {
			if strings.Contains(string(content), secret) || strings.Contains(path, secret) {
				t.Errorf("%s holds %q", path, secret)
			}
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("the cache has %d files, %v", files, err)
	}
}

// TestRefusedCredentials: what is said where nobody is let in.
func TestRefusedCredentials(t *testing.T) {
	server, _ := locked(t, true)
	for want, sources := range map[string][]repo.LoginSource{
		"401 Unauthorized; it wants credentials, in netrc or of a --credential-helper":           nil,
		"401 Unauthorized; the credentials for it are wrong":                                     {netrc(t, "machine 127.0.0.1 login me password wrong-1\n")},
		"fails: exit status 3: \"no key ring\"; correct the netrc file or the credential helper": {helper(t, "echo no key ring >&2; echo secret-9; exit 3")},
		"answers with something other than":                                                      {helper(t, "echo secret-9")},
		"answers with a control character":                                                       {helper(t, `printf '{"Username":"a","Secret":"b\\u000ac"}'`)},
		"answers with more than 65536 bytes; correct":                                            {helper(t, `head -c 70000 /dev/zero; exit 0`)},
	} {
		c := newClient(t)
		c.Transport = &repo.Authenticator{Transport: trusting(t, server), Sources: sources}
		err := fetchAll(t, c, server.URL)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
		for _, secret := range []string{"wrong-1", "secret-9"} {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells a secret: %v", err)
			}
		}
	}
}

// TestHelperKnowsNothing: then the next source is asked, and nobody twice.
func TestHelperKnowsNothing(t *testing.T) {
	server, _ := locked(t, false)
	log := filepath.Join(t.TempDir(), "log")
	c := newClient(t)
	c.Transport = &repo.Authenticator{Transport: network.NewTransport(nil, 1), Sources: []repo.LoginSource{
		helper(t, "echo asked >> "+log+"; echo credentials not found in native keychain; exit 1"),
		netrc(t, quoted("127.0.0.1")),
	}}
	mustFetchAll(t, c, server.URL)
	if asked, err := os.ReadFile(log); err != nil || string(asked) != "asked\n" {
		t.Errorf("the helper was asked %q, %v", asked, err)
	}
	if _, err := repo.NewHelper("mkimage-no-such-helper"); err == nil || !strings.Contains(err.Error(), "there is no program docker-credential-mkimage-no-such-helper") {
		t.Errorf("the error is %v", err)
	}
}

// stubTransport answers for hosts that are not there.
type stubTransport func(*http.Request) *http.Response

func (s stubTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response := s(r)
	response.Request = r
	response.Body = io.NopCloser(strings.NewReader("x"))
	if response.Header == nil {
		response.Header = http.Header{}
	}
	return response, nil
}

// TestWhereCredentialsGo: to the host that they are for, on a redirect too, and
// never in the clear.
func TestWhereCredentialsGo(t *testing.T) {
	var got []string
	stub := stubTransport(func(r *http.Request) *http.Response {
		login := "nothing"
		if u, _, ok := r.BasicAuth(); ok {
			login = u
		}
		got = append(got, r.URL.Host+" "+login)
		if to := r.URL.Query().Get("to"); to != "" {
			return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {to}}}
		}
		return &http.Response{StatusCode: http.StatusOK}
	})
	source := netrc(t, "default login everybody password x machine a.example login at-a password x machine b.example login at-b password x\n"+
		"machine p.example:8443 login at-p password x machine localhost login here password x")
	client := http.Client{Transport: &repo.Authenticator{Transport: stub, Sources: []repo.LoginSource{source}}}
	for _, test := range []struct{ url, want string }{
		{"https://a.example/", "a.example at-a"},
		{"https://A.Example/", "A.Example at-a"},
		{"https://a.example:444/", "a.example:444 at-a"},
		{"http://a.example/", "a.example nothing"},
		{"http://localhost:80/", "localhost:80 here"},
		{"https://other.example/", "other.example nothing"},
		{"https://sub.a.example/", "sub.a.example nothing"},
		{"https://p.example:8443/", "p.example:8443 at-p"},
		{"https://p.example/", "p.example nothing"},
		{"https://inurl:x@a.example/", "a.example inurl"},
		{"https://a.example/?to=https://other.example/", "a.example at-a, other.example nothing"},
		{"https://a.example/?to=https://sub.a.example/", "a.example at-a, sub.a.example nothing"},
		{"https://a.example/?to=https://b.example/", "a.example at-a, b.example at-b"},
		{"https://a.example/?to=http://a.example/x", "a.example at-a, a.example nothing"},
	} {
		got = nil
		response, err := client.Get(test.url)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if all := strings.Join(got, ", "); all != test.want {
			t.Errorf("%s: %s, want %s", test.url, all, test.want)
		}
	}
}

// TestMirrorWithCredentials: they are for the mirror's host.
func TestMirrorWithCredentials(t *testing.T) {
	server, _ := locked(t, true)
	m, err := repo.ParseMirror("https://dl.example/alpine="+server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t)
	c.Mirrors = []repo.Mirror{m}
	c.Transport = &repo.Authenticator{Transport: trusting(t, server), Sources: []repo.LoginSource{
		netrc(t, "machine dl.example login no password no\n"+quoted("127.0.0.1")),
	}}
	mustFetchAll(t, c, "https://dl.example/alpine")
	noSecrets(t, c.CacheDir)
}

// TestProxy: requests go through the proxy with the credentials for it, which
// are not the repository's.
func TestProxy(t *testing.T) {
	server, _ := locked(t, false)
	seen := &counter{}
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: hostOf(t, server)})
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.add(r.Header.Get("Proxy-Authorization"))
		if r.Header.Get("Authorization") != "" {
			t.Errorf("the repository's credentials were sent in the clear")
		}
		r.SetBasicAuth(user, password) // as the repository would have it
		forward.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	transport := network.NewTransport(nil, 1)
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: hostOf(t, proxy), User: url.UserPassword("p", "q")})
	c := newClient(t)
	c.Transport = &repo.Authenticator{Transport: transport, Sources: []repo.LoginSource{netrc(t, quoted("repo.example"))}}
	mustFetchAll(t, c, "http://repo.example")
	if len(seen.list) == 0 || seen.list[0] != "Basic cDpx" {
		t.Errorf("the proxy saw %q", seen.list)
	}
}

func TestAuthorities(t *testing.T) {
	dir := t.TempDir()
	for content, want := range map[string]string{
		"":      "there is none in it; it must be a PEM file",
		"hello": "there is none in it",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n": "certificate 1: x509: ",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n": "it holds a PRIVATE KEY",
	} {
		file := filepath.Join(dir, "ca.pem")
		writeFile(t, file, content)
		_, err := network.Authorities(file)
		if err == nil || !strings.HasPrefix(err.Error(), "cannot use the certificates of "+file+": "+want) {
			t.Errorf("%q: %v, want %s", content, err, want)
		}
	}
	if _, err := network.Authorities(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}

// TestHelperIsEnded: a build that is interrupted does not wait for a helper.
func TestHelperIsEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := helper(t, "sleep 60").Login(ctx, "a.example"); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}
