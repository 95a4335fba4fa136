// Package oci makes images of layers and writes them (OCI image-spec v1.1:
// config.md, manifest.md, image-index.md, image-layout.md). Its rules:
//
//   - The same input gives the same bytes: JSON with sorted keys of maps, no
//     clock, no name or path of the machine, no version of mkimage.
//   - An image has one layer, one entry of history, and OCI's media types.
//     "created" is the epoch that the caller gives.
//   - Several platforms make an image index, in the order given.
//   - A release without tags has the tag "latest", which every tool assumes
//     where a name has none.
//   - What is written is an OCI image layout: as a folder, or as one archive
//     that Docker's format shares ([WriteArchive]). It appears under its name
//     whole or not at all, by rename(2); what was there before stays until
//     then. A failing or cancelled write leaves nothing behind.
//   - A document about an image is attached by a manifest of its own that refers
//     to the image ([NewReferrer]); the image is the same with it and without.
//   - Layers stay files on disk and are read once for each output; their size
//     and digest are verified while they are copied.
package oci

import (
	"fmt"
	"maps"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mkimage/mkimage/spec"
)

// DefaultTag is the tag of a release that names none.
const DefaultTag = "latest"

// Release is what one spec came to: an image, or an index of one image a
// platform, with the names it goes by.
type Release struct {
	name   string
	tags   []string
	images []v1.Image
	index  v1.ImageIndex // nil for one image

	referrers []v1.Image
}

// NewRelease names the images that [NewImage] made of a spec, one for each of
// different platforms. They go by the tags given, else by the spec's. Of
// several images an index is made, which carries the spec's annotations too.
func NewRelease(s *spec.Image, tags []string, images ...v1.Image) (*Release, error) {
	r := &Release{name: s.Name.Value, tags: chosenTags(s, tags), images: images}
	switch len(images) {
	case 0:
		return nil, fmt.Errorf("internal error: %s has no image", r.name)
	case 1:
		return r, nil
	}
	index, err := newIndex(images, maps.Collect(pairs(s.Annotations)))
	if err != nil {
		return nil, err
	}
	r.index = index
	return r, nil
}

// chosenTags returns the tags that a release gets.
func chosenTags(s *spec.Image, tags []string) []string {
	if len(tags) == 0 {
		tags = values(s.Tags)
	}
	if len(tags) == 0 {
		tags = []string{DefaultTag}
	}
	return tags
}

// FullNames returns what Tags will return of a release of a spec.
func FullNames(s *spec.Image, tags []string) []string {
	return (&Release{name: s.Name.Value, tags: chosenTags(s, tags)}).Tags()
}

// Image returns the one image; nil where there is an index.
func (r *Release) Image() v1.Image {
	if r.index != nil {
		return nil
	}
	return r.images[0]
}

// Index returns the index of the images; nil where there is only one.
func (r *Release) Index() v1.ImageIndex { return r.index }

// Images returns the image of every platform, in order.
func (r *Release) Images() []v1.Image { return r.images }

// For returns the release of the one image for a platform by Docker's names,
// with all names and nothing attached; nil where there is none. Of several
// variants it is the first.
func (r *Release) For(os, arch string) (*Release, error) {
	for _, img := range r.images {
		c, err := img.ConfigFile()
		if err != nil {
			return nil, err
		}
		if c.OS == os && c.Architecture == arch {
			return &Release{name: r.name, tags: r.tags, images: []v1.Image{img}}, nil
		}
	}
	return nil, nil
}

// Tags returns the full names, "repository:tag".
func (r *Release) Tags() []string {
	var names []string
	for _, tag := range r.tags {
		names = append(names, r.name+":"+tag)
	}
	return names
}

// Reference returns "repository:tag@sha256:…" with the first tag and the
// digest of the image's manifest or of the index.
func (r *Release) Reference() (string, error) {
	d, err := r.descriptor()
	if err != nil {
		return "", err
	}
	return r.Tags()[0] + "@" + d.Digest.String(), nil
}

// descriptor describes what the names lead to.
func (r *Release) descriptor() (v1.Descriptor, error) {
	if r.index != nil {
		return describe(r.index)
	}
	return describe(r.images[0])
}

// qualified returns a name with the registry and folder that Docker leaves out
// (distribution's reference.ParseNormalizedNamed): "web:1" is
// "docker.io/library/web:1".
func qualified(name string) string {
	registry, rest, ok := strings.Cut(name, "/")
	switch {
	case !ok:
		return "docker.io/library/" + name
	case strings.ContainsAny(registry, ".:") || registry == "localhost":
		if registry == "docker.io" && !strings.Contains(rest, "/") {
			return "docker.io/library/" + rest
		}
		return name
	}
	return "docker.io/" + name
}
