package network

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// maxRetryAfter is the longest that a server can make a client wait.
const maxRetryAfter = 30 * time.Second

// Bare returns an error of http.Client without the method and the URL, in
// which there may be a password.
func Bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Reason says in words why there was no answer to a request.
func Reason(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	err = Bare(err)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("there is no host %s", dns.Name)
	case errors.As(err, &dns):
		return fmt.Sprintf("the host %s cannot be resolved", dns.Name)
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return fmt.Sprintf("the proxy cannot be reached: %v", op.Err)
	case strings.HasPrefix(err.Error(), "invalid proxy address"):
		return "the environment's proxy variable is not a URL" // which may hold a password
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the host refuses connections"
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Sprintf("the host cannot be reached: %v", op.Err)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return "the server closes the connection without an answer"
	case errors.Is(err, http.ErrSchemeMismatch):
		return "the server speaks plain HTTP where HTTPS was expected"
	case IsTrustFault(err):
		return fmt.Sprintf("the server cannot be trusted: %v", err)
	}
	return err.Error()
}

// IsTrustFault reports whether TLS refused the server.
func IsTrustFault(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var record tls.RecordHeaderError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &hostname) ||
		errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch)
}

// PassingStatus reports whether a server that answers with a status may answer
// otherwise a little later.
func PassingStatus(code int) bool {
	return code >= 500 && code != http.StatusNotImplemented ||
		code == http.StatusTooManyRequests || code == http.StatusRequestTimeout
}

// Passing reports whether a request without an answer may get one a little
// later.
func Passing(err error) bool {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return !dns.IsNotFound
	}
	return !IsTrustFault(err)
}

// RetryAfter returns how long an answer asks to wait (RFC 9110, Retry-After:
// seconds or a date), at most half a minute; 0 where it does not.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	var wait time.Duration
	if n, err := strconv.Atoi(value); err == nil {
		wait = time.Duration(min(n, 3600)) * time.Second
	} else if date, err := http.ParseTime(value); err == nil {
		wait = date.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
