package registry_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	inprocess "github.com/google/go-containerregistry/pkg/registry"

	"github.com/mkimage/mkimage/assemble/registry"
	"github.com/mkimage/mkimage/internal/network"
	"github.com/mkimage/mkimage/internal/registrytest"
)

// tokens is a registry that wants tokens, and the server that gives them to who
// knows a password (distribution, "Token Authentication").
type tokens struct {
	inner http.Handler
	mu    sync.Mutex
	given int
	asked []string // scopes
}

func (s *tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/token" {
		if user, password, _ := r.BasicAuth(); user != registrytest.User || password != registrytest.Password {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.given++
		s.asked = append(s.asked, strings.Join(r.URL.Query()["scope"], " "))
		fmt.Fprintf(w, `{"token":"t%d"}`, s.given)
		return
	}
	if r.Header.Get("Authorization") != fmt.Sprintf("Bearer t%d", s.given) {
		s.challenge(w, r)
		return
	}
	s.inner.ServeHTTP(w, r)
}

func (s *tokens) challenge(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="test"`, r.Host))
	w.WriteHeader(http.StatusUnauthorized)
}

// TestTokens: a registry with a token server. A token that ends in the middle of
// an upload is renewed.
func TestTokens(t *testing.T) {
	guard := &tokens{inner: inprocess.New(inprocess.Logger(log.New(io.Discard, "", 0)))}
	s := registrytest.Serve(t, guard)
	c := newClient()
	c.Keychain = keychain{registrytest.User, registrytest.Password}
	s.Fail("PATCH upload", 1, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.CopyN(io.Discard, r.Body, 100)
		guard.mu.Lock()
		defer guard.mu.Unlock()
		guard.challenge(w, r)
	})
	img := image(t, "amd64", noise(1, 100_000))
	if err := c.Push(t.Context(), registry.Image{Names: []string{s.Host + "/a:1"}, Manifest: img}); err != nil {
		t.Fatal(err)
	}
	if guard.given < 2 || guard.asked[0] != "repository:a:push,pull" {
		t.Errorf("%d tokens were given, for %q", guard.given, guard.asked)
	}
	if err := c.Push(t.Context(), registry.Image{Names: []string{s.Host + "/b:1"}, Manifest: img}); err != nil {
		t.Fatal(err)
	}
	if last := guard.asked[len(guard.asked)-1]; last != "repository:b:push,pull repository:a:pull" {
		t.Errorf("the token to mount from a is for %q", last)
	}
}

// TestMountRefused: what cannot be mounted is sent.
func TestMountRefused(t *testing.T) {
	s := registrytest.New(t)
	c, img := newClient(), image(t, "amd64", noise(1, 1000))
	mustPush(t, c, img, s.Host+"/a:1")
	s.Fail("HEAD blob", -1, registrytest.Status(404)) // the registry has one store for all
	s.Fail("POST upload", 2, func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if r.URL.Query().Get("from") == "a" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		inner.ServeHTTP(w, r)
	})
	mustPush(t, c, img, s.Host+"/b:1")
}

// TestPlainHTTP: it is spoken to registries that are named, and to no other on
// another machine.
func TestPlainHTTP(t *testing.T) {
	s := registrytest.New(t)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", s.Host)
	}
	img := image(t, "amd64", noise(1, 1000))
	for _, host := range []string{"registry.example:5000", "10.1.2.3:5000", "box.local:5000"} {
		for _, insecure := range [][]string{nil, {"other.example"}, {host}, {host[:strings.IndexByte(host, ':')]}} {
			c := newClient()
			c.Transport, c.Insecure = transport, insecure
			err := c.Push(t.Context(), registry.Image{Names: []string{host + "/a:1"}, Manifest: img})
			want := "allow it with --insecure-registry " + host
			switch allowed := insecure != nil && strings.HasPrefix(host, insecure[0]); {
			case allowed && err != nil:
				t.Error(err)
			case !allowed && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("%s: %v, want %q", host, err, want)
			}
		}
	}
}

// TestLeadsElsewhere: an upload that is to go on in the clear, at another
// place, is refused.
func TestLeadsElsewhere(t *testing.T) {
	s := registrytest.New(t)
	s.Fail("POST upload", -1, registrytest.Status(202, "Location", "http://elsewhere.example/upload?secret=1"))
	err := newClient().Push(t.Context(), registry.Image{Names: []string{s.Host + "/a:1"}, Manifest: image(t, "amd64", nil)})
	if err == nil || !strings.Contains(err.Error(), "elsewhere.example is to be spoken to in plain HTTP") || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error is %v", err)
	}
}

// TestPrivateAuthority: a registry with a certificate of a private authority.
func TestPrivateAuthority(t *testing.T) {
	server := httptest.NewUnstartedServer(inprocess.New(inprocess.Logger(log.New(io.Discard, "", 0))))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	name := strings.TrimPrefix(server.URL, "https://") + "/a:1"
	img := registry.Image{Names: []string{name}, Manifest: image(t, "amd64", nil)}
	if err := newClient().Push(t.Context(), img); err == nil || !strings.Contains(err.Error(), "the server cannot be trusted") || !strings.Contains(err.Error(), "--ca") {
		t.Errorf("the error is %v", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	c := newClient()
	c.Transport = network.NewTransport(pool, 4)
	if err := c.Push(t.Context(), img); err != nil {
		t.Error(err)
	}
}

// TestDockerConfiguration: credentials are those of Docker's configuration and
// of its credential helpers.
func TestDockerConfiguration(t *testing.T) {
	host := registrytest.Start(t, true)
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	helper := "#!/bin/sh\n[ \"$1 $(cat)\" = \"get " + host + "\" ] && echo '{\"Username\":\"" + registrytest.User + "\",\"Secret\":\"" + registrytest.Password + "\"}' ||\n{ echo credentials not found in native keychain; exit 1; }\n"
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-test"), []byte(helper), 0o755); err != nil {
		t.Fatal(err)
	}
	for config, want := range map[string]string{
		`{}`: "log in with",
		`{"auths":{"` + host + `":{"username":"` + registrytest.User + `","password":"` + registrytest.Password + `"}}}`: "",
		`{"credHelpers":{"` + host + `":"test"}}`: "",
		`{"credsStore":"test"}`:                   "",
		`{"credsStore":"none"}`:                   "cannot get credentials: ",
		`{`:                                       "cannot get credentials: ",
	} {
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		c := newClient()
		c.Keychain = nil
		err := c.Push(t.Context(), registry.Image{Names: []string{host + "/a:1"}, Manifest: image(t, "amd64", nil)})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", config, err, want)
		}
	}
}
