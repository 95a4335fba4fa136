package registry

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/mkimage/mkimage/internal/network"
)

// session is the way into one repository, with the credentials for it.
type session struct {
	client     *Client
	repository name.Repository
	transport  http.RoundTripper
	http       *http.Client
	anonymous  bool // there are no credentials for the registry
}

// session logs in, if that has not been done.
func (c *Client) session(ctx context.Context, repository name.Repository) (*session, error) {
	c.mu.Lock()
	s := c.sessions[repository.Name()]
	c.mu.Unlock()
	if s != nil {
		return s, nil
	}
	keychain := c.Keychain
	if keychain == nil {
		keychain = authn.DefaultKeychain
	}
	auth, err := authn.Resolve(ctx, keychain, repository)
	if err != nil {
		return nil, &credentialsError{err}
	}
	s = &session{client: c, repository: repository, anonymous: auth == authn.Anonymous}
	s.transport, err = transport.NewWithContext(ctx, repository.Registry, auth, c.transport(), c.scopes(repository))
	if err != nil {
		return nil, &sessionError{err: err, anonymous: s.anonymous, login: true}
	}
	s.http = &http.Client{Transport: s.transport, CheckRedirect: checkRedirect}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sessions == nil {
		c.sessions = map[string]*session{}
	}
	c.sessions[repository.Name()] = s
	return s, nil
}

// scopes are what a token must allow: to push here, and to read where blobs
// may be mounted from. The first is the one that matters, since some registries
// look at no other.
func (c *Client) scopes(repository name.Repository) []string {
	scopes := []string{repository.Scope(transport.PushScope)}
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := map[string]bool{repository.Name(): true}
	for _, s := range c.sessions {
		other := s.repository
		if other.RegistryStr() == repository.RegistryStr() && !seen[other.Name()] {
			seen[other.Name()] = true
			scopes = append(scopes, other.Scope(transport.PullScope))
		}
	}
	return scopes
}

// remote are the options with which package remote uses the session as it is,
// without attempts of its own.
func (s *session) remote(ctx context.Context) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(s.transport), remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
	}
}

// transport returns what is beneath all sessions.
func (c *Client) transport() http.RoundTripper {
	c.once.Do(func() {
		inner := c.Transport
		if inner == nil {
			inner = network.NewTransport(nil, c.parallel())
		}
		c.wire = &wire{inner, c.plain, c.retryPause()}
	})
	return c.wire
}

var errRedirects = errors.New("the registry redirects in circles")

// checkRedirect bounds redirects. Where they may lead is the wire's business.
func checkRedirect(_ *http.Request, before []*http.Request) error {
	if len(before) >= 10 {
		return errRedirects
	}
	return nil
}

func (c *Client) parallel() int {
	if c.Parallel > 0 {
		return c.Parallel
	}
	return 4
}

func (c *Client) retryPause() time.Duration {
	if c.RetryPause > 0 {
		return c.RetryPause
	}
	return 500 * time.Millisecond
}

func (c *Client) stallLimit() time.Duration {
	if c.StallLimit > 0 {
		return c.StallLimit
	}
	return time.Minute
}

func (c *Client) sending(b blob, done int64) {
	if c.Progress != nil {
		c.Progress.Sending(b.digest.String(), done, b.size)
	}
}
