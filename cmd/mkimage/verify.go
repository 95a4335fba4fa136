package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/assemble/compare"
	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/spec"
)

const verifyHelp = `mkimage verify IMAGE --spec SPEC builds the image of a spec again and compares.
IMAGE is an archive, an OCI image layout, or a name in a registry. It prints one
line if they are the same, byte for byte, else a line for each difference, and
the exit status is 1.

  --spec SPEC           a spec's file or folder; repeatable, as for build
` + lockedHelp + specHelp + fetchHelp + registryHelp + `
Without SOURCE_DATE_EPOCH the time of what is made is that of IMAGE.

Example:
  mkimage verify ghcr.io/acme/web:1.4.2 --spec app.cue -D version=1.4.2
`

type verifyFlags struct {
	specFlags
	fetchFlags
	lockedFlags
	registryFlags
	specs []string
}

func newVerify(stdout, stderr io.Writer) *cobra.Command {
	var flags verifyFlags
	cmd := &cobra.Command{
		Use:  "verify IMAGE --spec SPEC",
		Args: needImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(flags.specs) == 0 {
				return usageError{cmd.CommandPath(), fmt.Errorf("%s needs a spec, such as --spec app.cue", cmd.CommandPath())}
			}
			bar := newProgress(stderr)
			defer bar.done()
			f, err := flags.fetcher(cmd, bar)
			if err != nil {
				return err
			}
			lines, err := flags.verify(cmd.Context(), &builder{fetcher: f, bar: bar, stderr: stderr}, args[0])
			bar.done()
			for _, line := range lines {
				if _, err := fmt.Fprintln(stdout, line); err != nil {
					return err
				}
			}
			return err
		},
	}
	flags.specFlags.register(cmd)
	flags.fetchFlags.register(cmd)
	flags.lockedFlags.register(cmd)
	flags.registryFlags.register(cmd)
	cmd.Flags().StringArrayVar(&flags.specs, "spec", nil, "")
	setHelp(cmd, verifyHelp)
	return cmd
}

// needImage is the argument check of the commands that read one image.
func needImage(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError{cmd.CommandPath(), fmt.Errorf("%s needs one image, such as app.tar", cmd.CommandPath())}
	}
	return nil
}

// verify builds a spec again and compares it with an image. It returns what is
// to be printed: that they are the same or, with an error, how they differ.
func (f *verifyFlags) verify(ctx context.Context, b *builder, name string) (lines []string, err error) {
	if b.epoch, err = sourceDateEpoch(); err != nil {
		return nil, err
	}
	images, err := f.load(f.specs)
	if err != nil {
		return nil, err
	}
	if len(images) != 1 {
		return nil, fmt.Errorf("cannot verify %s: %s are specs of %d images, and it can be only one's", name, strings.Join(f.specs, " "), len(images))
	}
	img := images[0]
	if b.locks, err = f.locks(images, &f.specFlags); err != nil {
		return nil, err
	}
	b.bar.step("reading %s", name)
	found, err := f.open(ctx, name, img)
	if err != nil {
		return nil, err
	}
	defer found.close()
	if b.work, err = os.MkdirTemp("", "mkimage-"); err != nil {
		return nil, fmt.Errorf("cannot make a folder for layers: %w; TMPDIR names another place", err)
	}
	defer os.RemoveAll(b.work)
	lines, err = f.compare(ctx, b, img, found)
	if err != nil {
		return nil, err
	}
	if len(lines) > 0 {
		return lines, fmt.Errorf("%s is not what %s gives", name, strings.Join(img.SpecFiles, " "))
	}
	part := ""
	if found.index != nil && len(f.platforms) > 0 {
		part = ", its " + strings.Join(f.platforms, " and ") + ","
	}
	return []string{fmt.Sprintf("%s@%s%s is what %s gives", name, found.digest, part, strings.Join(img.SpecFiles, " "))}, nil
}

// compare builds the spec for its platforms and returns the differences.
func (f *verifyFlags) compare(ctx context.Context, b *builder, img *spec.Image, found *candidate) ([]string, error) {
	var lines []string
	var rebuilt []v1.Image
	whole := true // all images of the index are compared
	for _, p := range img.Platforms {
		image := found.image(p)
		if image == nil {
			whole = false
			lines = append(lines, fmt.Sprintf("%s: image has none, rebuilt has one; --platform leaves it out", p))
			continue
		}
		again, err := b.rebuild(ctx, img, p, image)
		if err != nil {
			return nil, err
		}
		b.bar.step("comparing %s for %s", img.Name, p)
		differences, err := compare.Images(ctx, image, again)
		if err != nil {
			return nil, fmt.Errorf("cannot verify %s: %w", found.name, err)
		}
		for _, d := range differences {
			if len(img.Platforms) > 1 {
				d = p.String() + ": " + d
			}
			lines = append(lines, d)
		}
		rebuilt = append(rebuilt, again)
	}
	for _, other := range found.platforms() {
		if !hasPlatform(img.Platforms, other) {
			whole = false
			if len(f.platforms) == 0 {
				lines = append(lines, fmt.Sprintf("%s: image has one, rebuilt has none; --platform %s builds it", other, other))
			}
		}
	}
	if len(lines) > 0 || !whole || found.index == nil && len(rebuilt) == 1 {
		return lines, nil
	}
	return compareIndexes(img, found, rebuilt)
}

// compareIndexes compares the index of images that are all the same.
func compareIndexes(img *spec.Image, found *candidate, rebuilt []v1.Image) ([]string, error) {
	release, err := oci.NewRelease(img, nil, rebuilt...)
	if err != nil {
		return nil, err
	}
	if release.Index() == nil {
		return []string{"the image is in an index, rebuilt it is in none"}, nil
	}
	raw, err := release.Index().RawManifest()
	if err != nil || string(raw) == string(found.index) {
		return nil, err
	}
	lines, err := compare.Indexes(found.index, raw)
	if err == nil && len(lines) == 0 {
		lines = []string{"the index: the same fields, written in another way"}
	}
	return lines, err
}

// rebuild builds the image of one platform, dated as the one that it is to be
// compared with, unless the environment has another date. Nothing that earlier
// builds kept is used but packages, which are verified.
func (b *builder) rebuild(ctx context.Context, img *spec.Image, p spec.Platform, like v1.Image) (v1.Image, error) {
	if b.epoch == nil {
		config, err := like.ConfigFile()
		if err != nil {
			return nil, fmt.Errorf("cannot read the configuration for %s: %w", p, err)
		}
		created := config.Created.Unix()
		if created < 0 || created > maxEpoch {
			return nil, errors.New("cannot build an image again that is dated before 1970 or after 9999; set SOURCE_DATE_EPOCH")
		}
		b.epoch = &created
		defer func() { b.epoch = nil }()
	}
	var err error
	if b.compression, err = compressionOf(like); err != nil {
		return nil, err
	}
	c, err := b.prepare(ctx, img, p)
	if err != nil {
		return nil, err
	}
	one, err := b.platform(ctx, c)
	if err != nil {
		return nil, err
	}
	return one.image, nil
}

// compressionOf returns how an image's layer is compressed, as its manifest
// says.
func compressionOf(img v1.Image) (layer.Compression, error) {
	m, err := img.Manifest()
	if err != nil {
		return layer.Compression{}, err
	}
	method := m.Annotations[oci.AnnotationLayerCompression]
	if method == "" {
		return layer.Compression{}, nil
	}
	return layer.ParseCompression(method)
}
