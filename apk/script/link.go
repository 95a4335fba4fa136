package script

import (
	"io/fs"
	"path"
	"strings"
	"syscall"

	"github.com/mkimage/mkimage/assemble/tree"
)

func errNotDirectory(name string) error {
	return &fs.PathError{Op: "open", Path: name, Err: syscall.ENOTDIR}
}

func errIsDirectory(name string) error {
	return &fs.PathError{Op: "unlink", Path: name, Err: syscall.EISDIR}
}

// base is a path's last name without trailing slashes.
func base(name string) string {
	if name = strings.TrimRight(name, "/"); name == "" {
		return "/"
	}
	return path.Base(name)
}

// join puts a name into a directory.
func join(dir, name string) string { return strings.TrimRight(dir, "/") + "/" + name }

// ln is busybox's ln.
func ln(p *process) error {
	opts, operands, err := p.options("sfnbS:vT")
	if err != nil {
		return err
	}
	switch {
	case len(operands) == 0:
		return p.usage()
	case len(operands) > 2 && opts.has('T'):
		return p.fail("-T accepts 2 args max")
	case len(operands) == 1:
		operands = append(operands, base(operands[0]))
	}
	last := operands[len(operands)-1]
	for _, target := range operands[:len(operands)-1] {
		if err := p.linkOne(target, last, opts); err != nil {
			return err
		}
	}
	return p.done()
}

func (p *process) linkOne(target, dest string, opts flags) error {
	find := p.stat
	if opts.has('n') || opts.has('T') {
		find = p.lstat
	}
	if n, err := find(dest); err == nil && n.Kind == tree.Dir {
		if opts.has('T') {
			return p.fail("'%s' is a directory", dest)
		}
		dest = join(dest, base(target))
	}
	if _, err := p.lstat(target); err != nil && !opts.has('s') {
		return p.warnErr(err, "%s", target)
	}
	full := p.abs(dest)
	if opts.has('b') {
		suffix := "~"
		if opts.has('S') {
			suffix = opts.value('S')
		}
		if err := p.tree.Rename(full, full+suffix); err != nil && p.exists(dest) {
			return p.warnErr(err, "%s", dest)
		}
	} else if opts.has('f') {
		if n, err := p.tree.Lstat(full); err == nil && n.Kind != tree.Dir {
			if err := p.tree.Remove(full); err != nil {
				return p.warnErr(err, "%s", dest)
			}
		}
	}
	var err error
	if opts.has('s') {
		_, err = p.tree.Symlink(target, full)
	} else {
		err = p.tree.Link(p.abs(target), full)
	}
	if err != nil {
		return p.warnErr(err, "%s", dest)
	}
	return nil
}

func (p *process) exists(name string) bool {
	_, err := p.lstat(name)
	return err == nil
}

// readlink is readlink(1): with -f the canonical path, whose last name may be
// missing, with -e it must exist.
func readlink(p *process) error {
	opts, operands, err := p.options("fnvqse", "canonicalize=f", "canonicalize-existing=e", "no-newline=n")
	if err != nil {
		return err
	}
	if len(operands) == 0 {
		return p.usage()
	}
	for _, name := range operands {
		var out string
		if opts.has('f') || opts.has('e') {
			out, err = p.canonical(name, opts.has('e'))
		} else {
			out, err = p.tree.Readlink(p.abs(name))
		}
		if err != nil {
			p.failed = true // it is silent without -v
			continue
		}
		if !opts.has('n') {
			out += "\n"
		}
		if err := p.print(out); err != nil {
			return err
		}
	}
	return p.done()
}

// canonical returns a path without symlinks.
func (p *process) canonical(name string, mustExist bool) (string, error) {
	if mustExist {
		if _, err := p.stat(name); err != nil {
			return "", err
		}
	}
	canon, err := p.tree.Canonical(p.abs(name))
	return "/" + canon, err
}

// realpath is realpath(1).
func realpath(p *process) error {
	_, operands, err := p.options("")
	if err != nil {
		return err
	}
	if len(operands) == 0 {
		operands = []string{"."}
	}
	for _, name := range operands {
		canon, err := p.canonical(name, false)
		if err != nil {
			if err := p.warnErr(err, "%s", name); err != nil {
				return err
			}
			continue
		}
		if err := p.print(canon + "\n"); err != nil {
			return err
		}
	}
	return p.done()
}

// basename and dirname are those of POSIX.1-2017.
func basename(p *process) error {
	opts, args, err := p.options("+as:")
	if err != nil {
		return err
	}
	if opts.has('a') || opts.has('s') || len(args) < 1 || len(args) > 2 {
		return p.unsupported("basename", "takes NAME and SUFFIX here")
	}
	name := base(args[0])
	if args[0] == "" {
		name = ""
	}
	if len(args) == 2 && name != args[1] {
		name = strings.TrimSuffix(name, args[1])
	}
	return p.print(name + "\n")
}

func dirname(p *process) error {
	_, args, err := p.options("+")
	if err != nil {
		return err
	}
	if len(args) != 1 {
		return p.usage()
	}
	dir := strings.TrimRight(args[0], "/")
	i := strings.LastIndexByte(dir, '/')
	switch {
	case dir == "" && args[0] != "":
		dir = "/"
	case i < 0:
		dir = "."
	default:
		if dir = strings.TrimRight(dir[:i], "/"); dir == "" {
			dir = "/"
		}
	}
	return p.print(dir + "\n")
}
