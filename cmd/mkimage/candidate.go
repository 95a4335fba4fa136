package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/spec"
)

// candidate is an image that is there already, to be compared.
type candidate struct {
	name   string  // as the user typed it
	digest v1.Hash // of the manifest, or of the index
	index  []byte  // its manifest; nil where there is none
	parts  []platformImage
	close  func() error
}

// platformImage is the image of one platform.
type platformImage struct {
	platform apk.Platform
	image    v1.Image
}

// image returns the image of a platform, nil if there is none.
func (c *candidate) image(p spec.Platform) v1.Image {
	for _, part := range c.parts {
		if part.platform == p.Platform {
			return part.image
		}
	}
	return nil
}

// platforms returns those that there are images for.
func (c *candidate) platforms() []apk.Platform {
	var list []apk.Platform
	for _, part := range c.parts {
		list = append(list, part.platform)
	}
	return list
}

func hasPlatform(list []spec.Platform, p apk.Platform) bool {
	return slices.ContainsFunc(list, func(q spec.Platform) bool { return q.Platform == p })
}

// open opens an image by the name of a file or folder, after one of
// skopeo's words or not, or else of a registry. Of several images that a layout
// holds it is the one that the spec's name leads to.
func (f *verifyFlags) open(ctx context.Context, name string, img *spec.Image) (*candidate, error) {
	path, local := name, false
	for _, transport := range []string{"oci-archive:", "docker-archive:", "oci:"} {
		if rest, ok := strings.CutPrefix(name, transport); ok {
			path, local = rest, true
		}
	}
	if !local {
		_, err := os.Stat(path)
		local = err == nil || strings.ContainsAny(path[:min(1, len(path))], "./") || strings.HasSuffix(path, ".tar") || strings.HasSuffix(path, "/")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("cannot read %s: %w", path, plain(err))
		}
	}
	if local {
		return openLayout(name, path, img)
	}
	if f.offline {
		return nil, fmt.Errorf("cannot pull %s offline; name an archive or a folder", name)
	}
	client, err := f.registry(&f.networkFlags, nil)
	if err != nil {
		return nil, err
	}
	m, err := client.Pull(ctx, name)
	if err != nil {
		return nil, err
	}
	c := &candidate{name: name, close: func() error { return nil }}
	if c.digest, err = m.Digest(); err != nil {
		return nil, err
	}
	if index, ok := m.(v1.ImageIndex); ok {
		if c.index, err = index.RawManifest(); err != nil {
			return nil, err
		}
		return c, c.addIndex(index.IndexManifest, func(d v1.Descriptor) (v1.Image, error) { return index.Image(d.Digest) })
	}
	image, ok := m.(v1.Image)
	if !ok {
		return nil, fmt.Errorf("internal error: %s is neither an image nor an index", name)
	}
	return c, c.add(image, nil)
}

// openLayout opens an image on disk.
func openLayout(name, path string, img *spec.Image) (*candidate, error) {
	l, err := oci.Open(path)
	if err != nil {
		return nil, err
	}
	c := &candidate{name: name, close: l.Close}
	d, err := chooseManifest(l, path, img)
	if err == nil {
		c.digest = d.Digest
		if d.MediaType.IsIndex() {
			var m *v1.IndexManifest
			c.index, m, err = l.Index(d)
			if err == nil {
				err = c.addIndex(func() (*v1.IndexManifest, error) { return m, nil }, l.Image)
			}
		} else {
			var image v1.Image
			if image, err = l.Image(d); err == nil {
				err = c.add(image, nil)
			}
		}
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return c, nil
}

// chooseManifest returns which of a layout's manifests is meant: the only one or, of
// several, the one with the name of the spec's image.
func chooseManifest(l *oci.Layout, path string, img *spec.Image) (v1.Descriptor, error) {
	var all, named []v1.Descriptor
	add := func(list []v1.Descriptor, d v1.Descriptor) []v1.Descriptor {
		if slices.ContainsFunc(list, func(o v1.Descriptor) bool { return o.Digest == d.Digest }) {
			return list
		}
		return append(list, d)
	}
	for _, d := range l.Manifests {
		if d.ArtifactType != "" || !d.MediaType.IsImage() && !d.MediaType.IsIndex() {
			continue
		}
		all = add(all, d)
		for _, name := range oci.Names(d) {
			if i := strings.LastIndexByte(name, ':'); i >= 0 && strings.HasSuffix("/"+name[:i], "/"+img.Name.Value) {
				named = add(named, d)
			}
		}
	}
	switch {
	case len(all) == 1:
		return all[0], nil
	case len(named) == 1:
		return named[0], nil
	case len(all) == 0:
		return v1.Descriptor{}, fmt.Errorf("cannot verify %s: it holds no image", path)
	}
	return v1.Descriptor{}, fmt.Errorf("cannot verify %s: it holds %d images, of which %d are called %s", path, len(all), len(named), img.Name)
}

// addIndex adds the images of an index.
func (c *candidate) addIndex(manifest func() (*v1.IndexManifest, error), open func(v1.Descriptor) (v1.Image, error)) error {
	m, err := manifest()
	if err != nil {
		return err
	}
	for _, d := range m.Manifests {
		if !d.MediaType.IsImage() || d.Platform == nil || d.Platform.OS == "unknown" {
			continue // what other programs keep there, such as attestations
		}
		image, err := open(d)
		if err != nil {
			return err
		}
		if err := c.add(image, d.Platform); err != nil {
			return err
		}
	}
	return nil
}

// add adds an image, for the platform given or for that of its configuration.
func (c *candidate) add(image v1.Image, p *v1.Platform) error {
	if p == nil {
		config, err := image.ConfigFile()
		if err != nil {
			return fmt.Errorf("cannot read the configuration of %s: %w", c.name, err)
		}
		p = &v1.Platform{OS: config.OS, Architecture: config.Architecture, Variant: config.Variant}
	}
	written := apk.Platform{OS: p.OS, Architecture: p.Architecture, Variant: p.Variant}
	if known, err := apk.ParsePlatform(written.String()); err == nil {
		written = known // linux/arm64/v8 is linux/arm64
	}
	c.parts = append(c.parts, platformImage{written, image})
	return nil
}
