package oci

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// ImageIndex returns the index of a descriptor that is one's manifest. Its
// images are read when they are asked for.
func (l *Layout) ImageIndex(d v1.Descriptor) (v1.ImageIndex, error) {
	raw, m, err := l.Index(d)
	if err != nil {
		return nil, err
	}
	return &storedIndex{l, d, raw, m}, nil
}

// Referrers returns the images that index.json lists whose subject is one of the
// digests, in order.
func (l *Layout) Referrers(subjects ...v1.Hash) ([]v1.Image, error) {
	var list []v1.Image
	for _, d := range l.Manifests {
		if !d.MediaType.IsImage() {
			continue
		}
		img, err := l.Image(d)
		if err != nil {
			return nil, err
		}
		m, err := img.Manifest()
		if err != nil {
			return nil, err
		}
		if m.Subject != nil && slices.Contains(subjects, m.Subject.Digest) {
			list = append(list, img)
		}
	}
	return list, nil
}

// storedIndex is an index in a layout.
type storedIndex struct {
	layout     *Layout
	descriptor v1.Descriptor
	raw        []byte
	manifest   *v1.IndexManifest
}

func (x *storedIndex) MediaType() (types.MediaType, error)       { return x.descriptor.MediaType, nil }
func (x *storedIndex) Digest() (v1.Hash, error)                  { return x.descriptor.Digest, nil }
func (x *storedIndex) Size() (int64, error)                      { return x.descriptor.Size, nil }
func (x *storedIndex) RawManifest() ([]byte, error)              { return x.raw, nil }
func (x *storedIndex) IndexManifest() (*v1.IndexManifest, error) { return x.manifest.DeepCopy(), nil }
func (x *storedIndex) ImageIndex(h v1.Hash) (v1.ImageIndex, error) {
	return child(x, h, x.layout.ImageIndex)
}
func (x *storedIndex) Image(h v1.Hash) (v1.Image, error) { return child(x, h, x.layout.Image) }

// child returns a part of an index.
func child[T any](x *storedIndex, h v1.Hash, open func(v1.Descriptor) (T, error)) (T, error) {
	for _, d := range x.manifest.Manifests {
		if d.Digest == h {
			return open(d)
		}
	}
	var none T
	return none, fmt.Errorf("the index %s holds no %s", x.descriptor.Digest, h)
}

// OpenDockerArchive opens an archive in Docker's format alone: the image with
// a name, or its only one if that is empty. Such an archive has no manifest, and
// often no compressed layers. Both are made here, so that the digest is not
// that of a registry. The file must stay as it is. Errors begin "cannot read
// PATH".
func OpenDockerArchive(file, image string) (v1.Image, error) {
	img, err := openDockerArchive(file, image)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", file, baseReason(err))
	}
	return img, nil
}

func openDockerArchive(file, image string) (v1.Image, error) {
	if err := checkDockerArchive(file, image); err != nil {
		return nil, err
	}
	if image == "" {
		return tarball.ImageFromPath(file, nil)
	}
	tag, err := name.NewTag(image)
	if err != nil {
		return nil, fmt.Errorf("%q is not the name of an image", image)
	}
	return tarball.ImageFromPath(file, &tag)
}

// checkDockerArchive refuses what package tarball would read without bounds, or
// speak of in words of its own.
func checkDockerArchive(file, image string) error {
	s, err := openArchive(file)
	if err != nil {
		return err
	}
	l := &Layout{path: file, blobs: s}
	defer l.Close()
	raw, err := l.small("manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("it is neither an OCI image layout nor of Docker's format: there is no index.json or manifest.json in it")
	}
	var list tarball.Manifest
	if err == nil {
		err = json.Unmarshal(raw, &list)
	}
	if err != nil {
		return fmt.Errorf("its manifest.json is damaged: %w", err)
	}
	var names []string
	for _, d := range list {
		if _, err := l.small(path.Clean(d.Config)); err != nil {
			return fmt.Errorf("the configuration %q: %w", d.Config, err)
		}
		names = append(names, d.RepoTags...)
	}
	switch {
	case len(list) == 0:
		return errors.New("it holds no image")
	case image != "" && !slices.Contains(names, image):
		return fmt.Errorf("it holds no image called %s, but %s", image, strings.Join(names, ", "))
	case image == "" && len(list) > 1:
		return fmt.Errorf("it holds %d images: %s", len(list), strings.Join(names, ", "))
	}
	return nil
}
