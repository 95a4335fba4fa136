package repo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/mkimage/mkimage/internal/network"
)

// MissingError says what an offline build needs and the cache does not have.
type MissingError struct {
	Cache string   // the cache's folder
	Files []string // URLs, in the order in which they were asked for
}

// Error lists all that is missing.
func (e *MissingError) Error() string {
	return fmt.Sprintf("cannot go on offline: the cache %s lacks %s; run once without --offline",
		e.Cache, strings.Join(e.Files, ", "))
}

// statusError is an answer that is not the file.
type statusError struct {
	code       int
	retryAfter time.Duration // as the server asked; 0: it did not
	known      bool          // the request had credentials
	clear      bool          // it could have none, since others can read it on its way
}

func (e *statusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the server answered %d %s", e.code, http.StatusText(e.code)))
}

// wayIn says what a user can do where a server lets nobody in, or not this one.
func (e *statusError) wayIn() string {
	switch {
	case e.known:
		return "the credentials for it are wrong, or are for something else"
	case e.clear:
		return "it wants credentials, which are sent over https only, or does not let this machine in"
	}
	return "it wants credentials, in netrc or of a --credential-helper, or does not let this machine in"
}

// The faults of a download that are not the server's own words.
var (
	errStalled = errors.New("the server stopped sending")
	errBroken  = errors.New("the connection broke off")
)

// sizeError: the file is not as long as the index or lock says.
type sizeError struct{ have, want int64 }

func (e *sizeError) Error() string {
	if e.have > e.want {
		return fmt.Sprintf("the file has more than the %d bytes that are expected", e.want)
	}
	return fmt.Sprintf("the file has %d bytes, expected are %d", e.have, e.want)
}

// lastingError is what the last attempt ended with, though it could have
// passed.
type lastingError struct{ err error }

func (e *lastingError) Error() string {
	return fmt.Sprintf("%s (%d attempts)", reason(e.err), attempts)
}
func (e *lastingError) Unwrap() error { return e.err }

// passing reports whether another attempt may do better.
func passing(err error) bool {
	var status *statusError
	if errors.As(err, &status) {
		return network.PassingStatus(status.code) || status.code == http.StatusRequestedRangeNotSatisfiable
	}
	var size *sizeError
	var login *loginError
	return !errors.As(err, &size) && !errors.As(err, &login) && !isRefusedRedirect(err) && network.Passing(err)
}

// transportFault turns an error of the HTTP client into one that repeats
// neither the URL nor a password in it.
func transportFault(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
		return errStalled
	} else if cause != nil {
		return cause
	}
	return network.Bare(err)
}

// reason says in words what went wrong with a request.
func reason(err error) string {
	var lasting *lastingError
	if errors.As(err, &lasting) {
		return lasting.Error()
	}
	return network.Reason(err)
}

// wayOut says what a user can do about it.
func wayOut(err error) string {
	var status *statusError
	var dns *net.DNSError
	var size *sizeError
	var login *loginError
	switch {
	case errors.As(err, &status) && (status.code == http.StatusUnauthorized || status.code == http.StatusForbidden):
		return status.wayIn()
	case errors.As(err, &login):
		return "correct the netrc file or the credential helper"
	case errors.As(err, &status) && (status.code == http.StatusNotFound || status.code == http.StatusGone):
		return "the repository may be in the middle of an update, or the URL wrong: try again or use another with --mirror"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "correct the URL, or use a mirror with --mirror"
	case errors.As(err, &size):
		return "the repository is in the middle of an update or damaged: try again or use another with --mirror"
	case network.IsTrustFault(err):
		return "a private authority's certificate can be named with --ca"
	}
	return "try again, or use a mirror with --mirror"
}
