package tree

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"syscall"
)

// Lstat returns the node at path, a symlink itself if it is one.
func (t *Tree) Lstat(path string) (*Node, error) { return t.find("lstat", path, false) }

// Stat returns the node that path leads to through any symlinks.
func (t *Tree) Stat(path string) (*Node, error) { return t.find("stat", path, true) }

func (t *Tree) find(op, path string, follow bool) (*Node, error) {
	p, err := t.resolve(op, path, follow)
	if err != nil {
		return nil, err
	}
	if p.node == nil {
		return nil, pathError(op, path, syscall.ENOENT)
	}
	return p.node, nil
}

// Canonical returns the path, without a leading slash, by which path is
// reached with every symlink resolved (realpath(3)); the last name need not
// exist. The root is "".
func (t *Tree) Canonical(path string) (string, error) {
	p, err := t.resolve("realpath", path, true)
	return p.path, err
}

// CanonicalParent is Canonical for all but the last name, which is kept even
// where it is a symlink: the name that an entry at path would have.
func (t *Tree) CanonicalParent(path string) (string, error) {
	p, err := t.resolve("realpath", path, false)
	return p.path, err
}

// Readlink returns the target of the symlink at path, as written.
func (t *Tree) Readlink(path string) (string, error) {
	n, err := t.find("readlink", path, false)
	if err != nil {
		return "", err
	}
	if n.Kind != Symlink {
		return "", pathError("readlink", path, syscall.EINVAL)
	}
	return n.Target, nil
}

// ReadDir returns what the directory at path holds, sorted by name.
func (t *Tree) ReadDir(path string) ([]Entry, error) {
	n, err := t.find("open", path, true)
	if err != nil {
		return nil, err
	}
	if n.Kind != Dir {
		return nil, pathError("readdir", path, syscall.ENOTDIR)
	}
	return n.Entries(), nil
}

// ReadFile returns the content of the file at path. A file of more than limit
// bytes is refused with EFBIG, so that no caller holds a large one by accident.
func (t *Tree) ReadFile(path string, limit int64) ([]byte, error) {
	n, err := t.find("open", path, true)
	if err != nil {
		return nil, err
	}
	if n.Kind == Dir {
		return nil, pathError("read", path, syscall.EISDIR)
	}
	if n.Size() > limit {
		return nil, pathError("read", path, syscall.EFBIG)
	}
	r, err := n.Open()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return b, nil
}

// WriteFile gives the file at path new content, as open(2) with O_CREAT and
// O_TRUNC would: symlinks are followed, a file that exists keeps its inode,
// mode and owner, a new one is made as by Create.
func (t *Tree) WriteFile(path string, c Content, mode uint32) (*Node, error) {
	p, err := t.resolve("open", path, true)
	if err != nil {
		return nil, err
	}
	switch {
	case p.node == nil && strings.HasSuffix(path, "/"):
		return nil, pathError("open", path, syscall.EISDIR)
	case p.node == nil:
		p.node = &Node{Kind: File, Mode: mode & 0o7777}
		p.node.Inherit(p.dir)
		p.dir.children[p.name] = p.node
	case p.node.Kind == Dir:
		return nil, pathError("open", path, syscall.EISDIR)
	case p.node.Kind != File:
		return nil, pathError("open", path, syscall.ENXIO)
	}
	p.node.SetContent(c)
	return p.node, nil
}

// Mkdir makes a directory as by Create; the parent must exist.
func (t *Tree) Mkdir(path string, mode uint32) (*Node, error) {
	n := newDir(mode)
	return n, t.create("mkdir", path, n)
}

// MkdirAll makes a directory and the parents that are missing, all root's with
// mode, and returns its node. What exists is left as it is.
func (t *Tree) MkdirAll(path string, mode uint32) (*Node, error) {
	n, err := t.Stat(path)
	switch {
	case err == nil && n.Kind == Dir:
		return n, nil
	case err == nil:
		return nil, pathError("mkdir", path, syscall.ENOTDIR)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if parts := split(path); len(parts) > 1 {
		if _, err := t.MkdirAll(strings.Join(parts[:len(parts)-1], "/"), mode); err != nil {
			return nil, err
		}
	}
	n = newDir(mode)
	return n, t.add("mkdir", path, n)
}

// Symlink makes a symlink as by Create.
func (t *Tree) Symlink(target, path string) (*Node, error) {
	n := &Node{Kind: Symlink, Mode: 0o777, Target: target}
	if target == "" {
		return nil, pathError("symlink", path, syscall.ENOENT)
	}
	return n, t.create("symlink", path, n)
}

// Link gives the node at old, not followed if it is a symlink, the further
// name path.
func (t *Tree) Link(old, path string) error {
	n, err := t.Lstat(old)
	if err != nil {
		return err
	}
	if n.Kind == Dir {
		return pathError("link", old, syscall.EPERM)
	}
	return t.add("link", path, n)
}

// Add puts a node that the caller made at path, which must not exist while
// its parent must.
func (t *Tree) Add(path string, n *Node) error { return t.add("create", path, n) }

// Create is Add for a node as a process of root's makes it: in a setgid
// directory it takes the group of that, and a directory the bit too
// (mkdir(2), open(2)).
func (t *Tree) Create(path string, n *Node) error { return t.create("create", path, n) }

func (t *Tree) create(op, path string, n *Node) error {
	p, err := t.resolve(op, path, false)
	if err == nil && p.node == nil {
		n.Inherit(p.dir)
	}
	return t.add(op, path, n)
}

// Inherit gives a new node what Create gives it of its directory, for one that
// gets there by Replace.
func (n *Node) Inherit(dir *Node) {
	if dir.Mode&0o2000 == 0 {
		return
	}
	n.GID = dir.GID
	if n.Kind == Dir {
		n.Mode |= 0o2000
	}
}

func (t *Tree) add(op, path string, n *Node) error {
	p, err := t.resolve(op, path, false)
	if err != nil {
		return err
	}
	if p.node != nil {
		return pathError(op, path, syscall.EEXIST)
	}
	if n.Kind == Dir && n.children == nil {
		n.children = map[string]*Node{}
	}
	p.dir.children[p.name] = n
	return nil
}

// Replace puts a node at path in place of whatever is there but a directory,
// as rename(2) of a finished file does.
func (t *Tree) Replace(path string, n *Node) error {
	p, err := t.resolve("rename", path, false)
	if err != nil {
		return err
	}
	if p.dir == nil || (p.node != nil && p.node.Kind == Dir) {
		return pathError("rename", path, syscall.EISDIR)
	}
	p.dir.children[p.name] = n
	return nil
}

// Remove removes one name: a directory only if it is empty (remove(3)).
func (t *Tree) Remove(path string) error {
	p, err := t.resolve("remove", path, false)
	switch {
	case err != nil:
		return err
	case p.dir == nil:
		return pathError("remove", path, syscall.EBUSY)
	case p.node == nil:
		return pathError("remove", path, syscall.ENOENT)
	case len(p.node.children) > 0:
		return pathError("remove", path, syscall.ENOTEMPTY)
	}
	delete(p.dir.children, p.name)
	return nil
}

// RemoveAll removes a name and what is below it. A missing one is no error;
// the root cannot be removed.
func (t *Tree) RemoveAll(path string) error {
	p, err := t.resolve("remove", path, false)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case p.dir == nil:
		return pathError("remove", path, syscall.EBUSY)
	}
	delete(p.dir.children, p.name)
	return nil
}

// Rename moves a name, replacing a file or an empty directory of the same
// kind at the new one (rename(2)).
func (t *Tree) Rename(old, path string) error {
	from, err := t.resolve("rename", old, false)
	if err != nil {
		return err
	}
	if from.node == nil {
		return pathError("rename", old, syscall.ENOENT)
	}
	to, err := t.resolve("rename", path, false)
	if err != nil {
		return err
	}
	if errno := mayRename(from, to); errno != 0 {
		return pathError("rename", path, errno)
	}
	if from.node == to.node {
		return nil
	}
	delete(from.dir.children, from.name)
	to.dir.children[to.name] = from.node
	return nil
}

func mayRename(from, to place) syscall.Errno {
	switch {
	case from.dir == nil || to.dir == nil:
		return syscall.EBUSY
	case from.node.Kind == Dir && from.path != to.path && strings.HasPrefix(to.path+"/", from.path+"/"):
		return syscall.EINVAL
	case to.node == nil || from.node == to.node:
		return 0
	case to.node.Kind == Dir && from.node.Kind != Dir:
		return syscall.EISDIR
	case to.node.Kind != Dir && from.node.Kind == Dir:
		return syscall.ENOTDIR
	case len(to.node.children) > 0:
		return syscall.ENOTEMPTY
	}
	return 0
}
