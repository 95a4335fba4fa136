package registry_test

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/mkimage/mkimage/assemble/registry"
)

// newClient returns a client without credentials that does not wait long.
func newClient() *registry.Client {
	return &registry.Client{Keychain: keychain{}, RetryPause: time.Millisecond}
}

// keychain has the same credentials for every registry.
type keychain struct{ user, password string }

func (k keychain) Resolve(authn.Resource) (authn.Authenticator, error) {
	if k.user == "" {
		return authn.Anonymous, nil
	}
	return &authn.Basic{Username: k.user, Password: k.password}, nil
}

// noise returns n bytes, the same each time.
func noise(seed uint32, n int) []byte {
	b := make([]byte, n)
	x := seed
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// image returns an image of OCI's types with one layer, which has one file.
func image(t *testing.T, arch string, content []byte) v1.Image {
	t.Helper()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	err := w.WriteHeader(&tar.Header{Name: "file", Mode: 0o644, Size: int64(len(content))})
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		t.Fatal(err)
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.ConfigFile(img, &v1.ConfigFile{OS: "linux", Architecture: arch, RootFS: v1.RootFS{Type: "layers"}})
	if err != nil {
		t.Fatal(err)
	}
	if img, err = mutate.AppendLayers(img, layer); err != nil {
		t.Fatal(err)
	}
	return img
}

// index returns an index of two images.
func index(t *testing.T) v1.ImageIndex {
	t.Helper()
	x := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for i, arch := range []string{"amd64", "arm64"} {
		x = mutate.AppendManifests(x, mutate.IndexAddendum{
			Add:        image(t, arch, noise(uint32(i+1), 1000)),
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
		})
	}
	return x
}

func digest(t *testing.T, m registry.Manifest) string {
	t.Helper()
	d, err := m.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

// pull has an independent client read and validate what a name leads to, and
// returns its digest.
func pull(t *testing.T, ref string, options ...remote.Option) string {
	t.Helper()
	r, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	d, err := remote.Get(r, options...)
	if err != nil {
		t.Fatal(err)
	}
	if d.MediaType.IsIndex() {
		var x v1.ImageIndex
		if x, err = d.ImageIndex(); err == nil {
			err = validate.Index(x)
		}
	} else {
		var img v1.Image
		if img, err = d.Image(); err == nil {
			err = validate.Image(img)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return d.Digest.String()
}

// mustPush pushes and pulls again.
func mustPush(t *testing.T, c *registry.Client, m registry.Manifest, names ...string) {
	t.Helper()
	if err := c.Push(t.Context(), registry.Image{Names: names, Manifest: m}); err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if got, want := pull(t, n), digest(t, m); got != want {
			t.Errorf("%s leads to %s, pushed %s", n, got, want)
		}
	}
}

// changed is a layer whose file was changed after its digest was taken.
type changed struct{ v1.Layer }

func (changed) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(noise(9, 1000))), nil
}

// changedImage is an image of such a layer.
type changedImage struct{ v1.Image }

func (c changedImage) LayerByDigest(h v1.Hash) (v1.Layer, error) {
	l, err := c.Image.LayerByDigest(h)
	return changed{l}, err
}

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
