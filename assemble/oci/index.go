package oci

import (
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// index is an image index whose bytes are made here, since a digest must not
// depend on how a library fills in descriptors.
type index struct {
	raw    []byte
	images map[v1.Hash]v1.Image
}

// newIndex makes the index of the images of different platforms.
func newIndex(images []v1.Image, annotations map[string]string) (*index, error) {
	x := &index{images: map[v1.Hash]v1.Image{}}
	m := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Annotations: annotations}
	platforms := map[string]bool{}
	for _, img := range images {
		d, err := describe(img)
		if err != nil {
			return nil, err
		}
		c, err := img.ConfigFile()
		if err != nil {
			return nil, err
		}
		d.Platform = c.Platform()
		if d.Platform == nil || platforms[d.Platform.String()] {
			return nil, fmt.Errorf("internal error: the platform %v occurs twice in an index", d.Platform)
		}
		platforms[d.Platform.String()] = true
		x.images[d.Digest] = img
		m.Manifests = append(m.Manifests, d)
	}
	var err error
	x.raw, err = json.Marshal(m)
	return x, err
}

// describe describes a manifest: media type, size and digest.
func describe(m interface {
	MediaType() (types.MediaType, error)
	RawManifest() ([]byte, error)
}) (v1.Descriptor, error) {
	mediaType, err := m.MediaType()
	if err != nil {
		return v1.Descriptor{}, err
	}
	raw, err := m.RawManifest()
	if err != nil {
		return v1.Descriptor{}, err
	}
	return descriptorOf(mediaType, raw), nil
}

// The methods of v1.ImageIndex.

func (x *index) MediaType() (types.MediaType, error) { return types.OCIImageIndex, nil }
func (x *index) RawManifest() ([]byte, error)        { return x.raw, nil }
func (x *index) Digest() (v1.Hash, error)            { return partial.Digest(x) }
func (x *index) Size() (int64, error)                { return partial.Size(x) }
func (x *index) ImageIndex(h v1.Hash) (v1.ImageIndex, error) {
	return nil, fmt.Errorf("the index holds no index %s", h)
}

func (x *index) IndexManifest() (*v1.IndexManifest, error) {
	var m v1.IndexManifest
	return &m, json.Unmarshal(x.raw, &m)
}

func (x *index) Image(h v1.Hash) (v1.Image, error) {
	if img, ok := x.images[h]; ok {
		return img, nil
	}
	return nil, fmt.Errorf("the index holds no image %s", h)
}
