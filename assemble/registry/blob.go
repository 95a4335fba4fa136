package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/mkimage/mkimage/internal/network"
)

// pushBlob makes sure that the repository has a blob. An upload that cannot go
// on starts again, if that may help.
func (s *session) pushBlob(ctx context.Context, b blob) error {
	pause := s.client.retryPause()
	for attempt := 1; ; attempt++ {
		err := s.provide(ctx, b)
		if err == nil {
			s.client.sending(b, b.size)
			s.remember(b)
			return nil
		}
		if ctx.Err() != nil || attempt == attempts || !startsAgain(err) {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// provide looks for a blob, mounts it or uploads it.
func (s *session) provide(ctx context.Context, b blob) error {
	there, err := s.has(ctx, b)
	if there || err != nil {
		return err
	}
	location, mounted, err := s.begin(ctx, b)
	if mounted || err != nil {
		return err
	}
	if location, err = s.upload(ctx, b, location); err != nil {
		return err
	}
	return s.commit(ctx, b, location)
}

// has asks whether the repository has a blob. An answer with another length is
// none: what is there is sent again.
func (s *session) has(ctx context.Context, b blob) (bool, error) {
	response, err := s.do(ctx, http.MethodHead, s.url("blobs/"+b.digest.String()), nil, http.StatusOK, http.StatusNotFound)
	if err != nil {
		return false, err
	}
	return response.StatusCode == http.StatusOK && (response.ContentLength < 0 || response.ContentLength == b.size), nil
}

// begin asks for a place to upload a blob to, or to mount it from another
// repository, which is done then. Where mounting is refused it is uploaded.
func (s *session) begin(ctx context.Context, b blob) (location *url.URL, mounted bool, err error) {
	u := s.url("blobs/uploads/")
	if from, ok := s.elsewhere(b); ok {
		u.RawQuery = url.Values{"mount": {b.digest.String()}, "from": {from.RepositoryStr()}}.Encode()
	}
	response, err := s.do(ctx, http.MethodPost, u, nil, http.StatusAccepted, http.StatusCreated)
	if err != nil && u.RawQuery != "" && isAnswer(err) {
		u.RawQuery = ""
		response, err = s.do(ctx, http.MethodPost, u, nil, http.StatusAccepted)
	}
	if err != nil {
		return nil, false, err
	}
	if response.StatusCode == http.StatusCreated {
		if u.RawQuery == "" {
			return nil, false, protocolError("the registry says that it has a blob which nobody sent")
		}
		return nil, true, nil
	}
	location, err = next(response)
	return location, false, err
}

// upload sends a blob to a place, and returns the place to commit it at. It
// goes on where the registry says that the last attempt ended; attempts that
// brought much are not counted.
func (s *session) upload(ctx context.Context, b blob, location *url.URL) (*url.URL, error) {
	const much = 1 << 20
	pause := s.client.retryPause()
	var offset, counted int64
	for attempt := 1; ; attempt++ {
		done, err := s.send(ctx, b, location, offset)
		if err == nil {
			return done, nil
		}
		if ctx.Err() != nil || attempt == attempts || !breaksOff(err) {
			return nil, err
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
		pause *= 2
		var known bool
		if location, offset, known = s.resume(ctx, location, b); !known {
			return nil, err
		}
		if offset == b.size {
			return location, nil
		}
		if offset-counted >= much {
			attempt, counted, pause = 0, offset, s.client.retryPause()
		}
	}
}

var errStalled = errors.New("the registry stopped taking data")

// send sends a blob from an offset to its end.
func (s *session) send(ctx context.Context, b blob, location *url.URL, offset int64) (*url.URL, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limit := s.client.stallLimit()
	watch := time.AfterFunc(limit, func() { cancel(errStalled) })
	defer watch.Stop()
	body := func() (io.ReadCloser, error) {
		return &sending{blob: b, offset: offset, took: func(n int64) {
			watch.Reset(limit)
			s.client.sending(b, n)
			if n == b.size {
				watch.Stop() // now the registry works; the transport waits for its answer
			}
		}}, nil
	}
	request, err := newRequest(ctx, http.MethodPatch, location, body)
	if err != nil {
		return nil, err
	}
	request.ContentLength = b.size - offset
	request.Header.Set("Content-Type", "application/octet-stream")
	if offset > 0 {
		request.Header.Set("Content-Range", fmt.Sprintf("%d-%d", offset, b.size-1))
	}
	response, err := s.answer(request, http.StatusAccepted, http.StatusNoContent, http.StatusCreated)
	if err != nil {
		if errors.Is(context.Cause(ctx), errStalled) {
			return nil, errStalled
		}
		return nil, err
	}
	return next(response)
}

// sending reads a blob from an offset on, which it opens when it is first read,
// and tells how far it is.
type sending struct {
	blob   blob
	offset int64
	took   func(n int64)
	r      io.ReadCloser
}

func (s *sending) Read(p []byte) (n int, err error) {
	if s.r == nil {
		if s.r, err = s.blob.reader(s.offset); err != nil {
			return 0, err
		}
	}
	n, err = s.r.Read(p)
	s.offset += int64(n)
	s.took(s.offset)
	return n, err
}

func (s *sending) Close() error {
	if s.r == nil {
		return nil
	}
	return s.r.Close()
}

// resume asks how much of a blob has arrived and where to go on
// (distribution-spec, "Pushing a blob in chunks"). Registries that do not say
// so have to be sent the blob from the start, in an upload of its own.
func (s *session) resume(ctx context.Context, location *url.URL, b blob) (*url.URL, int64, bool) {
	response, err := s.do(ctx, http.MethodGet, location, nil, http.StatusNoContent)
	if err != nil {
		return nil, 0, false
	}
	var start, end int64
	if n, err := fmt.Sscanf(response.Header.Get("Range"), "%d-%d", &start, &end); n != 2 || err != nil || start != 0 || end < 0 || end >= b.size {
		return nil, 0, false
	}
	here, err := next(response)
	if err != nil {
		return nil, 0, false
	}
	if end == 0 {
		return here, 0, true // both no byte and one are written as 0-0
	}
	return here, end + 1, true
}

// commit ends an upload. The registry compares the digest.
func (s *session) commit(ctx context.Context, b blob, location *url.URL) error {
	u := *location
	query := u.Query()
	query.Set("digest", b.digest.String())
	u.RawQuery = query.Encode()
	_, err := s.do(ctx, http.MethodPut, &u, nil, http.StatusCreated)
	return err
}

// elsewhere returns another repository of the registry that has a blob.
func (s *session) elsewhere(b blob) (name.Repository, bool) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	from, ok := s.client.homes[home{s.repository.RegistryStr(), b.digest}]
	return from, ok && from.Name() != s.repository.Name()
}

// remember notes that the repository has a blob.
func (s *session) remember(b blob) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if s.client.homes == nil {
		s.client.homes = map[home]name.Repository{}
	}
	s.client.homes[home{s.repository.RegistryStr(), b.digest}] = s.repository
}

// url returns the address of something of the repository.
func (s *session) url(path string) *url.URL {
	return &url.URL{
		Scheme: s.repository.Scheme(),
		Host:   s.repository.RegistryStr(),
		Path:   "/v2/" + s.repository.RepositoryStr() + "/" + path,
	}
}

// do sends a small request and ends its answer, which has one of the statuses.
func (s *session) do(ctx context.Context, method string, u *url.URL, body func() (io.ReadCloser, error), statuses ...int) (*http.Response, error) {
	request, err := newRequest(ctx, method, u, body)
	if err != nil {
		return nil, err
	}
	return s.answer(request, statuses...)
}

// newRequest makes a request whose body can be had again.
func newRequest(ctx context.Context, method string, u *url.URL, body func() (io.ReadCloser, error)) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil || body == nil {
		return request, err
	}
	request.GetBody = body
	request.Body, err = body()
	return request, err
}

// answer sends a request. An answer of another status is a *transport.Error.
func (s *session) answer(request *http.Request, statuses ...int) (*http.Response, error) {
	response, err := s.http.Do(request)
	if err != nil {
		return nil, network.Bare(err)
	}
	defer discard(response)
	return response, transport.CheckError(response, statuses...)
}

// next returns where an upload goes on.
func next(response *http.Response) (*url.URL, error) {
	location, err := response.Location()
	if err != nil {
		return nil, protocolError("the registry does not say where to upload to")
	}
	return location, nil
}
