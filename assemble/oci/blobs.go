package oci

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Annotations of the descriptors in index.json: OCI's (annotations.md), the
// tag, and containerd's, the whole name.
const (
	annotationRefName        = "org.opencontainers.image.ref.name"
	annotationContainerdName = "io.containerd.image.name"
)

// blob is one content-addressed file of a layout.
type blob struct {
	digest v1.Hash
	size   int64
	open   func() (io.ReadCloser, error)
}

// path returns where the blob lies in a layout (image-layout.md).
func (b blob) path() string { return blobPath(b.digest) }

func blobPath(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }

// copyTo copies the blob and verifies that it is what its digest says. Errors
// of w are returned as they are, others name the blob.
func (b blob) copyTo(ctx context.Context, w io.Writer) error {
	r, err := b.open()
	if err != nil {
		return fmt.Errorf("cannot read blob %s: %v", b.digest, err)
	}
	defer r.Close() // read only: what matters is the digest
	in := &source{ctx: ctx, r: io.LimitReader(r, b.size+1), hash: sha256.New()}
	n, err := io.CopyBuffer(onlyWriter{w}, in, make([]byte, min(b.size+1, 256<<10)))
	switch {
	case in.err != nil && ctx.Err() == nil:
		return fmt.Errorf("cannot read blob %s: %v", b.digest, in.err)
	case err != nil && n < b.size:
		return err
	case n != b.size || hex.EncodeToString(in.hash.Sum(nil)) != b.digest.Hex:
		return fmt.Errorf("blob %s was changed during the build", b.digest)
	}
	return nil
}

// contents is what a layout of releases holds.
type contents struct {
	layout, index, docker []byte // oci-layout, index.json, manifest.json; nil: not there
	blobs                 []blob // sorted by digest, each once
}

func newContents(releases []*Release) (*contents, error) {
	if len(releases) == 0 {
		return nil, errors.New("internal error: there is no image")
	}
	c := &contents{layout: []byte(`{"imageLayoutVersion":"1.0.0"}`)}
	for _, r := range releases {
		if err := c.addRelease(r); err != nil {
			return nil, err
		}
	}
	c.sort()
	var err error
	if c.index, err = indexJSON(releases); err != nil {
		return nil, err
	}
	c.docker, err = dockerManifest(releases)
	return c, err
}

// newDockerContents is the same in Docker's format only.
func newDockerContents(releases []*Release) (*contents, error) {
	c := &contents{}
	for _, r := range releases {
		if r.index != nil {
			return nil, fmt.Errorf("an archive for Docker cannot say that the %d images of %s are one for several platforms; "+
				"choose one with --platform, or another output", len(r.images), r.name)
		}
		if err := c.addParts(r.images[0]); err != nil {
			return nil, err
		}
	}
	c.sort()
	if _, err := indexJSON(releases); err != nil { // names that occur twice
		return nil, err
	}
	var err error
	c.docker, err = dockerManifest(releases)
	return c, err
}

// sort sorts the blobs by digest and leaves each once.
func (c *contents) sort() {
	slices.SortFunc(c.blobs, func(a, b blob) int { return strings.Compare(a.digest.Hex, b.digest.Hex) })
	c.blobs = slices.CompactFunc(c.blobs, func(a, b blob) bool { return a.digest == b.digest })
}

func (c *contents) addRelease(r *Release) error {
	for _, img := range r.images {
		if err := c.addImage(img); err != nil {
			return err
		}
	}
	for _, img := range r.referrers {
		if err := c.addImage(img); err != nil {
			return err
		}
	}
	if r.index == nil {
		return nil
	}
	raw, err := r.index.RawManifest()
	if err != nil {
		return err
	}
	c.addBytes(raw)
	return nil
}

func (c *contents) addImage(img v1.Image) error {
	manifest, err := img.RawManifest()
	if err != nil {
		return err
	}
	c.addBytes(manifest)
	return c.addParts(img)
}

// addParts adds what an image's manifest leads to.
func (c *contents) addParts(img v1.Image) error {
	config, err := img.RawConfigFile()
	if err != nil {
		return err
	}
	c.addBytes(config)
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	for _, l := range layers {
		digest, err := l.Digest()
		if err != nil {
			return err
		}
		size, err := l.Size()
		if err != nil {
			return err
		}
		c.blobs = append(c.blobs, blob{digest, size, l.Compressed})
	}
	return nil
}

func (c *contents) addBytes(b []byte) {
	d := descriptorOf("", b)
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	c.blobs = append(c.blobs, blob{d.Digest, d.Size, open})
}

// indexJSON is the layout's index.json: each name of each release in order, then
// what is attached to them.
// The name of a reference is the tag alone, as skopeo, umoci and buildx have
// it, but the full name where several repositories share the layout, since
// tools look for it there.
func indexJSON(releases []*Release) ([]byte, error) {
	m := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	seen := map[string]bool{}
	for _, r := range releases {
		d, err := r.descriptor()
		if err != nil {
			return nil, err
		}
		if r.index == nil {
			c, err := r.images[0].ConfigFile()
			if err != nil {
				return nil, err
			}
			d.Platform = c.Platform()
		}
		for i, name := range r.Tags() {
			if seen[name] {
				return nil, fmt.Errorf("two images are called %s", name)
			}
			seen[name] = true
			ref := r.tags[i]
			if len(releases) > 1 {
				ref = name
			}
			d.Annotations = map[string]string{annotationRefName: ref, annotationContainerdName: qualified(name)}
			m.Manifests = append(m.Manifests, d)
		}
	}
	for _, r := range releases {
		list, err := r.referrerDescriptors()
		if err != nil {
			return nil, err
		}
		m.Manifests = append(m.Manifests, list...)
	}
	return json.Marshal(m)
}

// dockerManifest is Docker's manifest.json (moby, image/tarexport). It cannot
// say that images are one for several platforms: every platform's image is
// listed, and the first has the names.
func dockerManifest(releases []*Release) ([]byte, error) {
	type entry struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	var list []entry
	for _, r := range releases {
		for i, img := range r.images {
			m, err := img.Manifest()
			if err != nil {
				return nil, err
			}
			e := entry{Config: blobPath(m.Config.Digest)}
			if i == 0 {
				e.RepoTags = r.Tags()
			}
			for _, l := range m.Layers {
				e.Layers = append(e.Layers, blobPath(l.Digest))
			}
			list = append(list, e)
		}
	}
	return json.Marshal(list)
}

// onlyWriter hides that a file can read from a reader by itself, which would
// go past the buffer.
type onlyWriter struct{ io.Writer }

// source hashes what is read, keeps the error that ends it and stops when the
// context ends.
type source struct {
	ctx  context.Context
	r    io.Reader
	hash hash.Hash
	err  error // nil after io.EOF
}

func (s *source) Read(b []byte) (int, error) {
	if s.err = s.ctx.Err(); s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(b)
	s.hash.Write(b[:n])
	if err != io.EOF {
		s.err = err
	}
	return n, err
}
