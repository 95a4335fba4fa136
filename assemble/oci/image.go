package oci

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/spec"
)

// AnnotationLayerEncoding is the manifest annotation that states
// [layer.Version], so that who rebuilds an image knows what to compare.
const AnnotationLayerEncoding = "io.github.mkimage.layer-encoding"

// AnnotationLayerCompression is the manifest annotation that states how the
// layer is compressed, as [layer.ParseCompression] reads it. It is absent where
// that is the encoding's own way.
const AnnotationLayerCompression = "io.github.mkimage.layer-compression"

// AnnotationSkippedScripts is the manifest annotation that lists the install
// scripts that the spec told to skip, as "package:kind", sorted and separated
// by commas. It is absent where none was.
const AnnotationSkippedScripts = "io.github.mkimage.skipped-scripts"

// Layer is a layer in files, which must stay as they are until all is written:
// in the one at Path or, if that is empty, in those of Blob.
type Layer struct {
	Path string
	Blob *layer.Blob
	layer.Info
}

// Options say what an image has that its spec does not: these differ by
// platform.
type Options struct {
	Platform spec.Platform
	// Created is the image's date of creation in seconds since 1970.
	Created int64
	// User is who the process runs as, in Docker's form "user[:group]".
	// Numbers are better than names: Kubernetes cannot tell from a name
	// whether it is root. Empty takes the spec's user as written.
	User string
	// Skipped are the install scripts that did not run, as
	// AnnotationSkippedScripts has them.
	Skipped []string
	Layer   Layer
}

// NewImage makes the image of one platform. Of the spec it takes what goes
// into the image's configuration, and the annotations. The result can be
// pushed, validated or indexed with go-containerregistry. It is not to be
// changed with package mutate, which would drop the health check's
// StartInterval.
func NewImage(s *spec.Image, o Options) (v1.Image, error) {
	config, err := json.Marshal(newConfigFile(s, o))
	if err != nil {
		return nil, fmt.Errorf("cannot make the configuration of %s: %w", s.Name, err)
	}
	annotations := maps.Collect(pairs(s.Annotations))
	annotations[AnnotationLayerEncoding] = strconv.Itoa(layer.Version)
	if c := o.Layer.Compression; !c.IsDefault() {
		annotations[AnnotationLayerCompression] = c.String()
	}
	if len(o.Skipped) > 0 {
		annotations[AnnotationSkippedScripts] = strings.Join(slices.Sorted(slices.Values(o.Skipped)), ",")
	}
	l := fileLayer{o.Layer}
	manifest, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		Config:        descriptorOf(types.OCIConfigJSON, config),
		Layers:        []v1.Descriptor{{MediaType: l.mediaType(), Size: o.Layer.Size, Digest: o.Layer.Digest}},
		Annotations:   annotations,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot make the manifest of %s: %w", s.Name, err)
	}
	return partial.CompressedToImage(&image{config, manifest, l})
}

// image is the least that partial.CompressedToImage asks for.
type image struct {
	config, manifest []byte
	layer            fileLayer
}

func (i *image) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
func (i *image) RawConfigFile() ([]byte, error)      { return i.config, nil }
func (i *image) RawManifest() ([]byte, error)        { return i.manifest, nil }

func (i *image) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	if h == i.layer.file.Digest {
		return i.layer, nil
	}
	config, err := partial.ConfigLayer(i)
	if err != nil {
		return nil, err
	}
	if digest, err := config.Digest(); err != nil || h != digest {
		return nil, fmt.Errorf("internal error: the image has no blob %s", h)
	}
	return config, nil
}

// fileLayer is a layer that is read from its file.
type fileLayer struct{ file Layer }

func (l fileLayer) mediaType() types.MediaType {
	if l.file.Compression.IsZstd() {
		return types.OCILayerZStd
	}
	return types.OCILayer
}

func (l fileLayer) Digest() (v1.Hash, error)            { return l.file.Digest, nil }
func (l fileLayer) DiffID() (v1.Hash, error)            { return l.file.DiffID, nil }
func (l fileLayer) Size() (int64, error)                { return l.file.Size, nil }
func (l fileLayer) MediaType() (types.MediaType, error) { return l.mediaType(), nil }

func (l fileLayer) Compressed() (io.ReadCloser, error) {
	if l.file.Path == "" {
		return l.file.Blob.Open()
	}
	return os.Open(l.file.Path)
}

// descriptorOf describes bytes.
func descriptorOf(mediaType types.MediaType, content []byte) v1.Descriptor {
	sum := sha256.Sum256(content)
	return v1.Descriptor{
		MediaType: mediaType, Size: int64(len(content)),
		Digest: v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])},
	}
}
