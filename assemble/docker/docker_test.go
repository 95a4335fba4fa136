package docker_test

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/assemble/docker"
)

// env returns an environment of variables, and of files in DOCKER_CONFIG.
func env(t *testing.T, vars map[string]string, files map[string]string) docker.Environment {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return docker.Environment{Getenv: func(name string) string {
		if name == "DOCKER_CONFIG" {
			return dir
		}
		return vars[name]
	}}
}

// contextFile is the path of a context's description.
func contextFile(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "contexts/meta/" + hex.EncodeToString(sum[:]) + "/meta.json"
}

func TestFind(t *testing.T) {
	remote := map[string]string{contextFile("far"): `{"Name":"far","Endpoints":{"docker":{"Host":"tcp://far.example:2376"}}}`}
	for _, test := range []struct {
		name        string
		vars, files map[string]string
		want        string // or the start of the error
	}{
		{"nothing", nil, nil, "unix:///var/run/docker.sock"},
		{"host", map[string]string{"DOCKER_HOST": "tcp://h:1"}, remote, "tcp://h:1"},
		{"host before context", map[string]string{"DOCKER_HOST": "unix:///s", "DOCKER_CONTEXT": "far"}, remote, "unix:///s"},
		{"context", map[string]string{"DOCKER_CONTEXT": "far"}, remote, "tcp://far.example:2376"},
		{"default context", map[string]string{"DOCKER_CONTEXT": "default"}, nil, "unix:///var/run/docker.sock"},
		{"configured context", nil, map[string]string{"config.json": `{"currentContext":"far"}`, contextFile("far"): remote[contextFile("far")]}, "tcp://far.example:2376"},
		{"no such context", map[string]string{"DOCKER_CONTEXT": "x"}, nil, `cannot use Docker's context "x": there is no such context`},
		{"bad configuration", nil, map[string]string{"config.json": "{"}, "cannot read Docker's configuration "},
		{"bad context", map[string]string{"DOCKER_CONTEXT": "x"}, map[string]string{contextFile("x"): `{}`}, `cannot use Docker's context "x": its host "": `},
		{"ssh", map[string]string{"DOCKER_HOST": "ssh://me@h"}, nil, `cannot use DOCKER_HOST="ssh://me@h": mkimage does not use ssh`},
		{"pipe", map[string]string{"DOCKER_HOST": "npipe:////./pipe/x"}, nil, `cannot use DOCKER_HOST="npipe:////./pipe/x": it is not of the form`},
		{"no port", map[string]string{"DOCKER_HOST": "tcp://h"}, nil, `cannot use DOCKER_HOST="tcp://h": it is not`},
		{"no certificates", map[string]string{"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/nowhere"}, nil,
			"cannot use DOCKER_TLS_VERIFY with the certificates of /nowhere: open /nowhere/ca.pem"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := docker.Find(env(t, test.vars, test.files))
			if err != nil {
				if !strings.HasPrefix(err.Error(), test.want) {
					t.Errorf("the error is %v", err)
				}
			} else if e.String() != test.want {
				t.Errorf("it is %s, want %s", e, test.want)
			}
		})
	}
}

const version = `{"Os":"linux","Arch":"arm64"}`

// daemon serves the API on a socket: /version, and load with a handler.
func daemon(t *testing.T, load http.HandlerFunc) *docker.Daemon {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, version) })
	mux.HandleFunc("POST /images/load", load)
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: mux}}
	server.Start()
	t.Cleanup(server.Close)
	return connect(t, map[string]string{"DOCKER_HOST": "unix://" + socket})
}

func connect(t *testing.T, vars map[string]string) *docker.Daemon {
	t.Helper()
	e, err := docker.Find(env(t, vars, nil))
	if err != nil {
		t.Fatal(err)
	}
	d, err := docker.Connect(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// archive writes a tar archive of one large file.
func archive(_ context.Context, w io.Writer) error {
	tw := tar.NewWriter(w)
	content := make([]byte, 1<<20)
	if err := tw.WriteHeader(&tar.Header{Name: "f", Size: int64(len(content))}); err != nil {
		return err
	}
	if _, err := tw.Write(content); err != nil {
		return err
	}
	return tw.Close()
}

func TestLoad(t *testing.T) {
	var size int64
	d := daemon(t, func(w http.ResponseWriter, r *http.Request) {
		size, _ = io.Copy(io.Discard, r.Body)
		io.WriteString(w, "{\"stream\":\"Loaded image: a:1\\n\"}\n")
	})
	if d.OS != "linux" || d.Arch != "arm64" {
		t.Errorf("the daemon is of %s/%s", d.OS, d.Arch)
	}
	if err := d.Load(t.Context(), archive); err != nil || size < 1<<20 {
		t.Errorf("%d bytes were loaded, %v", size, err)
	}
}

func TestLoadFails(t *testing.T) {
	full := errors.New("cannot read a blob")
	for _, test := range []struct {
		name  string
		load  http.HandlerFunc
		write func(context.Context, io.Writer) error
		want  string
	}{
		{"refused", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"message":"no\nspace"}`, http.StatusInternalServerError)
		}, archive, `: it says "no space"`},
		{"fails later", func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, `{"errorDetail":{"message":"no space"},"error":"no space"}`)
		}, archive, `: it says "no space"`},
		{"says nothing", func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }, archive,
			"it does not say that it has the image"},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, archive,
			"closes the connection"},
		{"answers otherwise", func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, "hello")
		}, archive, "invalid character"},
		{"cannot be written", func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) },
			func(context.Context, io.Writer) error { return full }, full.Error()},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := daemon(t, test.load).Load(t.Context(), test.write)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is %v, want %s", err, test.want)
			}
		})
	}
}

func TestConnectFails(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	for host, want := range map[string]string{
		"unix:///nowhere/s": "is it running? DOCKER_HOST or DOCKER_CONTEXT name another",
		"tcp://127.0.0.1:1": "the host refuses connections",
		"tcp://" + strings.TrimPrefix(web.URL, "http://"): `it says "404 Not Found"`,
	} {
		e, err := docker.Find(env(t, map[string]string{"DOCKER_HOST": host}, nil))
		if err != nil {
			t.Fatal(err)
		}
		_, err = docker.Connect(t.Context(), e)
		if err == nil || !strings.HasPrefix(err.Error(), "cannot use the Docker daemon at "+host+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}

// TestTLS: a daemon with a certificate of a private authority.
func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, version) }))
	defer server.Close()
	dir := t.TempDir()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), ca, 0o644); err != nil {
		t.Fatal(err)
	}
	host := "tcp://" + strings.TrimPrefix(server.URL, "https://")
	connect(t, map[string]string{"DOCKER_HOST": host, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": dir})
}
