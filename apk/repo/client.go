package repo

import (
	"context"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/mkimage/mkimage/apk"
)

// Client fetches indexes and packages. Its zero value reads folders; URLs need
// a CacheDir. It is safe for concurrent use and must not be copied.
type Client struct {
	// CacheDir is the folder of the cache (package cache), made when it is
	// first written.
	CacheDir string
	// Keys are the trusted keys; every index must be signed by one of them.
	Keys apk.Keys
	// Mirrors say where to look instead; of several that fit the longest From
	// counts.
	Mirrors []Mirror
	// Offline makes the client use the cache only. What is missing there is
	// a *MissingError.
	Offline bool
	// Transport sends the requests. nil: one that heeds the environment's
	// proxy variables (http.ProxyFromEnvironment).
	Transport http.RoundTripper
	// Progress is told how downloads advance. nil: nobody is.
	Progress Progress
	// Parallel is the most downloads at a time. 0: 8.
	Parallel int
	// RetryPause is the pause before the second attempt; it doubles with each
	// further one. 0: half a second.
	RetryPause time.Duration
	// Known reports whether what the data section of a package holds is known
	// from an earlier reading that verified it. Fetch does not verify it then:
	// reading it does. nil: it never is.
	Known func(*apk.Archive) bool
	// StallLimit is how long a server may send nothing. 0: a minute.
	StallLimit time.Duration

	once      sync.Once
	transport http.RoundTripper
	flights   flights
	mu        sync.Mutex
	indexes   map[indexKey]*Index
}

// Progress is told how downloads advance, from several goroutines at once.
type Progress interface {
	// Fetching says that done of size bytes of name, a package's name and
	// version or an index's URL, have arrived. size is 0 where it is not
	// known; done falls back where a download starts again. The last call for
	// a name has done equal to size.
	Fetching(name string, done, size int64)
}

func (c *Client) parallel() int {
	if c.Parallel > 0 {
		return c.Parallel
	}
	return 8
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

func (c *Client) progress(name string, done, size int64) {
	if c.Progress != nil {
		c.Progress.Fetching(name, done, size)
	}
}

// roundTripper returns the transport of all requests.
func (c *Client) roundTripper() http.RoundTripper {
	c.once.Do(func() {
		c.transport = c.Transport
		if c.transport == nil {
			t := http.DefaultTransport.(*http.Transport).Clone()
			t.MaxIdleConnsPerHost = c.parallel()
			c.transport = t
		}
	})
	return c.transport
}

// file is one file of a repository: in a folder where path is set, else at a
// URL.
type file struct {
	path string
	url  string
}

// locate says where a repository's file for an architecture is.
func (c *Client) locate(r Repository, arch, name string) file {
	location := rewrite(c.Mirrors, r.Location)
	if (Repository{Location: location}).IsFolder() {
		return file{path: filepath.Join(location, arch, name)}
	}
	return file{url: location + "/" + escape(arch) + "/" + escape(name)}
}

// String returns the path or the URL without user and password.
func (f file) String() string {
	if f.path != "" {
		return f.path
	}
	return redactText(f.url)
}

// flights lets one goroutine at a time work on a key, so that several builds
// in one process fetch what they share once.
type flights struct {
	mu   sync.Mutex
	busy map[string]chan struct{}
}

// begin waits until no other works on key. The caller calls end when it is
// done, unless there is an error, which is the context's.
func (f *flights) begin(ctx context.Context, key string) (end func(), err error) {
	for {
		f.mu.Lock()
		other, ok := f.busy[key]
		if !ok {
			mine := make(chan struct{})
			if f.busy == nil {
				f.busy = map[string]chan struct{}{}
			}
			f.busy[key] = mine
			f.mu.Unlock()
			return func() {
				f.mu.Lock()
				delete(f.busy, key)
				f.mu.Unlock()
				close(mine)
			}, nil
		}
		f.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
