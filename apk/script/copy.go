package script

import (
	"path"

	"github.com/mkimage/mkimage/assemble/tree"
)

// copier copies files as busybox's cp does. Alpine builds that without POSIX's
// way to overwrite: what is in the way of a copy is removed first, so that the
// copy has the source's mode.
type copier struct {
	*process
	recursive bool
	follow    bool // symlinks below the operands too
	preserve  bool // mode, owner
	keep      bool // -n: what exists stays
	asIs      bool // -T
	made      map[*tree.Node]*tree.Node
	into      map[*tree.Node]bool // directories copied to
}

// cp is busybox's cp.
func cp(p *process) error {
	opts, operands, err := p.options("pdRfinlsLHarPvuTt:",
		"archive=a", "force=f", "no-clobber=n", "link=l", "dereference=L", "no-dereference=P", "recursive=R",
		"symbolic-link=s", "no-target-directory=T", "target-directory=t", "verbose=v", "preserve=p")
	if err != nil {
		return err
	}
	for _, letter := range "ilsHu" {
		if opts.has(byte(letter)) {
			return p.unsupported("cp", "has no option as -%c that mkimage knows", letter)
		}
	}
	recursive := opts.has('R') || opts.has('r') || opts.has('a')
	c := &copier{
		process:   p,
		recursive: recursive,
		follow:    opts.has('L') || !recursive && !opts.has('d') && !opts.has('P'),
		preserve:  opts.has('p') || opts.has('a'),
		keep:      opts.has('n') && !opts.has('f'),
		asIs:      opts.has('T'),
		made:      map[*tree.Node]*tree.Node{},
		into:      map[*tree.Node]bool{},
	}
	if opts.has('t') {
		operands = append(operands, opts.value('t'))
	}
	if len(operands) < 2 || c.asIs && len(operands) > 2 {
		return p.usage()
	}
	if err := c.copyAll(operands[:len(operands)-1], operands[len(operands)-1], opts.has('t')); err != nil {
		return err
	}
	return p.done()
}

// copyAll copies each source to dest, or into it if it is a directory.
func (c *copier) copyAll(sources []string, dest string, mustDir bool) error {
	n, err := c.stat(dest)
	into := err == nil && n.Kind == tree.Dir && !c.asIs
	if !into && (mustDir || len(sources) > 1) {
		return c.fail("target '%s' is not a directory", dest)
	}
	for _, source := range sources {
		to := dest
		if into {
			to = join(dest, base(source))
		}
		if err := c.copyPath(source, to); err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) copyPath(source, dest string) error {
	find := c.lstat
	if c.follow {
		find = c.stat
	}
	n, err := find(source)
	if err != nil {
		return c.warnErr(err, "can't stat '%s'", source)
	}
	if dir, err := c.tree.Stat(c.abs(path.Dir(dest))); err != nil || dir.Kind != tree.Dir {
		return c.warn("can't create '%s': Path does not exist", dest)
	}
	return c.copyNode(n, source, dest)
}

func (c *copier) copyNode(n *tree.Node, source, dest string) error {
	if err := c.step(); err != nil {
		return err
	}
	full := c.abs(dest)
	old, _ := c.tree.Lstat(full)
	switch {
	case old == n:
		return c.warn("'%s' and '%s' are the same file", source, dest)
	case old != nil && c.keep && n.Kind != tree.Dir:
		return nil
	case n.Kind == tree.Dir:
		return c.copyDir(n, old, source, dest)
	case old != nil && old.Kind == tree.Dir:
		return c.warn("can't create '%s': File exists", dest)
	}
	if !c.recursive && n.Kind != tree.File && n.Kind != tree.Symlink {
		return c.copyStream(source, full)
	}
	if linked := c.made[n]; linked != nil && !c.follow {
		return c.put(full, linked, dest)
	}
	node := c.copyOf(n)
	if !c.preserve {
		c.inherit(node, full)
	}
	if c.made != nil {
		c.made[n] = node
	}
	return c.put(full, node, dest)
}

// copyOf returns a new node that is a copy of one that is no directory. The
// content is shared, since it never changes.
func (c *copier) copyOf(n *tree.Node) *tree.Node {
	node := &tree.Node{Kind: n.Kind, Mode: n.Mode &^ c.umask, Target: n.Target, Major: n.Major, Minor: n.Minor, Content: n.Content}
	if n.Kind == tree.Symlink {
		node.Mode = 0o777
	}
	if c.preserve {
		node.UID, node.GID = n.UID, n.GID
		node.Mode = n.Mode
	}
	return node
}

// inherit gives a new node the group of the setgid directory it goes to.
func (c *copier) inherit(node *tree.Node, full string) {
	if dir, err := c.tree.Stat(path.Dir(full)); err == nil {
		node.Inherit(dir)
	}
}

func (c *copier) put(full string, node *tree.Node, dest string) error {
	if err := c.tree.Replace(full, node); err != nil {
		return c.warnErr(err, "can't create '%s'", dest)
	}
	return nil
}

// copyStream copies what a device yields, such as nothing from /dev/null.
func (c *copier) copyStream(source, full string) error {
	data, err := c.readAll(source)
	if err != nil {
		return c.warnErr(err, "can't open '%s'", source)
	}
	node := &tree.Node{Kind: tree.File, Mode: 0o666 &^ c.umask, Content: tree.Bytes(data)}
	c.inherit(node, full)
	return c.put(full, node, full)
}

func (c *copier) copyDir(n, old *tree.Node, source, dest string) error {
	if !c.recursive {
		return c.warn("omitting directory '%s'", source)
	}
	if c.into[n] {
		return c.warn("recursion detected, omitting directory '%s'", source)
	}
	if old != nil && old.Kind != tree.Dir {
		return c.warn("target '%s' is not a directory", dest)
	}
	dir := old
	if dir == nil {
		var err error
		if dir, err = c.tree.Mkdir(c.abs(dest), n.Mode&^c.umask); err != nil {
			return c.warnErr(err, "can't create directory '%s'", dest)
		}
	}
	c.into[dir] = true
	if err := c.enter(); err != nil {
		return err
	}
	defer func() { c.depth-- }()
	for _, e := range n.Entries() {
		child := e.Node
		if c.follow && child.Kind == tree.Symlink {
			target, err := c.stat(join(source, e.Name))
			if err != nil {
				if err := c.warnErr(err, "can't stat '%s'", join(source, e.Name)); err != nil {
					return err
				}
				continue
			}
			child = target
		}
		if err := c.copyNode(child, join(source, e.Name), join(dest, e.Name)); err != nil {
			return err
		}
	}
	if old == nil {
		dir.Mode = n.Mode &^ c.umask
	}
	if c.preserve {
		dir.Mode, dir.UID, dir.GID = n.Mode, n.UID, n.GID
	}
	return nil
}

// mv is busybox's mv. Everything is on one filesystem, so that it renames.
func mv(p *process) error {
	opts, operands, err := p.options("finTt:v", "interactive=i", "force=f", "no-clobber=n", "no-target-directory=T", "target-directory=t", "verbose=v")
	if err != nil {
		return err
	}
	if opts.has('t') {
		operands = append(operands, opts.value('t'))
	}
	if len(operands) < 2 || opts.has('T') && len(operands) > 2 {
		return p.usage()
	}
	last := operands[len(operands)-1]
	n, err := p.stat(last)
	into := err == nil && n.Kind == tree.Dir && !opts.has('T')
	for _, name := range operands[:len(operands)-1] {
		dest := last
		if into || len(operands) > 2 || opts.has('t') {
			dest = join(last, base(name))
		}
		// Of -f, -i and -n the last counts; the question of -i has no answer
		// from an empty input, which is no.
		if p.exists(dest) && lastOf(opts, "fin") != 'f' && lastOf(opts, "fin") != 0 {
			continue
		}
		if err := p.tree.Rename(p.abs(name), p.abs(dest)); err != nil {
			if err := p.warnErr(err, "can't rename '%s'", name); err != nil {
				return err
			}
		}
	}
	return p.done()
}

// lastOf returns which of some options was given last, 0 if none.
func lastOf(opts flags, letters string) byte {
	var last byte
	for _, letter := range opts.order {
		for i := range len(letters) {
			if letters[i] == letter {
				last = letter
			}
		}
	}
	return last
}
