package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/mkimage/mkimage/internal/network"
)

// Pull returns what a name leads to, a v1.Image or a v1.ImageIndex. Its
// manifest is read at once, all else when it is asked for, under ctx; each
// blob is verified against its digest while it is read. The name is as in
// [Image].
//
// Errors begin "cannot pull"; an ended context passes as it is.
func (c *Client) Pull(ctx context.Context, image string) (Manifest, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return nil, fmt.Errorf("cannot pull %q: it is not a name such as ghcr.io/acme/web:1.0: %s", image, badName(err))
	}
	if c.plain(ref.Context().RegistryStr()) {
		if ref, err = name.ParseReference(image, name.Insecure); err != nil {
			return nil, err
		}
	}
	keychain := c.Keychain
	if keychain == nil {
		keychain = authn.DefaultKeychain
	}
	found, err := remote.Get(ref, remote.WithContext(ctx), remote.WithAuthFromKeychain(keychain),
		remote.WithTransport(c.transport()), remote.WithRetryBackoff(remote.Backoff{Steps: 1}))
	var m Manifest
	switch {
	case err != nil:
	case found.MediaType.IsIndex():
		m, err = found.ImageIndex()
	case found.MediaType.IsImage():
		m, err = found.Image()
	default:
		err = fmt.Errorf("it is no image but of the type %s", oneLine(string(found.MediaType)))
	}
	if err != nil {
		return nil, pullFault(ref, err)
	}
	return m, nil
}

// pullFault names what cannot be pulled, the reason and the way out.
func pullFault(ref name.Reference, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	host := ref.Context().RegistryStr()
	text := fmt.Sprintf("cannot pull %s: %s", ref, reason(err))
	var answer *transport.Error
	var plain *plainError
	switch known := errors.As(err, &answer); {
	case known && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden):
		text += fmt.Sprintf("; log in with \"docker login %s\", as someone who may pull it", host)
	case known && answer.StatusCode == http.StatusNotFound:
		text += "; there is no such image"
	case errors.As(err, &plain):
		text += fmt.Sprintf("; if that is meant, allow it with --insecure-registry %s", host)
	case network.IsTrustFault(err):
		text += "; a private authority's certificate can be named with --ca"
	}
	return errors.New(text)
}
