package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mkimage/mkimage/internal/network"
)

// attempts is how often something is tried.
const attempts = 4

// wire sends requests to registries and to the servers of their tokens. What
// can be sent again it sends again; blobs, which are large, it sends once.
type wire struct {
	inner http.RoundTripper
	plain func(host string) bool
	pause time.Duration
}

// plainError refuses a request that would be readable on its way.
type plainError struct{ host string }

func (e *plainError) Error() string {
	return fmt.Sprintf("%s is to be spoken to in plain HTTP", e.host)
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !w.plain(r.URL.Host) {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, &plainError{r.URL.Host}
	}
	if r.Method == http.MethodPatch && r.GetBody != nil {
		// A transport above that renews a token sends the request once more,
		// with the body that was read already.
		r.Body.Close()
		var err error
		if r, err = again(r); err != nil {
			return nil, err
		}
	}
	pause := w.pause
	for attempt := 1; ; attempt++ {
		response, err := w.inner.RoundTrip(r)
		if !repeatable(r) || !passing(response, err) {
			return response, err
		}
		if attempt == attempts && err != nil {
			return nil, &lastingError{err}
		}
		if attempt == attempts {
			return response, nil
		}
		wait := pause
		if err == nil {
			wait = max(wait, network.RetryAfter(response.Header, time.Now()))
			discard(response)
		}
		if err := sleep(r.Context(), wait); err != nil {
			return nil, err
		}
		pause *= 2
		if r, err = again(r); err != nil {
			return nil, err
		}
	}
}

// lastingError is what the last attempt ended with, though it could have
// passed.
type lastingError struct{ err error }

func (e *lastingError) Error() string { return e.err.Error() }
func (e *lastingError) Unwrap() error { return e.err }

// repeatable reports whether a request can be sent once more: it has no body or
// one that can be had again. Pieces of a blob are no such thing, since the
// registry may have taken a part.
func repeatable(r *http.Request) bool {
	return r.Method != http.MethodPatch && (r.Body == nil || r.GetBody != nil)
}

func passing(response *http.Response, err error) bool {
	if err != nil {
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && network.Passing(err)
	}
	return network.PassingStatus(response.StatusCode)
}

// again returns the request with its body from the start.
func again(r *http.Request) (*http.Request, error) {
	next := r.Clone(r.Context())
	if r.GetBody == nil {
		return next, nil
	}
	var err error
	next.Body, err = r.GetBody()
	return next, err
}

// discard ends an answer so that its connection can be used again.
func discard(response *http.Response) {
	io.CopyN(io.Discard, response.Body, 64<<10)
	response.Body.Close()
}

// sleep waits, or returns the context's error as soon as it has one.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
