package assemble

import (
	"fmt"

	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/spec"
)

// Modes of what the spec gives none, and of missing parents.
const (
	modeFile       = 0o644
	modeExecutable = 0o755
	modeDirectory  = 0o755
)

// addProgram adds an executable.
func (d *declarer) addProgram(p Program) {
	if !d.free(p.Path.Pos, p.Path.Value) {
		return
	}
	content, _, err := openHostFile(p.File, p.File)
	if err != nil {
		err = fmt.Errorf("cannot add %s: %s: %w", p.Path, p.File, hostReason(err))
	} else {
		err = d.put(p.Path.Value, &tree.Node{Kind: tree.File, Mode: modeExecutable, Content: content})
	}
	d.note(p.Path.Pos, p.Path.Value, err)
}

// addFile adds an entry of the spec's files.
func (d *declarer) addFile(f spec.File) {
	uid, gid, ok := d.owner(f.Owner)
	if !d.free(f.Pos, f.Path) || !ok {
		return
	}
	node := func(kind tree.Kind, mode uint32) *tree.Node {
		if f.Mode.Set {
			mode = f.Mode.Bits
		}
		return &tree.Node{Kind: kind, Mode: mode, UID: uid, GID: gid}
	}
	var err error
	switch f.Kind {
	case spec.KindContent:
		n := node(tree.File, modeFile)
		n.Content = tree.Bytes(f.Content)
		err = d.put(f.Path, n)
	case spec.KindSymlink:
		err = d.put(f.Path, &tree.Node{Kind: tree.Symlink, Mode: 0o777, UID: uid, GID: gid, Target: f.Target.Value})
	case spec.KindDirectory:
		err = d.addDirectory(f, uid, gid)
	case spec.KindSource:
		d.addSource(f, node)
	}
	d.note(f.Pos, f.Path, err)
}

// addDirectory adds a declared directory. One that is there already takes the
// mode and the owner that are declared, and keeps what is not.
func (d *declarer) addDirectory(f spec.File, uid, gid int) error {
	n, _, err := d.directory(f.Path)
	if err != nil {
		return err
	}
	if f.Mode.Set {
		n.Mode = f.Mode.Bits
	}
	if f.Owner.User != "" {
		n.UID, n.GID = uid, gid
	}
	return nil
}
