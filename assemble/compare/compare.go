// Package compare says in words how one image differs from another that should
// be the same. Its rules:
//
//   - Two images are the same if their manifests are, byte for byte, and all
//     blobs of the first are what their digests say: nothing is compared that
//     was not verified.
//   - What differs is named from the outside in: the manifest and its
//     annotations, fields of the configuration, packages, then entries of the
//     layer by their paths. A digest that differs is never shown where what it
//     is the digest of can be.
//   - Every difference is one line, "WHAT: image …, rebuilt …". Only the first
//     ones of the layer's entries are told, the others counted.
//   - If all that can be named is equal, the line says where else the bytes
//     differ: the order of entries, their headers, the compression.
package compare

import (
	"bytes"
	"context"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Limit is how many entries of a layer are told of.
const Limit = 20

// Images compares an image with what it should be, and returns the differences:
// none if the images are the same. Errors are the context's or those of
// reading one of them.
func Images(ctx context.Context, image, rebuilt v1.Image) ([]string, error) {
	a, err := image.RawManifest()
	if err != nil {
		return nil, err
	}
	b, err := rebuilt.RawManifest()
	if err != nil {
		return nil, err
	}
	if bytes.Equal(a, b) {
		return nil, verify(ctx, image)
	}
	differences, err := manifests(a, b)
	if err != nil {
		return nil, err
	}
	more, err := configurations(image, rebuilt)
	if err != nil {
		return nil, err
	}
	differences = append(differences, more...)
	if more, err = layers(ctx, image, rebuilt); err != nil {
		return nil, err
	}
	differences = append(differences, more...)
	if len(differences) == 0 {
		differences = []string{"the manifest: the same fields, written in another way"}
	}
	return differences, nil
}

// verify reads all of an image's blobs.
func verify(ctx context.Context, image v1.Image) error {
	if _, err := image.RawConfigFile(); err != nil {
		return err
	}
	list, err := image.Layers()
	if err != nil {
		return err
	}
	for _, l := range list {
		content, err := l.Compressed()
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, &contextReader{ctx, content})
		content.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// layers compares what the layers hold.
func layers(ctx context.Context, image, rebuilt v1.Image) ([]string, error) {
	a, err := image.Layers()
	if err != nil {
		return nil, err
	}
	b, err := rebuilt.Layers()
	if err != nil {
		return nil, err
	}
	if len(a) != 1 || len(b) != 1 {
		if len(a) == len(b) {
			return nil, nil
		}
		return []string{fmt.Sprintf("layers: image has %d, rebuilt %d; their files are not compared", len(a), len(b))}, nil
	}
	one, err := readLayer(ctx, a[0])
	if err != nil {
		return nil, fmt.Errorf("cannot read the image's layer: %w", err)
	}
	two, err := readLayer(ctx, b[0])
	if err != nil {
		return nil, fmt.Errorf("cannot read the rebuilt layer: %w", err)
	}
	if one.diffID == two.diffID {
		return compressions(a[0], b[0])
	}
	return one.differences(ctx, two)
}

// compressions compares layers that unpack to the same.
func compressions(a, b v1.Layer) ([]string, error) {
	one, err := a.Digest()
	if err != nil {
		return nil, err
	}
	two, err := b.Digest()
	if err != nil || one == two {
		return nil, err
	}
	x, err := a.Size()
	if err != nil {
		return nil, err
	}
	y, err := b.Size()
	if err != nil {
		return nil, err
	}
	return []string{fmt.Sprintf("layer: the same files, compressed in another way: image %d bytes, rebuilt %d", x, y)}, nil
}

// contextReader ends with the context's error once that is done.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *contextReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}
