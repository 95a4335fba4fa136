package oci

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// maxManifest is the most bytes of index.json, a manifest or a configuration:
// what registries accept (distribution-spec, "Pushing Manifests").
const maxManifest = 4 << 20

// ErrNoLayout: what is there is no OCI image layout.
var ErrNoLayout = errors.New("it is no OCI image layout: there is no index.json in it")

// Layout is an OCI image layout on disk, a folder or an archive, written by
// this package or by another program. Every blob is verified against its
// digest and size while it is read.
type Layout struct {
	// Manifests are what index.json lists, in order.
	Manifests []v1.Descriptor

	path  string
	blobs blobStore
}

// blobStore is where a layout's files lie. A name is a path below the layout;
// an absent file is fs.ErrNotExist.
type blobStore interface {
	open(name string) (content io.ReadCloser, size int64, err error)
	Close() error
}

// Open opens the layout at path, a folder or an uncompressed archive, which must
// stay as it is until Close. Errors begin "cannot read PATH".
func Open(path string) (*Layout, error) {
	l := &Layout{path: path}
	err := l.read()
	if err != nil {
		if l.blobs != nil {
			l.blobs.Close()
		}
		return nil, l.fault(err)
	}
	return l, nil
}

func (l *Layout) read() error {
	info, err := os.Stat(l.path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		l.blobs, err = openFolder(l.path)
	} else {
		l.blobs, err = openArchive(l.path)
	}
	if err != nil {
		return err
	}
	var index v1.IndexManifest
	raw, err := l.small("index.json")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ErrNoLayout
	case err != nil:
		return err
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		return fmt.Errorf("its index.json is damaged: %w", err)
	}
	l.Manifests = index.Manifests
	return nil
}

// Close releases the layout's files.
func (l *Layout) Close() error { return l.blobs.Close() }

// Names returns the names that a descriptor of Manifests has, the fullest
// first: containerd's and the one of OCI, which may be no more than a tag.
func Names(d v1.Descriptor) []string {
	var names []string
	for _, key := range []string{annotationContainerdName, annotationRefName} {
		if name := d.Annotations[key]; name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Image returns the image of a descriptor that is one's manifest.
func (l *Layout) Image(d v1.Descriptor) (v1.Image, error) {
	raw, err := l.manifest(d)
	if err != nil {
		return nil, l.fault(err)
	}
	m, err := v1.ParseManifest(bytes.NewReader(raw))
	if err != nil {
		return nil, l.fault(fmt.Errorf("the manifest %s is damaged: %w", d.Digest, err))
	}
	config, err := l.manifest(m.Config)
	if err != nil {
		return nil, l.fault(err)
	}
	return partial.CompressedToImage(&storedImage{l, d.MediaType, raw, config, m})
}

// Index returns the manifest of a descriptor that is an image index.
func (l *Layout) Index(d v1.Descriptor) (raw []byte, m *v1.IndexManifest, err error) {
	if raw, err = l.manifest(d); err != nil {
		return nil, nil, l.fault(err)
	}
	if m, err = v1.ParseIndexManifest(bytes.NewReader(raw)); err != nil {
		return nil, nil, l.fault(fmt.Errorf("the index %s is damaged: %w", d.Digest, err))
	}
	return raw, m, nil
}

// manifest reads a small blob, verified.
func (l *Layout) manifest(d v1.Descriptor) ([]byte, error) {
	if d.Size > maxManifest {
		return nil, fmt.Errorf("blob %s has %d bytes, more than a manifest can have", d.Digest, d.Size)
	}
	content, err := l.blob(d)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return io.ReadAll(content)
}

// small reads a file that is no blob.
func (l *Layout) small(name string) ([]byte, error) {
	content, size, err := l.blobs.open(name)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	if size > maxManifest {
		return nil, fmt.Errorf("its %s has %d bytes, more than such a file can have", name, size)
	}
	return io.ReadAll(io.LimitReader(content, maxManifest))
}

// blob opens the blob of a descriptor.
func (l *Layout) blob(d v1.Descriptor) (io.ReadCloser, error) {
	if d.Digest.Algorithm != "sha256" {
		return nil, fmt.Errorf("blob %s has a digest other than SHA-256", d.Digest)
	}
	content, size, err := l.blobs.open(blobPath(d.Digest))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("blob %s is not in it", d.Digest)
	case err != nil:
		return nil, err
	case size != d.Size:
		content.Close()
		return nil, fmt.Errorf("blob %s has %d bytes where its descriptor says %d", d.Digest, size, d.Size)
	}
	return newVerifier(content, d), nil
}

func (l *Layout) fault(err error) error {
	return fmt.Errorf("cannot read %s: %w", l.path, baseReason(err))
}

// baseReason returns a file's error without its path.
func baseReason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// storedImage is the least that partial.CompressedToImage asks for.
type storedImage struct {
	layout      *Layout
	mediaType   types.MediaType
	raw, config []byte
	manifest    *v1.Manifest
}

func (i *storedImage) MediaType() (types.MediaType, error) { return i.mediaType, nil }
func (i *storedImage) RawConfigFile() ([]byte, error)      { return i.config, nil }
func (i *storedImage) RawManifest() ([]byte, error)        { return i.raw, nil }

func (i *storedImage) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	if h == i.manifest.Config.Digest {
		return partial.ConfigLayer(i)
	}
	for _, d := range i.manifest.Layers {
		if d.Digest == h {
			return storedLayer{i.layout, d}, nil
		}
	}
	return nil, fmt.Errorf("the image has no blob %s", h)
}

// storedLayer is a layer in a layout.
type storedLayer struct {
	layout     *Layout
	descriptor v1.Descriptor
}

func (l storedLayer) Digest() (v1.Hash, error)            { return l.descriptor.Digest, nil }
func (l storedLayer) Size() (int64, error)                { return l.descriptor.Size, nil }
func (l storedLayer) MediaType() (types.MediaType, error) { return l.descriptor.MediaType, nil }

func (l storedLayer) Compressed() (io.ReadCloser, error) {
	content, err := l.layout.blob(l.descriptor)
	if err != nil {
		return nil, l.layout.fault(err)
	}
	return content, nil
}
