package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/apk/script"
	"github.com/mkimage/mkimage/assemble"
	"github.com/mkimage/mkimage/assemble/binary"
	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/spec"
)

// builder makes the images of one command. It can make several at a time.
type builder struct {
	fetcher *fetcher
	bar     *progress
	stderr  io.Writer
	epoch   *int64 // SOURCE_DATE_EPOCH, if it is set
	kept    *kept
	work    string // folder for programs and layers until all is written
	bills   bool   // list what images are made of
	locks   *locks // of the specs that have one

	compression layer.Compression // of layers

	made atomic.Int64 // files made in the work folder
	told sync.Mutex   // held while something is said on stderr
}

// choices are what is known of an image for one platform before anything of it
// is fetched: the packages by name and the programs.
type choices struct {
	img      *spec.Image
	platform spec.Platform
	client   *repo.Client
	chosen   *answer
	programs []assemble.Program
}

// prepare chooses packages and compiles.
func (b *builder) prepare(ctx context.Context, img *spec.Image, p spec.Platform) (*choices, error) {
	q, err := ask(img, p)
	if err != nil {
		return nil, err
	}
	client := b.fetcher.client(q.keys)
	chosen, err := b.choose(ctx, client, img, p, q)
	if err != nil {
		return nil, err
	}
	programs, err := b.programs(ctx, img, p)
	if err != nil {
		return nil, err
	}
	return &choices{img, p, client, chosen, programs}, nil
}

// platform makes one image for one platform: fetch, compose, encode.
func (b *builder) platform(ctx context.Context, c *choices) (*built, error) {
	archives, err := fetch(ctx, c.client, c.chosen)
	if err != nil {
		return nil, err
	}
	image, err := b.image(ctx, c, archives)
	if b.kept.distrust(err, archives) {
		if archives, err = fetch(ctx, c.client, c.chosen); err != nil {
			return nil, err
		}
		image, err = b.image(ctx, c, archives)
	}
	return image, err
}

// image makes an image of the packages and programs.
func (b *builder) image(ctx context.Context, c *choices, archives []*apk.Archive) (*built, error) {
	epoch := b.date(archives)
	b.bar.step("composing %s for %s", c.img.Name, c.platform)
	in := composition(c.img, c.chosen, archives, epoch)
	in.Programs = c.programs
	if err := b.kept.list(ctx, in.Packages); err != nil {
		return nil, err
	}
	root, err := assemble.Compose(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := checkProgram(c.img, c.platform, root.Tree); err != nil {
		return nil, err
	}
	l, err := b.layer(ctx, root.Tree, in.Packages, epoch)
	if err != nil {
		return nil, err
	}
	skipped := b.tellSkipped(root.Skipped)
	image, err := oci.NewImage(c.img, oci.Options{Platform: c.platform, Created: epoch, User: root.User, Skipped: skipped, Layer: l})
	if err != nil || !b.bills {
		return &built{image: image}, err
	}
	bill, err := b.bill(ctx, image, parts{c.img, c.platform, epoch, c.chosen, archives, c.programs, root.Tree})
	return &built{image, bill}, err
}

// composition is what the tree is made of.
func composition(img *spec.Image, chosen *answer, archives []*apk.Archive, epoch int64) assemble.Input {
	in := assemble.Input{Image: img, Arch: chosen.arch, World: chosen.dependencies(), Keys: chosen.keyFiles}
	for i, a := range archives {
		in.Packages = append(in.Packages, assemble.Package{Archive: a, Tag: chosen.Install[i].Tag})
	}
	in.Scripts = &script.Runner{Arch: chosen.arch, Now: epoch}
	return in
}

// programs compiles the Go program and names the finished one.
func (b *builder) programs(ctx context.Context, img *spec.Image, p spec.Platform) ([]assemble.Program, error) {
	var list []assemble.Program
	if img.Go != nil {
		b.bar.step("compiling %s for %s", img.Go.Path, p)
		file := b.file("program")
		if err := binary.Compile(ctx, img.Go, p.Platform, file); err != nil {
			return nil, err
		}
		list = append(list, assemble.Program{Path: img.Go.Path, File: file})
	}
	if img.Binary != nil {
		list = append(list, assemble.Program{Path: img.Binary.Path, File: img.Binary.For(p).Abs})
	}
	return list, nil
}

// checkProgram verifies that the image can run its finished program.
func checkProgram(img *spec.Image, p spec.Platform, t *tree.Tree) error {
	if img.Binary == nil {
		return nil
	}
	provides := func(path string) bool {
		n, err := t.Stat(path)
		return err == nil && n.Kind == tree.File
	}
	return binary.Check(img.Binary.For(p), img.Binary.Path.Value, p.Platform, provides)
}

// layer writes the tree to a file of the work folder.
func (b *builder) layer(ctx context.Context, t *tree.Tree, packages []assemble.Package, epoch int64) (oci.Layer, error) {
	o := layer.Options{Epoch: epoch, Compression: b.compression}
	for _, p := range packages {
		o.Packages = append(o.Packages, p)
	}
	b.bar.step("writing the layer")
	if b.kept != nil && len(packages) > 0 {
		return b.kept.layer(ctx, t, o)
	}
	l := oci.Layer{Path: b.file("layer")}
	f, err := os.Create(l.Path)
	if err != nil {
		return l, fmt.Errorf("cannot write a layer to %s: %w; TMPDIR names another place", b.work, plain(err))
	}
	l.Info, err = layer.Write(ctx, f, t, o)
	if closed := f.Close(); err == nil {
		err = closed
	}
	var file *fs.PathError
	if errors.As(err, &file) && file.Path == l.Path {
		err = fmt.Errorf("cannot write a layer to %s: %w; TMPDIR names another place", b.work, file.Err)
	}
	return l, err
}

// file names a new file of the work folder.
func (b *builder) file(kind string) string {
	return filepath.Join(b.work, kind+strconv.FormatInt(b.made.Add(1), 10))
}

// date is when what mkimage makes was made: as the caller says, or as old as
// the newest package. The clock has no part in it.
func (b *builder) date(archives []*apk.Archive) int64 {
	if b.epoch != nil {
		return *b.epoch
	}
	var newest int64
	for _, a := range archives {
		newest = max(newest, a.Package.BuildTime)
	}
	return newest
}

// sourceDateEpoch reads SOURCE_DATE_EPOCH (reproducible-builds.org's
// specification); nil where it is not set.
func sourceDateEpoch() (*int64, error) {
	s := os.Getenv("SOURCE_DATE_EPOCH")
	if s == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > maxEpoch {
		return nil, fmt.Errorf("cannot use SOURCE_DATE_EPOCH=%q: it must be seconds since 1970, such as 1700000000", s)
	}
	return &n, nil
}

// maxEpoch is the end of the year 9999, the last that RFC 3339 can write.
const maxEpoch = 253402300799

// tellSkipped lists the scripts that did not run because the spec says so, and
// returns their names for the image.
func (b *builder) tellSkipped(skipped []script.Script) (names []string) {
	b.told.Lock()
	defer b.told.Unlock()
	for _, s := range skipped {
		b.bar.done()
		fmt.Fprintf(b.stderr, "mkimage: skipped the %s, as the spec says\n", s)
		names = append(names, s.Package+":"+string(s.Kind))
	}
	return names
}
