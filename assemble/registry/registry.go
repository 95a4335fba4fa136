// Package registry sends images to registries (OCI distribution-spec v1.1,
// "Push"). Its rules:
//
//   - Nothing is sent that is there: each blob is asked for first, mounted from
//     another repository of the registry where this client knows one that has
//     it, and sent only then. Blobs are sent side by side.
//   - Order is such that a tag never leads to something incomplete: blobs, then
//     the manifests of an index, then what refers to the image, then the image
//     under each of its tags.
//   - A fault that can pass is tried again, a bounded number of times, with
//     pauses that grow and are at least what Retry-After asks for. A blob goes
//     on where it broke off if the registry can tell where that was.
//   - What is sent is verified against its digest while it is read, and the
//     registry must give back the image's manifest, byte for byte.
//   - Credentials are asked of the keychain, sent to the registry that they are
//     for, and never printed. Plain HTTP is spoken to this machine and to the
//     registries that the caller names, and to no other.
//   - An error says what cannot be pushed, the registry's reason and the way
//     out. It holds no URL, since uploads have secrets in theirs.
package registry

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Client pushes images. The zero value is of use. It is safe for concurrent
// use and must not be copied.
type Client struct {
	// Keychain has the credentials. nil: Docker's and Podman's configuration
	// with its credential helpers (authn.DefaultKeychain).
	Keychain authn.Keychain
	// Transport sends the requests. nil: network.NewTransport.
	Transport http.RoundTripper
	// Insecure are registries, as "host" or "host:port", that are spoken to in
	// plain HTTP if they have no HTTPS. Those on this machine need no mention.
	Insecure []string
	// Parallel is the most blobs that are sent at a time. 0: 4.
	Parallel int
	// Progress is told how the sending advances. nil: nobody is.
	Progress Progress
	// RetryPause is the pause before the second attempt; it doubles with each
	// further one. 0: half a second.
	RetryPause time.Duration
	// StallLimit is how long a registry may take nothing of a blob. 0: a
	// minute.
	StallLimit time.Duration

	once     sync.Once
	wire     http.RoundTripper // beneath all sessions
	mu       sync.Mutex
	sessions map[string]*session
	homes    map[home]name.Repository
}

// Progress is told how uploads advance, from several goroutines at once.
type Progress interface {
	// Sending says that a registry has done of size bytes of a blob. done
	// falls back where a blob starts again; the last call has done equal to
	// size, for what need not be sent too.
	Sending(digest string, done, size int64)
}

// home is where a blob is, of which any repository of a registry can have it.
type home struct {
	registry string
	digest   v1.Hash
}

// Manifest is what names lead to: a v1.Image or a v1.ImageIndex.
type Manifest interface {
	MediaType() (types.MediaType, error)
	Digest() (v1.Hash, error)
	RawManifest() ([]byte, error)
}

// Image is what to push and the names it is to have.
type Image struct {
	// Names are "repository", "repository:tag" or "repository@digest"; without
	// a registry they are of Docker Hub, without a tag of "latest". There may
	// be several repositories and registries.
	Names []string
	// Manifest is a v1.Image or a v1.ImageIndex.
	Manifest Manifest
	// Referrers are images whose subject is Manifest or one of its images.
	// They get no tag but, where the registry has no referrers API, that of
	// the distribution-spec's referrers tag schema.
	Referrers []v1.Image
}

// Push pushes an image to all its names. Nothing is sent before all of it is
// known to be complete and every repository lets the client in; after an
// error some of the names may lead to the image, those in order.
//
// Errors begin "cannot push"; an ended context passes as it is.
func (c *Client) Push(ctx context.Context, img Image) error {
	targets, err := c.targets(img.Names)
	if err != nil {
		return err
	}
	content, err := collect(img)
	if err != nil {
		return pushFault(targets[0], err)
	}
	for _, t := range targets {
		if err := t.fits(content); err != nil {
			return err
		}
	}
	for _, t := range targets {
		if err := c.push(ctx, t, content); err != nil {
			return pushFault(t, err)
		}
	}
	return nil
}

// Check returns the error that Push would end with because of names: that
// they cannot be understood, or that a registry does not let the client in.
// What follows is quicker by what it does.
func (c *Client) Check(ctx context.Context, names []string) error {
	targets, err := c.targets(names)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if _, err := c.session(ctx, t.repository); err != nil {
			return pushFault(t, err)
		}
	}
	return nil
}

// target is a repository with the names in it.
type target struct {
	repository name.Repository
	references []name.Reference
}

// String returns the first name.
func (t target) String() string { return t.references[0].String() }

// targets reads names and gathers them by repository, in order.
func (c *Client) targets(names []string) ([]target, error) {
	var list []target
	index := map[string]int{}
	for _, s := range names {
		ref, err := c.reference(s)
		if err != nil {
			return nil, err
		}
		repository := ref.Context()
		i, known := index[repository.Name()]
		if !known {
			i = len(list)
			index[repository.Name()] = i
			list = append(list, target{repository: repository})
		}
		list[i].references = append(list[i].references, ref)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("internal error: there is no name to push to")
	}
	return list, nil
}

// fits refuses names with the digest of something else.
func (t target) fits(c *content) error {
	for _, ref := range t.references {
		if d, ok := ref.(name.Digest); ok && d.DigestStr() != c.main.digest.String() {
			return fmt.Errorf("cannot push to %s: the image's digest is %s", ref, c.main.digest)
		}
	}
	return nil
}
