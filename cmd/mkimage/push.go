package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/assemble/registry"
)

const pushHelp = `mkimage push SOURCE NAME... pushes an image that was written before, by mkimage
or another tool. SOURCE is an archive or an OCI image layout, also as skopeo
names it: oci:DIR, oci-archive:FILE, docker-archive:FILE. It prints one line a
NAME: that with the image's digest.

  --image NAME          which image, of a SOURCE that holds several
` + networkHelp + registryHelp + `
Passwords are those of "docker login" and of Docker's credential helpers.

Example:
  mkimage push app.tar ghcr.io/acme/app:1.4.2 ghcr.io/acme/app:latest
`

type pushFlags struct {
	networkFlags
	registryFlags
	image string
}

func newPush(stdout, stderr io.Writer) *cobra.Command {
	var flags pushFlags
	cmd := &cobra.Command{
		Use: "push SOURCE NAME...",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError{cmd.CommandPath(), fmt.Errorf("%s needs a source and a name, such as app.tar ghcr.io/acme/app:1.4.2", cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			bar := newProgress(stderr)
			defer bar.done()
			digest, err := flags.push(cmd.Context(), bar, args[0], args[1:])
			bar.done()
			if err != nil {
				return err
			}
			for _, name := range args[1:] {
				if _, err := fmt.Fprintln(stdout, withDigest(name, digest)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	flags.networkFlags.register(cmd)
	flags.registryFlags.register(cmd)
	cmd.Flags().StringVar(&flags.image, "image", "", "")
	setHelp(cmd, pushHelp)
	return cmd
}

// push pushes a source to names and returns its digest.
func (f *pushFlags) push(ctx context.Context, bar *progress, source string, names []string) (v1.Hash, error) {
	client, err := f.registry(&f.networkFlags, bar)
	if err != nil {
		return v1.Hash{}, err
	}
	s, err := openStored(source, f.image)
	if err != nil {
		return v1.Hash{}, err
	}
	defer s.close()
	bar.step("pushing %s", source)
	if err := client.Push(ctx, registry.Image{Names: names, Manifest: s.main, Referrers: s.referrers}); err != nil {
		return v1.Hash{}, interruptedWhile(ctx, &pushing{client}, err)
	}
	return s.main.Digest()
}

// withDigest adds a digest to a name, and the tag that one without has.
func withDigest(name string, digest v1.Hash) string {
	name, _, _ = strings.Cut(name, "@")
	if !strings.Contains(name[strings.LastIndexByte(name, '/')+1:], ":") {
		name += ":" + oci.DefaultTag
	}
	return name + "@" + digest.String()
}

// stored is an image on disk, with what refers to it.
type stored struct {
	main      registry.Manifest
	referrers []v1.Image
	close     func() error
}

// openStored opens the image of a source: the one with a name, or its only one.
func openStored(source, image string) (*stored, error) {
	path := source
	docker := false
	for _, word := range []string{"oci:", "oci-archive:", "docker-archive:"} {
		if rest, ok := strings.CutPrefix(source, word); ok {
			path, docker = rest, word == "docker-archive:"
		}
	}
	if !docker {
		l, err := oci.Open(path)
		if err == nil {
			return fromLayout(l, path, image)
		}
		if !errors.Is(err, oci.ErrNoLayout) || oci.IsFolder(path) {
			return nil, err
		}
	}
	img, err := oci.OpenDockerArchive(path, image)
	if err != nil {
		return nil, err
	}
	return &stored{main: img, close: func() error { return nil }}, nil
}

// fromLayout finds an image in a layout and what refers to it.
func fromLayout(l *oci.Layout, path, image string) (*stored, error) {
	s, err := readLayout(l, path, image)
	if err != nil {
		l.Close()
		return nil, err
	}
	s.close = l.Close
	return s, nil
}

func readLayout(l *oci.Layout, path, image string) (*stored, error) {
	d, err := pick(l, path, image)
	if err != nil {
		return nil, err
	}
	s := &stored{}
	subjects := []v1.Hash{d.Digest}
	if d.MediaType.IsIndex() {
		index, err := l.ImageIndex(d)
		if err != nil {
			return nil, err
		}
		m, err := index.IndexManifest()
		if err != nil {
			return nil, err
		}
		for _, child := range m.Manifests {
			subjects = append(subjects, child.Digest)
		}
		s.main = index
	} else if s.main, err = l.Image(d); err != nil {
		return nil, err
	}
	s.referrers, err = l.Referrers(subjects...)
	return s, err
}

// pick chooses the image with a name, as the layout writes it or its tag alone,
// or the only one.
func pick(l *oci.Layout, path, image string) (v1.Descriptor, error) {
	var found, unnamed []v1.Descriptor
	var names []string
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
		own := oci.Names(d)
		names = append(names, own...)
		switch {
		case image == "" && len(own) == 0:
			unnamed = add(unnamed, d) // perhaps only what refers to another
		case image == "" || slices.Contains(own, image) || d.Digest.String() == image:
			found = add(found, d)
		}
	}
	if len(found) == 0 {
		found = unnamed
	}
	slices.Sort(names)
	all := strings.Join(slices.Compact(names), ", ")
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return v1.Descriptor{}, fmt.Errorf("cannot push %s: it holds %d images; choose one with --image: %s", path, len(found), all)
	case image != "":
		return v1.Descriptor{}, fmt.Errorf("cannot push %s: it holds no image called %s, but %s", path, image, all)
	}
	return v1.Descriptor{}, fmt.Errorf("cannot push %s: it holds no image", path)
}
