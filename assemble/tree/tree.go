// Package tree holds an image's root filesystem in memory, before it is
// written as a layer. It is the only filesystem that composing and install
// scripts see, and these are its rules:
//
//   - Nothing of the host is reachable. A path is resolved inside the tree,
//     symlinks and ".." included, as a process would resolve it after chroot;
//     ".." at the root is the root.
//   - Paths are slash-separated and taken from the root whether or not they
//     begin with a slash. An empty path does not exist.
//   - File content is held by reference (Content). The tree keeps no bytes of
//     packages, so its size depends on the number of files, not on theirs.
//   - Names in one directory that lead to the same *Node are hard links.
//   - Failing operations return an *fs.PathError around a syscall.Errno, as
//     the system calls of POSIX.1-2017 that they are named after would.
//   - Every operation acts as root: permissions are recorded, not enforced.
//   - Results never depend on the order of insertion: listings are sorted
//     bytewise.
//
// A Tree is not safe for concurrent changes.
package tree

import (
	"bytes"
	"io"
	"io/fs"
	"sort"
	"syscall"
)

// Kind is what a node is.
type Kind uint8

// The kinds of node that a layer can hold (OCI image-spec, layer.md).
const (
	Dir Kind = iota
	File
	Symlink
	Fifo
	CharDevice
	BlockDevice
)

// Content is a file's bytes, held somewhere. Implementations are immutable:
// every Open yields the same Size bytes.
type Content interface {
	Size() int64
	Open() (io.ReadCloser, error)
}

// Bytes is content held in memory.
type Bytes []byte

// Size returns the number of bytes.
func (b Bytes) Size() int64 { return int64(len(b)) }

// Open returns a reader of the bytes; it never fails.
func (b Bytes) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }

// Source names the package entry that a node was extracted from, so that a
// layer can be written package by package. The zero value is a node that no
// package shipped, or one whose content has changed since.
type Source struct {
	Package int // position in the order of installation, from 1
	Entry   int // position in the package's data member, from 0
}

// Node is one inode. Its fields may be changed in place through the pointer
// that the Tree hands out; the kind may not.
type Node struct {
	Kind    Kind
	Mode    uint32 // the 12 permission bits: 0o7777
	UID     int
	GID     int
	ModTime int64 // seconds since 1970; meaningful only if Source is set
	Xattrs  map[string]string
	Target  string // of a symlink, as written
	Major   int64  // of a device
	Minor   int64
	Content Content // of a file; nil is an empty file
	Source  Source

	children map[string]*Node // of a directory
}

// Size returns the length of a file's content, in bytes, or of a symlink's
// target; 0 for every other kind.
func (n *Node) Size() int64 {
	switch {
	case n.Kind == Symlink:
		return int64(len(n.Target))
	case n.Content != nil:
		return n.Content.Size()
	}
	return 0
}

// Open returns a reader of a file's content.
func (n *Node) Open() (io.ReadCloser, error) {
	if n.Kind != File {
		return nil, syscall.EINVAL
	}
	if n.Content == nil {
		return Bytes(nil).Open()
	}
	return n.Content.Open()
}

// SetContent replaces a file's content, as a write through any of its names
// would: the node no longer counts as the package's.
func (n *Node) SetContent(c Content) {
	n.Content = c
	n.Source = Source{}
	n.ModTime = 0
}

// Chown gives a node an owner and a group as chown(2) does on Linux: all but a
// directory loses its setuid bit, its setgid bit if its group may execute it,
// and its capabilities.
func (n *Node) Chown(uid, gid int) {
	n.UID, n.GID = uid, gid
	if n.Kind == Dir {
		return
	}
	n.Mode &^= 0o4000
	if n.Mode&0o010 != 0 {
		n.Mode &^= 0o2000
	}
	delete(n.Xattrs, "security.capability")
}

// Entry is one name in a directory.
type Entry struct {
	Name string
	*Node
}

// Tree is a root filesystem. Use New.
type Tree struct {
	root *Node
}

// New returns a tree that holds only its root directory, root:root 0755.
func New() *Tree {
	return &Tree{root: newDir(0o755)}
}

func newDir(mode uint32) *Node {
	return &Node{Kind: Dir, Mode: mode & 0o7777, children: map[string]*Node{}}
}

// Entries returns what a directory node holds, sorted by name.
func (n *Node) Entries() []Entry {
	list := make([]Entry, 0, len(n.children))
	for name, child := range n.children {
		list = append(list, Entry{name, child})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// Walk calls fn for every name below the root, parents before children and
// siblings sorted, with the path without a leading slash. A node with several
// names is visited at each. The first error ends the walk and is returned.
func (t *Tree) Walk(fn func(path string, n *Node) error) error {
	return walk(t.root, "", fn)
}

func walk(dir *Node, prefix string, fn func(string, *Node) error) error {
	for _, e := range dir.Entries() {
		path := prefix + e.Name
		if err := fn(path, e.Node); err != nil {
			return err
		}
		if e.Kind == Dir {
			if err := walk(e.Node, path+"/", fn); err != nil {
				return err
			}
		}
	}
	return nil
}

// Root returns the root directory's node.
func (t *Tree) Root() *Node { return t.root }

func pathError(op, path string, errno syscall.Errno) error {
	return &fs.PathError{Op: op, Path: path, Err: errno}
}
