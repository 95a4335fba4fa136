package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// maxDepth is how deep indexes may lie in indexes.
const maxDepth = 4

// content is all that an image consists of.
type content struct {
	blobs     []blob     // each once
	children  []manifest // of the index, those that others consist of first
	referrers []manifest
	main      manifest
	seen      map[v1.Hash]bool
}

// manifest is a manifest as it is sent.
type manifest struct {
	mediaType types.MediaType
	digest    v1.Hash
	raw       []byte
}

// RawManifest and MediaType make it a remote.Taggable.

func (m manifest) RawManifest() ([]byte, error)        { return m.raw, nil }
func (m manifest) MediaType() (types.MediaType, error) { return m.mediaType, nil }

// blob is a layer or a configuration.
type blob struct {
	digest v1.Hash
	size   int64
	open   func() (io.ReadCloser, error)
}

// collect finds out what an image consists of. Errors say what it lacks.
func collect(img Image) (*content, error) {
	c := &content{seen: map[v1.Hash]bool{}}
	var err error
	if c.main, err = c.add(img.Manifest, 0); err != nil {
		return nil, err
	}
	for _, r := range img.Referrers {
		m, err := c.add(r, 0)
		if err != nil {
			return nil, err
		}
		c.referrers = append(c.referrers, m)
	}
	return c, nil
}

// add takes note of what a manifest leads to, and returns it.
func (c *content) add(x Manifest, depth int) (manifest, error) {
	raw, err := x.RawManifest()
	if err != nil {
		return manifest{}, err
	}
	mediaType, err := x.MediaType()
	if err != nil {
		return manifest{}, err
	}
	sum := sha256.Sum256(raw)
	m := manifest{mediaType, v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}, raw}
	switch x := x.(type) {
	case v1.Image:
		return m, c.addImage(x)
	case v1.ImageIndex:
		return m, c.addIndex(x, depth)
	}
	return m, fmt.Errorf("internal error: a %T is neither image nor index", x)
}

func (c *content) addIndex(x v1.ImageIndex, depth int) error {
	if depth == maxDepth {
		return fmt.Errorf("indexes lie more than %d deep in indexes", maxDepth)
	}
	list, err := x.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range list.Manifests {
		if c.seen[d.Digest] {
			continue
		}
		c.seen[d.Digest] = true
		child, err := childOf(x, d)
		if err != nil {
			return err
		}
		m, err := c.add(child, depth+1)
		if err != nil {
			return err
		}
		c.children = append(c.children, m)
	}
	return nil
}

func childOf(x v1.ImageIndex, d v1.Descriptor) (Manifest, error) {
	switch {
	case d.MediaType.IsIndex():
		return x.ImageIndex(d.Digest)
	case d.MediaType.IsImage():
		return x.Image(d.Digest)
	}
	return nil, fmt.Errorf("its index lists %s of the type %q, which is neither image nor index", d.Digest, d.MediaType)
}

func (c *content) addImage(img v1.Image) error {
	m, err := img.Manifest()
	if err != nil {
		return err
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return err
	}
	c.addBlob(m.Config, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(config)), nil })
	for _, d := range m.Layers {
		if !d.MediaType.IsDistributable() {
			continue // it is had from elsewhere (image-spec, layer.md, "Non-Distributable Layers")
		}
		l, err := img.LayerByDigest(d.Digest)
		if err != nil {
			return err
		}
		c.addBlob(d, l.Compressed)
	}
	return nil
}

func (c *content) addBlob(d v1.Descriptor, open func() (io.ReadCloser, error)) {
	if !c.seen[d.Digest] {
		c.seen[d.Digest] = true
		c.blobs = append(c.blobs, blob{d.Digest, d.Size, open})
	}
}

// sourceError is a fault of what is to be sent, not of the registry.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// reader reads a blob from an offset on. All of it is verified, what comes
// before the offset included.
func (b blob) reader(offset int64) (io.ReadCloser, error) {
	r, err := b.open()
	if err != nil {
		return nil, &sourceError{err}
	}
	v := &verifier{blob: b, r: r, hash: sha256.New()}
	if _, err := io.CopyN(io.Discard, v, offset); err != nil {
		r.Close()
		return nil, err
	}
	return v, nil
}

// verifier ends with an error where a blob is not what its digest says, in
// place of the blob's last bytes.
type verifier struct {
	blob blob
	r    io.ReadCloser
	hash hash.Hash
	n    int64
}

func (v *verifier) Read(p []byte) (int, error) {
	n, err := v.r.Read(p)
	v.hash.Write(p[:n])
	v.n += int64(n)
	switch {
	case err != nil && err != io.EOF:
		return n, &sourceError{err}
	case err == nil && v.n < v.blob.size:
		return n, nil
	case v.n != v.blob.size || hex.EncodeToString(v.hash.Sum(nil)) != v.blob.digest.Hex:
		return 0, &sourceError{fmt.Errorf("blob %s is not what its digest says: it is damaged or was changed", v.blob.digest)}
	}
	return n, err
}

func (v *verifier) Close() error { return v.r.Close() }
