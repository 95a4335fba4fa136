package repo

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Login is what a server knows somebody by: user and password (RFC 7617), or a
// token (RFC 6750).
type Login struct {
	User, Password string
	Token          string // if it is not empty, it counts
}

// header returns the value of the field Authorization.
func (l Login) header() string {
	if l.Token != "" {
		return "Bearer " + l.Token
	}
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(l.User, l.Password)
	return r.Header.Get("Authorization")
}

// LoginSource knows logins.
type LoginSource interface {
	// Login returns the login for a host, "name" or "name:port". ok is false
	// where it knows none. Errors hold no secret.
	Login(ctx context.Context, host string) (l Login, ok bool, err error)
}

// Authenticator is a transport that adds logins to requests. Its rules:
//
//   - A login goes to the host that its source knows it by, on a redirect too,
//     and to no other; and never in the clear: over HTTPS, or to this machine.
//   - The sources are asked in order, once for each host, when it is first
//     spoken to. So a server that hides what it has from strangers, with 404,
//     is told at once.
//   - A request that has credentials from its URL keeps them.
//
// It is safe for concurrent use and must not be copied.
type Authenticator struct {
	Transport http.RoundTripper
	Sources   []LoginSource

	mu    sync.Mutex
	known map[string]*knownLogin
}

// knownLogin is what the sources said of a host.
type knownLogin struct {
	mu     sync.Mutex
	asked  bool
	header string // empty where there is no login
	err    error
}

// loginError: a source failed.
type loginError struct {
	host string
	err  error
}

func (e *loginError) Error() string {
	return fmt.Sprintf("cannot get the credentials for %s: %v", e.host, e.err)
}
func (e *loginError) Unwrap() error { return e.err }

// RoundTrip implements http.RoundTripper.
func (a *Authenticator) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") != "" || !private(r.URL) {
		return a.Transport.RoundTrip(r)
	}
	header, err := a.login(r.Context(), strings.ToLower(r.URL.Host))
	if err != nil {
		return nil, err
	}
	if header != "" {
		// Of the caller's request a redirect would inherit it.
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", header)
	}
	return a.Transport.RoundTrip(r)
}

// login returns the field for a host; empty where there is no login.
func (a *Authenticator) login(ctx context.Context, host string) (string, error) {
	a.mu.Lock()
	if a.known == nil {
		a.known = map[string]*knownLogin{}
	}
	known := a.known[host]
	if known == nil {
		known = &knownLogin{}
		a.known[host] = known
	}
	a.mu.Unlock()
	known.mu.Lock()
	defer known.mu.Unlock()
	if known.asked {
		return known.header, known.err
	}
	header, err := a.ask(ctx, host)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	known.asked, known.header, known.err = true, header, err
	return header, err
}

// ask asks the sources.
func (a *Authenticator) ask(ctx context.Context, host string) (string, error) {
	for _, s := range a.Sources {
		l, ok, err := s.Login(ctx, host)
		if err != nil {
			return "", &loginError{host, err}
		}
		if ok {
			return l.header(), nil
		}
	}
	return "", nil
}

// private reports whether nobody on the way can read a request to a URL.
func private(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
