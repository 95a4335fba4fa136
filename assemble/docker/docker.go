// Package docker loads images into a Docker daemon by its API, without the
// docker command. Its rules:
//
//   - The daemon is the one that the docker command would use: DOCKER_HOST,
//     else the context of DOCKER_CONTEXT or of Docker's configuration, else
//     /var/run/docker.sock. Podman's service does as well.
//   - TLS is used, and then verified, where DOCKER_TLS_VERIFY with
//     DOCKER_CERT_PATH or the context say so. What the docker command reaches
//     by ssh is refused: that needs another program.
//   - A load has succeeded only if the daemon says that it has.
//   - Errors begin "cannot load" or "cannot use"; an ended context passes as it
//     is.
package docker

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/mkimage/mkimage/internal/network"
)

const (
	// maxAnswer is the most bytes that are read of an answer.
	maxAnswer = 1 << 20
	// dialLimit is how long a daemon may take to accept a connection.
	dialLimit = 10 * time.Second
)

// Daemon is a Docker daemon.
type Daemon struct {
	// OS and Arch are its platform, in Go's names, which are OCI's.
	OS, Arch string

	endpoint Endpoint
	client   *http.Client
}

// Connect asks a daemon who it is.
func Connect(ctx context.Context, e Endpoint) (*Daemon, error) {
	d := &Daemon{endpoint: e, client: &http.Client{Transport: e.transport()}}
	response, err := d.do(ctx, http.MethodGet, "/version", "", nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var version struct{ Os, Arch string }
	err = json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&version)
	if err != nil || version.Os == "" || version.Arch == "" {
		return nil, fmt.Errorf("cannot use the Docker daemon at %s: it does not say what platform it has: is it one?", e)
	}
	d.OS, d.Arch = version.Os, version.Arch
	return d, nil
}

// Load sends an archive in the format of "docker save", which write writes, to
// the daemon.
func (d *Daemon) Load(ctx context.Context, write func(ctx context.Context, w io.Writer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := write(ctx, w)
		w.CloseWithError(err)
		written <- err
	}()
	response, err := d.do(ctx, http.MethodPost, "/images/load?quiet=1", "application/x-tar", r)
	if err == nil {
		err = d.outcome(response)
	}
	r.CloseWithError(errUnread) // so that the writer ends where the daemon did not read all
	if cause := <-written; cause != nil && !errors.Is(cause, errUnread) && !errors.Is(cause, io.ErrClosedPipe) {
		return cause
	}
	return err
}

var errUnread = errors.New("the daemon does not read on")

// outcome reads what the daemon says while it loads: JSON objects, of which one
// may be an error (Docker Engine API, ImageLoad).
func (d *Daemon) outcome(response *http.Response) error {
	defer response.Body.Close()
	type message struct {
		Stream      string
		Error       string
		ErrorDetail struct{ Message string }
	}
	answer := json.NewDecoder(bufio.NewReader(io.LimitReader(response.Body, maxAnswer)))
	loaded := false
	for {
		var m message
		err := answer.Decode(&m)
		switch {
		case err == io.EOF && loaded:
			return nil
		case err == io.EOF:
			return fmt.Errorf("cannot load into the Docker daemon at %s: it does not say that it has the image", d.endpoint)
		case err != nil:
			return d.fault(err)
		case m.Error != "" || m.ErrorDetail.Message != "":
			return fmt.Errorf("cannot load into the Docker daemon at %s: it says %q", d.endpoint, oneLine(cmp.Or(m.ErrorDetail.Message, m.Error)))
		}
		loaded = loaded || strings.HasPrefix(m.Stream, "Loaded image")
	}
}

// do sends a request. An answer that is not of success is an error.
func (d *Daemon) do(ctx context.Context, method, path, contentType string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, d.endpoint.base()+path, body)
	if err != nil {
		return nil, fmt.Errorf("internal error: %w", err)
	}
	request.Header.Set("User-Agent", "mkimage")
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := d.client.Do(request)
	if err != nil {
		return nil, d.fault(err)
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	var refusal struct{ Message string }
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer)) // the status says enough
	if json.Unmarshal(text, &refusal) != nil || refusal.Message == "" {
		refusal.Message = response.Status
	}
	return nil, fmt.Errorf("cannot use the Docker daemon at %s: it says %q", d.endpoint, oneLine(refusal.Message))
}

// fault says why there is no answer.
func (d *Daemon) fault(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var op *net.OpError
	hint := "is it running? DOCKER_HOST or DOCKER_CONTEXT name another"
	if errors.As(err, &op) && op.Op == "dial" {
		err = op.Err
	}
	return fmt.Errorf("cannot use the Docker daemon at %s: %s; %s", d.endpoint, oneLine(network.Reason(err)), hint)
}

// oneLine makes a foreign text fit for a message.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
