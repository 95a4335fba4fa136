package registry

import (
	"bytes"
	"context"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"
)

// push pushes all of an image to one repository.
func (c *Client) push(ctx context.Context, t target, x *content) error {
	s, err := c.session(ctx, t.repository)
	if err != nil {
		return err
	}
	if err := s.push(ctx, t.references, x); err != nil {
		return &sessionError{err: err, anonymous: s.anonymous}
	}
	return nil
}

func (s *session) push(ctx context.Context, references []name.Reference, x *content) error {
	group, side := errgroup.WithContext(ctx)
	group.SetLimit(s.client.parallel())
	for _, b := range x.blobs {
		group.Go(func() error { return s.pushBlob(side, b) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, list := range [][]manifest{x.children, x.referrers} {
		for _, m := range list {
			if err := s.put(ctx, s.repository.Digest(m.digest.String()), m); err != nil {
				return err
			}
		}
	}
	for _, ref := range references {
		if err := s.put(ctx, ref, x.main); err != nil {
			return err
		}
	}
	return s.verify(ctx, x.main)
}

// put writes a manifest, of which the registry then has all that it leads to.
func (s *session) put(ctx context.Context, ref name.Reference, m manifest) error {
	return remote.Put(ref, m, s.remote(ctx)...)
}

// verify reads the manifest back, so that the digest that a build prints is
// one that can be pulled.
func (s *session) verify(ctx context.Context, m manifest) error {
	got, err := remote.Get(s.repository.Digest(m.digest.String()), s.remote(ctx)...)
	if err != nil {
		if ctx.Err() != nil || isAnswer(err) {
			return err
		}
		return protocolError("the registry does not give back the manifest that it took")
	}
	if !bytes.Equal(got.Manifest, m.raw) {
		return protocolError("the registry gives back another manifest than it took")
	}
	return nil
}
