package assemble

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/spec"
)

// declarer adds what a spec declares to a tree, and collects what is wrong
// with it.
type declarer struct {
	ctx    context.Context
	tree   *tree.Tree
	faults []spec.Fault

	// declared has the entries of the spec by where they are in the tree,
	// so that two that come to the same place are noticed.
	declared map[string]spec.Pos

	passwd, group map[string]account // by name; see readAccounts
}

func newDeclarer(ctx context.Context, t *tree.Tree) *declarer {
	return &declarer{ctx: ctx, tree: t, declared: map[string]spec.Pos{}}
}

func (d *declarer) fault(pos spec.Pos, format string, args ...any) {
	d.faults = append(d.faults, spec.Fault{Pos: pos, Message: fmt.Sprintf(format, args...)})
}

// err returns all faults, sorted by position, or the context's error, or nil.
func (d *declarer) err() error {
	if err := d.ctx.Err(); err != nil {
		return err
	}
	if len(d.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(d.faults, func(a, b spec.Fault) int {
		return cmp.Or(strings.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column), strings.Compare(a.Message, b.Message))
	})
	return &spec.Error{Faults: d.faults}
}

// free refuses an entry that symbolic links lead to where another one of the
// spec is.
func (d *declarer) free(pos spec.Pos, p string) bool {
	place, err := d.tree.CanonicalParent(p)
	if err != nil {
		return true // what is in the way is told when the entry is made
	}
	if other, ok := d.declared[place]; ok {
		d.fault(pos, "cannot add %s: it is /%s by the image's symbolic links, which is declared at %s too", p, place, other)
		return false
	}
	return true
}

// note records, or refuses if err is not nil, that the spec's entry was made.
func (d *declarer) note(pos spec.Pos, p string, err error) {
	if err != nil {
		d.fault(pos, "%v", err)
		return
	}
	if place, err := d.tree.CanonicalParent(p); err == nil {
		d.declared[place] = pos
	}
}

// put places a node that is no directory at p, in place of what is there but
// a directory. Parents that are missing are made.
func (d *declarer) put(p string, n *tree.Node) error {
	if err := d.parents(p); err != nil {
		return err
	}
	err := d.tree.Replace(p, n)
	if errors.Is(err, syscall.EISDIR) {
		return fmt.Errorf("cannot add %s: it is a directory already", p)
	}
	return cannotAdd(p, err)
}

// parents makes the missing directories above p, root's with mode 0755. Where
// a symbolic link leads they are made as well.
func (d *declarer) parents(p string) error {
	dir := path.Dir(p)
	_, err := d.tree.MkdirAll(dir, 0o755)
	if err == nil {
		return nil
	}
	for ; dir != "/"; dir = path.Dir(dir) {
		n, statErr := d.tree.Lstat(dir)
		switch {
		case statErr != nil:
		case n.Kind == tree.Symlink:
			return fmt.Errorf("cannot add %s: %s is a symbolic link to %s, which is no directory", p, dir, n.Target)
		case n.Kind != tree.Dir:
			return fmt.Errorf("cannot add %s: %s is not a directory but a file", p, dir)
		}
	}
	return cannotAdd(p, err)
}

// directory returns the directory at p, a new one of root's with mode 0755 if
// there is none, and whether it is new.
func (d *declarer) directory(p string) (*tree.Node, bool, error) {
	n, err := d.tree.Stat(p)
	switch {
	case err == nil && n.Kind == tree.Dir:
		return n, false, nil
	case err == nil:
		return nil, false, fmt.Errorf("cannot add %s: there is a file already where a directory is declared", p)
	}
	if err := d.parents(p); err != nil {
		return nil, false, err
	}
	if n, err := d.tree.Lstat(p); err == nil {
		return nil, false, fmt.Errorf("cannot add %s: it is a symbolic link already, to %s, which is not there", p, n.Target)
	}
	n, err = d.tree.MkdirAll(p, 0o755)
	return n, true, cannotAdd(p, err)
}

// cannotAdd says which path of the image an error of the tree is about.
func cannotAdd(p string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return fmt.Errorf("cannot add %s: %w", p, pathErr.Err)
	}
	return err
}
