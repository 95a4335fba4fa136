package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mkimage/mkimage/internal/network"
)

// attempts is how often a file is asked for.
const attempts = 4

// download is one file to be had from a URL.
type download struct {
	client *Client
	name   string      // for Progress
	url    string      // of the file
	header http.Header // further fields of the request
	size   int64       // that the file must have; 0: not known
	limit  int64       // the most bytes that are taken
	to     sink

	have      int64  // bytes that are in the sink
	validator string // strong ETag of what they are a part of
	resumed   bool   // the sink's content is of more than one answer
}

// sink takes a download that may have to start again.
type sink interface {
	io.Writer
	restart() error
}

// memory is a sink for small files.
type memory struct{ bytes.Buffer }

func (m *memory) restart() error { m.Reset(); return nil }

// diskFile is a sink for large files.
type diskFile struct{ *os.File }

func (f diskFile) restart() error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// writeError is a fault of the sink, not of the server.
type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// run makes attempts until the file is in the sink. The response is of the
// last one; its body is closed. A download that can be resumed goes on where
// it broke off.
func (d *download) run(ctx context.Context) (*http.Response, error) {
	pause := d.client.retryPause()
	for attempt := 1; ; attempt++ {
		response, err := d.attempt(ctx)
		var write *writeError
		switch {
		case err == nil:
			return response, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.As(err, &write), !passing(err):
			return nil, err
		case attempt == attempts:
			return nil, &lastingError{err}
		}
		var status *statusError
		if errors.As(err, &status) && status.retryAfter > pause {
			pause = status.retryAfter
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		pause *= 2
	}
}

// attempt sends one request and reads what is answered.
func (d *download) attempt(ctx context.Context) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(d.client.stallLimit(), func() { cancel(errStalled) })
	defer watch.Stop()

	request, err := d.request(ctx)
	if err != nil {
		return nil, err
	}
	client := http.Client{Transport: d.client.roundTripper(), CheckRedirect: checkRedirect}
	response, err := client.Do(request)
	if err != nil {
		return nil, transportFault(ctx, err)
	}
	defer response.Body.Close()
	done, err := d.accept(response)
	if done || err != nil {
		return response, err
	}
	if d.size > 0 && response.ContentLength >= 0 && d.have+response.ContentLength != d.size {
		return nil, &sizeError{d.have + response.ContentLength, d.size}
	}
	return response, d.read(ctx, response.Body, watch)
}

func (d *download) request(ctx context.Context) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return nil, errors.New("it is not a URL")
	}
	for key, values := range d.header {
		request.Header[key] = values
	}
	// What is hashed is what the server has, not another encoding of it.
	request.Header.Set("Accept-Encoding", "identity")
	request.Header.Set("User-Agent", "mkimage")
	if d.have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.have))
		if d.validator != "" {
			request.Header.Set("If-Range", d.validator)
		}
	}
	return request, nil
}

// accept looks at the answer's status and makes the sink ready for its body.
// done is true where nothing is to be read.
func (d *download) accept(response *http.Response) (done bool, err error) {
	switch response.StatusCode {
	case http.StatusNotModified:
		if d.header != nil {
			return true, nil
		}
	case http.StatusPartialContent:
		if d.have > 0 && strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", d.have)) {
			d.resumed = true
			return false, nil
		}
		if err := d.restart(); err != nil {
			return false, err
		}
		return false, errBroken
	case http.StatusOK:
		if etag := response.Header.Get("ETag"); !strings.HasPrefix(etag, "W/") {
			d.validator = etag
		}
		return false, d.restart()
	case http.StatusRequestedRangeNotSatisfiable:
		if size := totalSize(response); d.size > 0 && size >= 0 && size != d.size {
			return false, &sizeError{size, d.size}
		}
		if err := d.restart(); err != nil {
			return false, err
		}
	}
	return false, &statusError{
		code:       response.StatusCode,
		retryAfter: network.RetryAfter(response.Header, time.Now()),
		known:      response.Request.Header.Get("Authorization") != "",
		clear:      !private(response.Request.URL),
	}
}

func (d *download) restart() error {
	if d.have == 0 {
		return nil
	}
	d.have, d.resumed = 0, false
	if err := d.to.restart(); err != nil {
		return &writeError{err}
	}
	return nil
}

// read takes the body into the sink. Each piece that arrives postpones the
// watch.
func (d *download) read(ctx context.Context, body io.Reader, watch *time.Timer) error {
	d.client.progress(d.name, d.have, d.size)
	buf := make([]byte, 128<<10)
	for {
		n, err := body.Read(buf)
		watch.Reset(d.client.stallLimit())
		d.have += int64(n)
		switch {
		case d.size > 0 && d.have > d.size:
			return &sizeError{d.have, d.size}
		case d.have > d.limit:
			return fmt.Errorf("the file has more than %d bytes", d.limit)
		}
		if _, err := d.to.Write(buf[:n]); err != nil {
			return &writeError{err}
		}
		if n > 0 {
			d.client.progress(d.name, d.have, max(d.size, 0))
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return d.broken()
		}
	}
	if d.have < d.size {
		return d.broken()
	}
	d.client.progress(d.name, d.have, d.have)
	return nil
}

// broken says how far the download came. What cannot be resumed starts again.
func (d *download) broken() error {
	err := fmt.Errorf("%w after %d bytes", errBroken, d.have)
	if d.size > 0 {
		return fmt.Errorf("%w of %d", err, d.size)
	}
	if restart := d.restart(); restart != nil {
		return restart
	}
	return err
}

// totalSize returns the size of a file of which a range was asked that it does
// not have, -1 where the server does not say (RFC 9110, Content-Range).
func totalSize(response *http.Response) int64 {
	total, ok := strings.CutPrefix(response.Header.Get("Content-Range"), "bytes */")
	if n, err := strconv.ParseInt(total, 10, 64); ok && err == nil && n >= 0 {
		return n
	}
	return -1
}

var (
	errDowngrade = errors.New("the server redirects from https to http")
	errRedirects = errors.New("the server redirects in circles")
)

// checkRedirect keeps a request that was meant to be private from going on in
// the clear.
func checkRedirect(next *http.Request, before []*http.Request) error {
	if before[len(before)-1].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return errDowngrade
	}
	if len(before) >= 10 {
		return errRedirects
	}
	return nil
}

func isRefusedRedirect(err error) bool {
	return errors.Is(err, errDowngrade) || errors.Is(err, errRedirects)
}

// escape writes a name as one element of a URL's path.
func escape(name string) string { return url.PathEscape(name) }
