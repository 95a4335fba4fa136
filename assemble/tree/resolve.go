package tree

import (
	"strings"
	"syscall"
)

// maxSymlinks is how many symlinks one path may lead through, and maxPath how
// long it may be, as in Linux (path_resolution(7)).
const (
	maxSymlinks = 40
	maxPath     = 4096
	maxName     = 255
)

// place is where a path leads: the directory that holds the last name, and
// the node under that name, nil where there is none.
type place struct {
	dir  *Node
	name string
	node *Node
	path string // canonical, without a leading slash
}

// resolver walks one path. The stack holds the directories passed, so that
// ".." needs no parent pointers.
type resolver struct {
	root  *Node
	nodes []*Node
	names []string
	links int
}

// resolve finds path. A symlink in the last place is followed only if follow
// is set. A missing last name is no error: its place has no node.
func (t *Tree) resolve(op, path string, follow bool) (place, error) {
	r := &resolver{root: t.root, nodes: []*Node{t.root}}
	p, errno := r.walk(path, follow)
	if errno != 0 {
		return place{}, pathError(op, path, errno)
	}
	return p, nil
}

func (r *resolver) walk(path string, follow bool) (place, syscall.Errno) {
	if path == "" {
		return place{}, syscall.ENOENT
	}
	if len(path) > maxPath {
		return place{}, syscall.ENAMETOOLONG
	}
	// A trailing slash asks for a directory, through a symlink if need be.
	mustDir := strings.HasSuffix(path, "/")
	parts := split(path)
	for i, name := range parts {
		last := i == len(parts)-1
		if name == ".." {
			r.up()
			continue
		}
		p, errno := r.step(name, last, follow || mustDir || !last)
		if errno != 0 {
			return place{}, errno
		}
		if !last {
			continue
		}
		if mustDir && p.node != nil && p.node.Kind != Dir {
			return place{}, syscall.ENOTDIR
		}
		return p, 0
	}
	return r.here(), 0
}

// step goes from the current directory to name. Unless it is the last, the
// result must be a directory and becomes the current one.
func (r *resolver) step(name string, last, follow bool) (place, syscall.Errno) {
	if len(name) > maxName {
		return place{}, syscall.ENAMETOOLONG
	}
	dir := r.nodes[len(r.nodes)-1]
	node := dir.children[name]
	if node != nil && node.Kind == Symlink && follow {
		return r.followLink(node, last)
	}
	if last {
		return place{dir, name, node, r.join(name)}, 0
	}
	if node == nil {
		return place{}, syscall.ENOENT
	}
	if node.Kind != Dir {
		return place{}, syscall.ENOTDIR
	}
	r.down(name, node)
	return place{}, 0
}

func (r *resolver) followLink(link *Node, last bool) (place, syscall.Errno) {
	if r.links++; r.links > maxSymlinks {
		return place{}, syscall.ELOOP
	}
	if strings.HasPrefix(link.Target, "/") {
		r.nodes, r.names = r.nodes[:1], r.names[:0]
	}
	p, errno := r.walk(link.Target, true)
	if errno != 0 || last {
		return p, errno
	}
	if p.node == nil {
		return place{}, syscall.ENOENT
	}
	if p.node.Kind != Dir {
		return place{}, syscall.ENOTDIR
	}
	if p.dir != nil { // the walk ended on a name, not on "..": enter it
		r.down(p.name, p.node)
	}
	return place{}, 0
}

func (r *resolver) down(name string, dir *Node) {
	r.nodes, r.names = append(r.nodes, dir), append(r.names, name)
}

func (r *resolver) up() {
	if len(r.names) > 0 {
		r.nodes, r.names = r.nodes[:len(r.nodes)-1], r.names[:len(r.names)-1]
	}
}

// here is the place of a path that ended in "..", "." or "/": it has no
// holder, since no name was last.
func (r *resolver) here() place {
	return place{node: r.nodes[len(r.nodes)-1], path: strings.Join(r.names, "/")}
}

func (r *resolver) join(name string) string {
	if len(r.names) == 0 {
		return name
	}
	return strings.Join(r.names, "/") + "/" + name
}

// split returns a path's names without empty ones and ".".
func split(path string) []string {
	var parts []string
	for part := range strings.SplitSeq(path, "/") {
		if part != "" && part != "." {
			parts = append(parts, part)
		}
	}
	return parts
}
