// Package spec reads image specs: declarations in CUE, JSON or YAML of what
// an image holds and how it runs. Its contract:
//
//   - A spec is what [schemas.Image] describes. Types, patterns and closed
//     sets of values are checked against the schema; rules between fields,
//     defaults and suggestions are in this package.
//   - Reading a spec depends on its files and the given tags only: never on
//     the network, the clock, the environment, the host or the user.
//   - Every fault of a spec is reported at once, in one line at the user's
//     own file, line and column, see [Error].
//   - Checking never changes what is checked: a value of an [Image] is either
//     what the user wrote or a documented default.
//   - Paths are taken from the folder of the file that names them. Whether
//     they exist is not checked before [Image.CheckSources].
package spec

import (
	"fmt"
	"path/filepath"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"

	"github.com/mkimage/mkimage/internal/spelling"
)

// Source says where specs are and how to read them.
type Source struct {
	// Args are files (.cue, .json, .yaml, .yml), which are unified to one
	// image, or folders, each of which is an image of its own. A folder
	// stands for the CUE package in it, or for its CUE files if they have
	// no package clause. "dir/..." stands for every folder at or below dir
	// that holds a spec; packages of definitions only are left out.
	Args []string

	// Dir is the folder that Args are relative to, and positions where they
	// are below it. Empty means the working directory.
	Dir string

	// Tags fill the fields with the attribute @tag(key), each as
	// "key=value".
	Tags []string

	// Platforms, when not empty, are built in place of the spec's.
	Platforms []string
}

// Load returns the images that src declares, in the order of its arguments.
// What is wrong with the specs is an [*Error] that holds the faults of all of
// them; other errors are of the machine.
func Load(src Source) ([]*Image, error) {
	if src.Dir == "" {
		src.Dir = "."
	}
	dir, err := filepath.Abs(src.Dir)
	if err != nil {
		return nil, fmt.Errorf("cannot find the working folder: %w", err)
	}
	src.Dir = dir

	l := &loader{src: src, ctx: cuecontext.New(), used: map[string]bool{}}
	if l.badTags(); len(l.faults.list) > 0 {
		return nil, newError(l.faults.list)
	}
	l.schema = newShape(l.ctx)
	var images []*Image
	for _, u := range src.units(&l.faults) {
		if img := l.image(u); img != nil {
			images = append(images, img)
		}
	}
	l.unusedTags()
	if err := newError(l.faults.list); err != nil {
		return nil, err
	}
	return images, nil
}

// loader is the state of one Load.
type loader struct {
	faults
	src    Source
	ctx    *cue.Context
	schema *shape
	keys   []string        // of all @tag attributes
	used   map[string]bool // keys of -D that fill a field
	unread bool            // the tags of some file are not known
}

// image reads one image, or records why it cannot.
func (l *loader) image(u unit) (img *Image) {
	defer func() {
		// CUE panics on some faulty input; that must not end the program.
		if r := recover(); r != nil {
			l.add(Pos{File: relativeTo(l.src.Dir, u.files[0])}, "internal error: cannot evaluate the spec: %v", r)
			img = nil
		}
	}()
	b := &builder{
		faults: &l.faults,
		dir:    l.src.Dir,
		file:   relativeTo(l.src.Dir, u.files[0]),
		top:    l.schema,
		failed: map[string]bool{},
	}
	v, ok := l.evaluate(b, u)
	if !ok || u.matched && !regular(v) {
		return nil
	}
	known := len(l.faults.list)
	err := v.Validate(cue.All())
	if err != nil {
		b.evaluation(v, err)
	}
	root := b.build(v, l.schema, "")
	if err != nil && len(l.faults.list) == known && !b.patched {
		// Not to be expected, but an error of CUE must never be lost.
		b.add(root.pos, "%s", oneLine(err.Error()))
	}
	d := &decoder{faults: &l.faults}
	img = d.image(root, l.src.Platforms)
	img.Dir = u.dir
	for _, file := range u.files {
		img.SpecFiles = append(img.SpecFiles, relativeTo(l.src.Dir, file))
	}
	return img
}

// badTags refuses what was given with -D and is not of the form KEY=VALUE or
// KEY, and a key that is given twice.
func (l *loader) badTags() {
	first := map[string]string{}
	for _, tag := range l.src.Tags {
		key, _, _ := strings.Cut(tag, "=")
		other, twice := first[key]
		switch {
		case key == "":
			l.add(Pos{}, "cannot use -D %q: not of the form KEY=VALUE", tag)
		case twice:
			l.add(Pos{}, "cannot use -D %s: %s is given already, by -D %s", tag, key, other)
		default:
			first[key] = tag
		}
	}
}

// unusedTags refuses what was given with -D and fills no field of any image.
func (l *loader) unusedTags() {
	for _, tag := range l.src.Tags {
		key, _, ok := strings.Cut(tag, "=")
		if ok && !l.used[key] && !l.unread {
			l.add(Pos{}, "cannot use -D %s: no field of the spec has the attribute @tag(%s)%s", tag, key, spelling.Hint(key, l.keys))
		}
	}
}
