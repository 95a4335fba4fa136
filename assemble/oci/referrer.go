package oci

import (
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// emptyConfig is the configuration of what has none (manifest.md, "Guidance for
// an Empty Descriptor").
const (
	emptyConfig     = "{}"
	emptyConfigType = "application/vnd.oci.empty.v1+json"
)

// annotationTitle names the file that a layer is, for tools that write it to
// disk, such as oras (annotations.md).
const annotationTitle = "org.opencontainers.image.title"

// Document is something said about an image, such as a bill of materials.
type Document struct {
	Type    string // media type
	Name    string // file name
	Content []byte
}

// NewReferrer makes the artifact that attaches a document to an image: a
// manifest with the image as its subject, the document's type as artifactType
// and the document as its only layer (manifest.md, "Guidelines for Artifact
// Usage"). It can be given to [Release.Attach], or pushed as any image can.
func NewReferrer(subject v1.Image, d Document) (v1.Image, error) {
	about, err := describe(subject)
	if err != nil {
		return nil, err
	}
	layer := descriptorOf(types.MediaType(d.Type), d.Content)
	layer.Annotations = map[string]string{annotationTitle: d.Name}
	manifest, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		ArtifactType:  d.Type,
		Config:        descriptorOf(emptyConfigType, []byte(emptyConfig)),
		Layers:        []v1.Descriptor{layer},
		Subject:       &about,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot make the manifest of %s: %w", d.Name, err)
	}
	return partial.CompressedToImage(&referrer{manifest, static.NewLayer(d.Content, types.MediaType(d.Type))})
}

// referrer is the least that partial.CompressedToImage asks for.
type referrer struct {
	manifest []byte
	layer    v1.Layer
}

func (r *referrer) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
func (r *referrer) RawConfigFile() ([]byte, error)      { return []byte(emptyConfig), nil }
func (r *referrer) RawManifest() ([]byte, error)        { return r.manifest, nil }

func (r *referrer) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	if digest, err := r.layer.Digest(); err != nil || h == digest {
		return r.layer, err
	}
	return partial.ConfigLayer(r)
}

// Attach adds referrers of the release's images: what is written lists them in
// index.json, without a name. There the archive's other form, Docker's, knows
// nothing of them.
func (r *Release) Attach(referrers ...v1.Image) { r.referrers = append(r.referrers, referrers...) }

// Referrers returns what was attached, in order.
func (r *Release) Referrers() []v1.Image { return r.referrers }

// referrerDescriptors describes what was attached as index.json does.
func (r *Release) referrerDescriptors() ([]v1.Descriptor, error) {
	var list []v1.Descriptor
	for _, img := range r.referrers {
		d, err := describe(img)
		if err != nil {
			return nil, err
		}
		m, err := img.Manifest()
		if err != nil {
			return nil, err
		}
		d.ArtifactType = m.ArtifactType
		list = append(list, d)
	}
	return list, nil
}
