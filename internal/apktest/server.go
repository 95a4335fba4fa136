package apktest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is an HTTP server over files, with faults on demand. It answers
// conditional and range requests as a mirror does, and is closed with the
// test.
type Server struct {
	URL string // without a trailing slash

	mu       sync.Mutex
	files    map[string][]byte
	faults   []fault
	requests []Request
}

// Request is what a client asked for.
type Request struct {
	Path   string // with its leading slash
	Header http.Header
	Status int // of the answer; 0 as long as there is none
}

// Fault answers a request in place of the server. The content is nil when
// there is no such file.
type Fault func(w http.ResponseWriter, r *http.Request, content []byte)

type fault struct {
	suffix string
	left   int
	answer Fault
}

// Serve starts a server over the repository's present content.
func (r *Repo) Serve(tb testing.TB) *Server { return Serve(tb, r.Files()) }

// Serve starts a server over files, named by slash-separated path without a
// leading slash.
func Serve(tb testing.TB, files map[string][]byte) *Server {
	tb.Helper()
	s := &Server{files: files}
	server := httptest.NewServer(s)
	tb.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// SetFiles replaces what the server has.
func (s *Server) SetFiles(files map[string][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = files
}

// Fail makes the next times requests for paths that end in suffix fail;
// negative times is for ever. Faults set earlier come first.
func (s *Server) Fail(suffix string, times int, answer Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fault{suffix, times, answer})
}

// Heal removes all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Requests returns the requests that have arrived so far for paths that end in suffix.
func (s *Server) Requests(suffix string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Request
	for _, r := range s.requests {
		if strings.HasSuffix(r.Path, suffix) {
			out = append(out, r)
		}
	}
	return out
}

// ServeHTTP answers from the files, or with the first fault that fits.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, content, answer := s.take(r)
	recorder := &statusRecorder{ResponseWriter: w, record: func(status int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests[n].Status = status
	}}
	if answer == nil {
		answer = serveContent
	}
	answer(recorder, r, content)
}

// take records a request and returns its number and what to answer it with.
func (s *Server) take(r *http.Request) (n int, content []byte, answer Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{Path: r.URL.Path, Header: r.Header.Clone()})
	n, content = len(s.requests)-1, s.files[strings.TrimPrefix(r.URL.Path, "/")]
	for i := range s.faults {
		f := &s.faults[i]
		if f.left != 0 && strings.HasSuffix(r.URL.Path, f.suffix) {
			f.left--
			return n, content, f.answer
		}
	}
	return n, content, nil
}

func serveContent(w http.ResponseWriter, r *http.Request, content []byte) {
	if content == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(content)))
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Unix(1700000000, 0), bytes.NewReader(content))
}

// Status answers with a status code and a small page.
func Status(code int, header ...string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		for pair := range slices.Chunk(header, 2) {
			w.Header().Set(pair[0], pair[1])
		}
		http.Error(w, http.StatusText(code), code)
	}
}

// HangUp closes the connection without an answer.
func HangUp(http.ResponseWriter, *http.Request, []byte) { panic(http.ErrAbortHandler) }

// CutAfter announces the whole body (or the range asked for) and closes the
// connection after n bytes of it.
func CutAfter(n int) Fault {
	return func(w http.ResponseWriter, r *http.Request, content []byte) {
		serveContent(&cutWriter{ResponseWriter: w, left: n}, r, content)
	}
}

// Short announces and sends only the first n bytes: a well-formed answer that
// ends too early.
func Short(n int) Fault {
	return func(w http.ResponseWriter, r *http.Request, content []byte) {
		serveContent(w, r, content[:min(n, len(content))])
	}
}

// Instead answers with other bytes.
func Instead(other []byte) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ []byte) { serveContent(w, r, other) }
}

// Tamper flips one bit of the byte at offset; a negative offset counts from
// the end.
func Tamper(offset int) Fault {
	return func(w http.ResponseWriter, r *http.Request, content []byte) {
		serveContent(w, r, Flip(content, offset))
	}
}

// NoRange answers with the whole body whatever range was asked for.
func NoRange(w http.ResponseWriter, r *http.Request, content []byte) {
	r.Header.Del("Range")
	serveContent(w, r, content)
}

// StallAfter sends n bytes, then nothing until the client leaves.
func StallAfter(n int) Fault {
	return func(w http.ResponseWriter, r *http.Request, content []byte) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:min(n, len(content))])
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// Slow sends the body in pieces of n bytes with a pause after each.
func Slow(n int, pause time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, content []byte) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		for piece := range slices.Chunk(content, n) {
			if _, err := w.Write(piece); err != nil {
				return
			}
			http.NewResponseController(w).Flush()
			time.Sleep(pause)
		}
	}
}

// Flip returns a copy of b with one bit of the byte at offset inverted; a
// negative offset counts from the end.
func Flip(b []byte, offset int) []byte {
	b = bytes.Clone(b)
	if offset < 0 {
		offset += len(b)
	}
	b[offset] ^= 1
	return b
}

// statusRecorder reports the status before it is sent.
type statusRecorder struct {
	http.ResponseWriter
	record func(status int)
	sent   bool
}

func (w *statusRecorder) WriteHeader(code int) {
	w.record(code)
	w.sent = true
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusRecorder) Write(b []byte) (int, error) {
	if !w.sent {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController flush the connection.
func (w *statusRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// cutWriter aborts the connection when its bytes are used up.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(b []byte) (int, error) {
	if len(b) < w.left {
		w.left -= len(b)
		return w.ResponseWriter.Write(b)
	}
	w.ResponseWriter.Write(b[:w.left])
	http.NewResponseController(w.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}
