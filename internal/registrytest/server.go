// Package registrytest provides registries for tests: one in process, the real
// docker-registry, and faults on demand before either.
package registrytest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Server is a registry that can be made to fail. It is closed with the test.
type Server struct {
	Host string // "127.0.0.1:PORT"

	inner    http.Handler
	mu       sync.Mutex
	faults   []*fault
	requests []Request
}

// Request is what a client asked for.
type Request struct {
	Kind   string // see Kind
	Path   string
	Query  url.Values
	Header http.Header
}

// Fault answers a request in place of the registry, or with its help.
type Fault func(w http.ResponseWriter, r *http.Request, registry http.Handler)

type fault struct {
	kind   string
	left   int
	answer Fault
}

// New starts go-containerregistry's registry in process. It has no mounts and
// cannot resume uploads.
func New(tb testing.TB) *Server {
	return Serve(tb, registry.New(registry.Logger(log.New(io.Discard, "", 0))))
}

// Before starts a server that passes everything on to a registry, "host:port".
func Before(tb testing.TB, host string) *Server {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: host})
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	return Serve(tb, proxy)
}

// Serve starts a server over a handler.
func Serve(tb testing.TB, inner http.Handler) *Server {
	tb.Helper()
	s := &Server{inner: inner}
	server := httptest.NewServer(s)
	tb.Cleanup(server.Close)
	s.Host = strings.TrimPrefix(server.URL, "http://")
	return s
}

// Kind says what a request is about: its method and "ping", "blob", "upload",
// "manifest", "referrers" or "other".
func Kind(r *http.Request) string {
	path := r.URL.Path
	for _, k := range []struct{ part, kind string }{
		{"/blobs/uploads/", "upload"}, {"/blobs/", "blob"}, {"/manifests/", "manifest"}, {"/referrers/", "referrers"},
	} {
		if strings.Contains(path, k.part) {
			return r.Method + " " + k.kind
		}
	}
	if strings.TrimSuffix(path, "/") == "/v2" {
		return r.Method + " ping"
	}
	return r.Method + " other"
}

// Fail makes the next times requests of a kind fail; negative times is for
// ever. Faults set earlier come first.
func (s *Server) Fail(kind string, times int, answer Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault{kind, times, answer})
}

// Heal removes all faults and forgets the requests.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.requests = nil, nil
}

// Requests returns the requests of a kind that have arrived so far.
func (s *Server) Requests(kind string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Request
	for _, r := range s.requests {
		if r.Kind == kind {
			out = append(out, r)
		}
	}
	return out
}

// ServeHTTP passes requests on, or answers with the first fault that fits.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if answer := s.take(r); answer != nil {
		answer(w, r, s.inner)
		return
	}
	s.inner.ServeHTTP(w, r)
}

func (s *Server) take(r *http.Request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := Kind(r)
	s.requests = append(s.requests, Request{kind, r.URL.Path, r.URL.Query(), r.Header.Clone()})
	for _, f := range s.faults {
		if f.left != 0 && f.kind == kind {
			f.left--
			return f.answer
		}
	}
	return nil
}

// Status answers with a status and a header, such as "Retry-After", "1".
func Status(code int, header ...string) Fault {
	return Answer(code, http.StatusText(code)+"\n", header...)
}

// Answer answers with a status, a body and a header.
func Answer(code int, body string, header ...string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

// HangUp closes the connection without an answer.
func HangUp(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }

// CutAfter lets the registry have n bytes of the body and closes both
// connections.
func CutAfter(n int64) Fault {
	return func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, n), broken{}))
		registry.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
}

// Garble inverts a bit of the body's first byte on its way.
func Garble(w http.ResponseWriter, r *http.Request, registry http.Handler) {
	r.Body = io.NopCloser(&garbled{r: r.Body})
	registry.ServeHTTP(w, r)
}

// Stall takes n bytes of the body, then nothing for a while. A server that does
// not read cannot see that its client has left.
func Stall(n int64, pause time.Duration) Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.CopyN(io.Discard, r.Body, n)
		time.Sleep(pause)
		panic(http.ErrAbortHandler)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type garbled struct {
	r    io.Reader
	done bool
}

func (g *garbled) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if n > 0 && !g.done {
		p[0] ^= 1
		g.done = true
	}
	return n, err
}
