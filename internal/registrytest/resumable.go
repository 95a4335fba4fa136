package registrytest

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// NewResumable starts a registry in process whose uploads can go on where they
// broke off (distribution-spec, "Pushing a blob in chunks").
func NewResumable(tb testing.TB) *Server {
	return Serve(tb, &resumable{
		inner:   registry.New(registry.Logger(log.New(io.Discard, "", 0))),
		uploads: map[string]*bytes.Buffer{},
	})
}

// resumable keeps the pieces of blobs and passes on whole ones.
type resumable struct {
	inner   http.Handler
	mu      sync.Mutex
	uploads map[string]*bytes.Buffer // by path
}

func (s *resumable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	upload := s.uploads[r.URL.Path]
	switch kind := Kind(r); {
	case kind == "POST upload":
		path := fmt.Sprintf("%s%d", r.URL.Path, len(s.uploads))
		s.uploads[path] = &bytes.Buffer{}
		w.Header().Set("Location", path)
		w.WriteHeader(http.StatusAccepted)
	case upload == nil:
		s.inner.ServeHTTP(w, r)
	case kind == "GET upload":
		s.where(w, r, upload, http.StatusNoContent)
	case kind == "PATCH upload":
		first := r.Header.Get("Content-Range")
		if first != "" && !strings.HasPrefix(first, fmt.Sprintf("%d-", upload.Len())) || first == "" && upload.Len() > 0 {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		io.Copy(upload, r.Body) // what arrived stays
		s.where(w, r, upload, http.StatusAccepted)
	case kind == "PUT upload":
		r.Method, r.URL = http.MethodPost, &url.URL{
			Path:     r.URL.Path[:strings.LastIndex(r.URL.Path, "/")+1],
			RawQuery: r.URL.RawQuery,
		}
		r.Body, r.ContentLength = io.NopCloser(upload), int64(upload.Len())
		s.inner.ServeHTTP(w, r)
	}
}

func (s *resumable) where(w http.ResponseWriter, r *http.Request, upload *bytes.Buffer, status int) {
	w.Header().Set("Location", r.URL.Path)
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(upload.Len()-1, 0)))
	w.WriteHeader(status)
}
