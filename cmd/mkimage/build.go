package main

import (
	"context"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/spec"
)

const buildHelp = `mkimage build SPEC... builds the images that specs declare. Files are one spec
together; each folder, or each below dir/..., is a spec of its own. It prints
one line an image: its reference with its digest.

` + deliverHelp + documentHelp + lockedHelp + specHelp + fetchHelp + registryHelp + `
SOURCE_DATE_EPOCH is the time of what is made; without it, the time at which the
newest package was built.

Example:
  mkimage build app.cue -D version=1.4.2 && docker load -i app.tar
`

type buildFlags struct {
	specFlags
	fetchFlags
	documentFlags
	lockedFlags
	deliverFlags
}

func newBuild(stdout, stderr io.Writer) *cobra.Command {
	var flags buildFlags
	cmd := &cobra.Command{
		Use:  "build SPEC...",
		Args: needSpecs,
		RunE: func(cmd *cobra.Command, args []string) error {
			bar := newProgress(stderr)
			defer bar.done()
			if err := flags.documentFlags.understood(cmd); err != nil {
				return err
			}
			f, err := flags.fetcher(cmd, bar)
			if err != nil {
				return err
			}
			if err := flags.deliverFlags.understood(cmd); err != nil {
				return err
			}
			b := &builder{fetcher: f, bar: bar, stderr: stderr, bills: flags.wanted(), compression: flags.compression}
			references, err := flags.build(cmd.Context(), b, args)
			bar.done()
			for _, r := range references {
				if _, err := fmt.Fprintln(stdout, r); err != nil {
					return err
				}
			}
			return err
		},
	}
	flags.specFlags.register(cmd)
	flags.fetchFlags.register(cmd)
	flags.documentFlags.register(cmd)
	flags.lockedFlags.register(cmd)
	flags.deliverFlags.register(cmd)
	setHelp(cmd, buildHelp)
	return cmd
}

// build is the whole line: it reads the specs, makes every image and then
// writes them. It returns the references of those that were written.
func (f *buildFlags) build(ctx context.Context, b *builder, args []string) (references []string, err error) {
	if b.epoch, err = sourceDateEpoch(); err != nil {
		return nil, err
	}
	images, err := f.load(args)
	if err != nil {
		return nil, err
	}
	batches, err := f.batches(images)
	if err != nil {
		return nil, err
	}
	if err := f.documentFlags.fits(&f.deliverFlags, batches); err != nil {
		return nil, err
	}
	if err := f.documentFlags.check(images); err != nil {
		return nil, err
	}
	if b.locks, err = f.locks(images, &f.specFlags); err != nil {
		return nil, err
	}
	if err := f.arrange(ctx, b, batches); err != nil {
		return nil, err
	}
	if b.work, err = os.MkdirTemp("", "mkimage-"); err != nil {
		return nil, fmt.Errorf("cannot make a folder for layers: %w; TMPDIR names another place", err)
	}
	defer os.RemoveAll(b.work)
	b.kept = openKept(ctx, b.fetcher, b.work, b.compression)
	defer b.kept.close()
	for _, t := range batches {
		if err := f.make(ctx, b, t); err != nil {
			return nil, err
		}
	}
	for _, t := range batches {
		written, err := f.write(ctx, b, t)
		if err != nil {
			return references, err
		}
		references = append(references, written...)
	}
	return references, nil
}

// make makes the images of a batch, unless they are already everywhere.
func (f *buildFlags) make(ctx context.Context, b *builder, t *batch) error {
	var all [][]*choices // by image and platform
	for _, img := range t.images {
		list := make([]*choices, len(img.Platforms))
		err := eachPlatform(ctx, img.Platforms, func(ctx context.Context, i int, p spec.Platform) (err error) {
			list[i], err = b.prepare(ctx, img, p)
			return err
		})
		if err != nil {
			return err
		}
		all = append(all, list)
	}
	if !f.documentFlags.wanted() {
		b.kept.decide(ctx, f, b.epoch, t, all)
		for _, out := range t.outputs {
			out.present = b.kept.find(out)
		}
	}
	if t.references = t.present(); t.references != nil {
		return nil
	}
	for i, img := range t.images {
		release, documents, err := f.release(ctx, b, img, all[i])
		if err != nil {
			return err
		}
		reference, err := release.Reference()
		if err != nil {
			return err
		}
		t.releases = append(t.releases, release)
		t.documents = append(t.documents, documents...)
		t.references = append(t.references, reference)
	}
	return nil
}

// write brings a batch where it goes, and what belongs beside it, and returns
// the references of its images.
func (f *buildFlags) write(ctx context.Context, b *builder, t *batch) ([]string, error) {
	for _, out := range t.outputs {
		if out.present != nil {
			continue
		}
		b.bar.step("writing %s", out.path)
		if err := out.write(ctx); err != nil {
			return nil, err
		}
		b.kept.keep(ctx, out, t.references)
	}
	if err := f.documentFlags.write(t.documents); err != nil {
		return nil, err
	}
	for _, d := range t.destinations {
		b.bar.step("%s", d)
		if err := d.deliver(ctx, t.releases); err != nil {
			return nil, interruptedWhile(ctx, d, err)
		}
	}
	return t.references, nil
}

// release makes one image for its platforms, and the documents about it that
// were asked for.
func (f *buildFlags) release(ctx context.Context, b *builder, img *spec.Image, list []*choices) (*oci.Release, []oci.Document, error) {
	source, err := readSource(img, f.specFlags.tags, b.epoch)
	if err != nil {
		return nil, nil, err
	}
	source.Lock = b.locks.listed(img)
	all, images := make([]*built, len(list)), make([]v1.Image, len(list))
	err = eachPlatform(ctx, img.Platforms, func(ctx context.Context, i int, _ spec.Platform) error {
		one, err := b.platform(ctx, list[i])
		if err == nil {
			all[i], images[i] = one, one.image
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	release, err := oci.NewRelease(img, f.deliverFlags.tags, images...)
	if err != nil {
		return nil, nil, err
	}
	documents, err := f.describe(release, all, source)
	return release, documents, err
}
