package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/spec"
)

const buildHelp = `mkimage build SPEC... builds the images that specs declare. Files are one spec
together; each folder, or each below dir/..., is a spec of its own. It prints
one line an image: its reference with its digest.

  -o, --output FILE     an archive for OCI tools and "docker load"
                        (default: NAME.tar beside the spec)
  -o, --output DIR/     an OCI image layout
  --tag TAG             in place of the spec's tags; repeatable
` + documentHelp + lockedHelp + specHelp + fetchHelp + `
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
	output string
	tags   []string
}

func newBuild(stdout, stderr io.Writer) *cobra.Command {
	var flags buildFlags
	cmd := &cobra.Command{
		Use:  "build SPEC...",
		Args: needSpecs,
		RunE: func(cmd *cobra.Command, args []string) error {
			bar := newProgress(stderr)
			defer bar.done()
			if err := flags.understood(cmd); err != nil {
				return err
			}
			f, err := flags.fetcher(cmd, bar)
			if err != nil {
				return err
			}
			b := &builder{fetcher: f, bar: bar, stderr: stderr, bills: flags.wanted()}
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
	cmd.Flags().StringVarP(&flags.output, "output", "o", "", "")
	cmd.Flags().StringSliceVar(&flags.tags, "tag", nil, "")
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
	outputs, err := f.outputs(images)
	if err != nil {
		return nil, err
	}
	if err := f.documentFlags.check(images); err != nil {
		return nil, err
	}
	if b.locks, err = f.locks(images, &f.specFlags); err != nil {
		return nil, err
	}
	if b.work, err = os.MkdirTemp("", "mkimage-"); err != nil {
		return nil, fmt.Errorf("cannot make a folder for layers: %w; TMPDIR names another place", err)
	}
	defer os.RemoveAll(b.work)
	b.kept = openKept(ctx, b.fetcher, b.work)
	defer b.kept.close()
	for _, out := range outputs {
		if err := f.make(ctx, b, out); err != nil {
			return nil, err
		}
	}
	for _, out := range outputs {
		written, err := f.write(ctx, b, out)
		if err != nil {
			return references, err
		}
		references = append(references, written...)
	}
	return references, nil
}

// make makes what goes into an output, unless the output has it already.
func (f *buildFlags) make(ctx context.Context, b *builder, out *output) error {
	for _, img := range out.images {
		list := make([]*choices, len(img.Platforms))
		err := eachPlatform(ctx, img.Platforms, func(ctx context.Context, i int, p spec.Platform) (err error) {
			list[i], err = b.prepare(ctx, img, p)
			return err
		})
		if err != nil {
			return err
		}
		out.choices = append(out.choices, list)
	}
	if !f.documentFlags.wanted() {
		out.digest = b.kept.digest(ctx, f, b.epoch, out)
		out.present = b.kept.find(out)
	}
	if out.present != nil {
		return nil
	}
	for i, img := range out.images {
		release, documents, err := f.release(ctx, b, img, out.choices[i])
		if err != nil {
			return err
		}
		out.releases = append(out.releases, release)
		out.documents = append(out.documents, documents...)
	}
	return nil
}

// write writes an output and what belongs beside it, and returns the references
// of its images.
func (f *buildFlags) write(ctx context.Context, b *builder, out *output) ([]string, error) {
	if out.present != nil {
		return out.present.References, nil
	}
	b.bar.step("writing %s", out.path)
	references, err := out.write(ctx)
	if err != nil {
		return nil, err
	}
	b.kept.keep(out, references, func() string { return b.kept.digest(ctx, f, b.epoch, out) })
	return references, f.documentFlags.write(out.documents)
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
	release, err := oci.NewRelease(img, f.tags, images...)
	if err != nil {
		return nil, nil, err
	}
	documents, err := f.describe(release, all, source)
	return release, documents, err
}

// output is a file or folder to write, with the images that go into it.
type output struct {
	path      string
	images    []*spec.Image
	releases  []*oci.Release
	documents []oci.Document // about the releases

	choices [][]*choices // by image and platform
	digest  string       // of all that decides what the output holds; empty: not asked for
	present *record      // the output holds it already
}

// outputs says where each image goes, and refuses what could not be written
// before any work is done.
func (f *buildFlags) outputs(images []*spec.Image) ([]*output, error) {
	var list []*output
	if f.output != "" {
		list = append(list, &output{path: f.output, images: images})
	}
	taken := map[string]*spec.Image{}
	for _, img := range images {
		if f.output != "" {
			break
		}
		path := filepath.Join(img.Dir, filepath.Base(img.Name.Value)+".tar")
		if other := taken[path]; other != nil {
			return nil, fmt.Errorf("cannot write both %s and %s to %s; give the images other names, or build them into one with --output",
				other.SpecFiles[0], img.SpecFiles[0], path)
		}
		taken[path] = img
		list = append(list, &output{path: path, images: []*spec.Image{img}})
	}
	for _, out := range list {
		if err := out.check(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (o *output) check() error {
	if oci.IsFolder(o.path) {
		return oci.CheckFolder(o.path)
	}
	return oci.CheckArchive(o.path)
}

// write writes the output and returns the references of its images.
func (o *output) write(ctx context.Context) (references []string, err error) {
	for _, r := range o.releases {
		reference, err := r.Reference()
		if err != nil {
			return nil, err
		}
		references = append(references, reference)
	}
	if oci.IsFolder(o.path) {
		return references, oci.WriteFolder(ctx, o.path, o.releases...)
	}
	return references, oci.WriteArchive(ctx, o.path, o.releases...)
}
