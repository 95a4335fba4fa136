package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/internal/cache"
	"github.com/mkimage/mkimage/spec"
)

// A build whose output holds the result already is done when it knows that. It
// is known by two things: a digest of all that decides the result, and what the
// file system says of the files that were written then. A file whose inode,
// size and times of change and modification are those of then has its content
// of then: a program can set the time of modification back, but not that of
// change (stat(2), st_ctim).

// record is what the cache has of an output.
type record struct {
	Digest     string   // of all that decided it
	References []string // of its images
	Files      []identity
}

// identity is what tells a file from itself changed.
type identity struct {
	Path     string // below the output, empty for the output itself
	Size     int64
	Inode    uint64
	Modified int64 // nanoseconds since 1970
	Changed  int64 // likewise: when the inode was changed
}

// maxImageRecord is more bytes than a record has.
const maxImageRecord = 16 << 20

// recordName names the record of an output: by its place.
func recordName(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(abs))), nil
}

// find returns the record of an output that holds what its digest stands for;
// nil where that is not known.
func (k *kept) find(out *output) *record {
	if k == nil || out.digest == "" {
		return nil
	}
	name, err := recordName(out.path)
	if err != nil {
		return nil
	}
	content, err := k.folder.Read(cache.Images, name, maxImageRecord)
	if err != nil {
		return nil
	}
	var r record
	if json.Unmarshal(content, &r) != nil || r.Digest != out.digest {
		return nil
	}
	if now, err := identities(out.path); err != nil || !slices.Equal(now, r.Files) {
		return nil
	}
	return &r
}

// keep records what an output holds now, unless a file was changed during the
// build. Failing is no fault: the next build makes the output again.
func (k *kept) keep(ctx context.Context, out *output, references []string) {
	if k == nil || out.digest == "" || out.decided(out.content(ctx)) != out.digest {
		return
	}
	name, err := recordName(out.path)
	if err != nil {
		return
	}
	files, err := identities(out.path)
	if err != nil {
		return
	}
	content, err := json.Marshal(record{out.digest, references, files})
	if err == nil {
		k.folder.Write(cache.Images, name, content)
	}
}

// identities returns the identity of an output: of a file, or of each file of
// a folder.
func identities(path string) ([]identity, error) {
	var list []identity
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(file)
		if err != nil || info.IsDir() {
			return err
		}
		rel, err := filepath.Rel(path, file)
		if err != nil {
			return err
		}
		inode, changed, ok := inodeOf(info)
		if !ok {
			return fmt.Errorf("%s has no inode", file)
		}
		list = append(list, identity{rel, info.Size(), inode, info.ModTime().UnixNano(), changed})
		return nil
	})
	return list, err
}

// decide takes note of what decides the images of a batch: mkimage itself, the
// specs' values, the time, the packages, and which files' content. It does not
// where that cannot be told, or where the build has more to say than
// references.
func (k *kept) decide(ctx context.Context, f *buildFlags, epoch *int64, t *batch, all [][]*choices) {
	self, err := ownIdentity()
	if k == nil || err != nil {
		return
	}
	d := &digester{hash: sha256.New()}
	d.values(self, version(), layer.Version, f.compression.String(), f.deliverFlags.tags, epoch)
	for i, img := range t.images {
		if img.APK != nil && len(img.APK.Scripts) > 0 {
			return // scripts that are skipped are told each time
		}
		d.values(img)
		for _, file := range img.Files {
			if file.Kind == spec.KindSource {
				t.sources = append(t.sources, file.Source.Abs)
			}
		}
		for _, c := range all[i] {
			d.choices(c)
			for _, p := range c.programs {
				t.sources = append(t.sources, p.File)
			}
		}
	}
	t.values = d.sum()
	content := t.content(ctx)
	for _, out := range t.outputs {
		out.digest = out.decided(content)
	}
}

// content returns the digest of what the sources hold now, empty where one
// cannot be read.
func (t *batch) content(ctx context.Context) string {
	d := &digester{ctx: ctx, hash: sha256.New()}
	for _, path := range t.sources {
		d.tree(path)
	}
	return d.sum()
}

// decided returns the digest of all that decides what the output holds, empty
// where that is not known.
func (o *output) decided(content string) string {
	if o.values == "" || content == "" {
		return ""
	}
	d := &digester{hash: sha256.New()}
	d.values(o.values, content, o.path, o.form)
	return d.sum()
}

// ownIdentity tells this mkimage from one built of other sources, which for
// builds from a checkout has the same version.
func ownIdentity() (identity, error) {
	path, err := os.Executable()
	if err != nil {
		return identity{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return identity{}, err
	}
	return identity{Size: info.Size(), Modified: info.ModTime().UnixNano()}, nil
}

// digester hashes what decides a result.
type digester struct {
	ctx  context.Context
	hash hash.Hash
	err  error
}

// values hashes values in a form that does not let one pass for two: JSON.
func (d *digester) values(list ...any) {
	for _, v := range list {
		b, err := json.Marshal(v)
		d.fail(err)
		d.hash.Write(append(b, '\n'))
	}
}

// sum returns the digest, empty after an error.
func (d *digester) sum() string {
	if d.err != nil {
		return ""
	}
	return hex.EncodeToString(d.hash.Sum(nil))
}

// choices hashes packages and programs of one platform.
func (d *digester) choices(c *choices) {
	d.values(c.platform, c.chosen.arch, c.chosen.keyFiles)
	var world []string
	for _, w := range c.chosen.dependencies() {
		world = append(world, w.String())
	}
	d.values(world)
	for i, s := range c.chosen.Install {
		choice := c.chosen.choice(i)
		d.values(struct {
			Package *apk.Package
			Tag     string
			SHA256  *[sha256.Size]byte
		}{s.Package, s.Tag, choice.SHA256})
	}
	for _, p := range c.programs {
		d.values(p.Path)
	}
}

// tree hashes a file or what is below a folder. The root may be a symbolic link.
func (d *digester) tree(root string) {
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		d.fail(err)
		return
	}
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil {
			err = d.ctx.Err()
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		d.values(rel, info.Mode())
		switch {
		case info.Mode().IsRegular():
			return d.content(path)
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			d.values(target)
			return err
		}
		return nil
	})
	d.fail(err)
}

// fail takes note of the first error.
func (d *digester) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// content hashes a file's digest, which has one length.
func (d *digester) content(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	d.hash.Write(h.Sum(nil))
	return nil
}
