package script

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// mkdir is mkdir(1) with -p and -m.
func mkdir(p *process) error {
	opts, operands, err := p.options("m:pv", "mode=m", "parents=p", "verbose=v")
	if err != nil {
		return err
	}
	if len(operands) == 0 {
		return p.usage()
	}
	mode := int64(-1)
	if opts.has('m') {
		m, ok := parseMode(opts.value('m'), 0o777, true, p.umask)
		if !ok {
			return p.fail("invalid mode '%s'", opts.value('m'))
		}
		mode = int64(m)
	}
	for _, name := range operands {
		if err := p.makeDirectory(name, mode, opts.has('p')); err != nil {
			if err := p.warnErr(err, "can't create directory '%s'", name); err != nil {
				return err
			}
		}
	}
	return p.done()
}

// makeDirectory makes a directory, with parents the missing ones above it too.
// The mode is the last one's, and -1 leaves it to the umask; what exists keeps
// its own.
func (p *process) makeDirectory(name string, mode int64, parents bool) error {
	full := p.abs(name)
	if parents {
		parts := strings.Split(strings.TrimRight(full, "/"), "/")
		for i := 2; i < len(parts); i++ {
			if err := p.step(); err != nil {
				return err
			}
			// A parent that is missing must be enterable for its owner.
			if err := p.makeMissing(strings.Join(parts[:i], "/"), 0o777&^(p.umask&^0o300)); err != nil {
				return err
			}
		}
	}
	n, err := p.tree.Mkdir(strings.TrimRight(full, "/"), 0o777&^p.umask)
	if parents && errors.Is(err, fs.ErrExist) {
		if n, serr := p.tree.Stat(full); serr == nil && n.Kind == tree.Dir {
			return nil
		}
	}
	if err == nil && mode >= 0 {
		n.Mode = uint32(mode)
	}
	if full == "/" && parents {
		return nil
	}
	return err
}

func (p *process) makeMissing(dir string, mode uint32) error {
	_, err := p.tree.Mkdir(dir, mode)
	if err == nil {
		return nil
	}
	n, serr := p.tree.Stat(dir)
	if serr == nil && n.Kind == tree.Dir {
		return nil
	}
	if serr == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return err
}

// rmdir is rmdir(1): -p goes on to the parents.
func rmdir(p *process) error {
	opts, operands, err := p.options("pi", "parents=p", "ignore-fail-on-non-empty=i")
	if err != nil {
		return err
	}
	if len(operands) == 0 {
		return p.usage()
	}
	for _, name := range operands {
		for dir := strings.TrimRight(name, "/"); ; dir = path.Dir(dir) {
			err := p.removeDirectory(dir)
			if err == nil && opts.has('p') && strings.Contains(dir, "/") && path.Dir(dir) != "/" {
				continue
			}
			if err != nil && !opts.has('i') {
				if err := p.warnErr(err, "'%s'", dir); err != nil {
					return err
				}
			}
			break
		}
	}
	return p.done()
}

func (p *process) removeDirectory(name string) error {
	n, err := p.tree.Lstat(p.abs(name))
	if err != nil {
		return err
	}
	if n.Kind != tree.Dir {
		return errNotDirectory(name)
	}
	return p.tree.Remove(p.abs(name))
}

// rm is rm(1). It never asks: nobody could answer.
func rm(p *process) error {
	opts, operands, err := p.options("firRv", "force=f", "recursive=r")
	if err != nil {
		return err
	}
	if opts.has('i') && !opts.has('f') {
		return p.unsupported("rm", "asks questions with -i")
	}
	force, recursive := opts.has('f'), opts.has('r') || opts.has('R')
	if len(operands) == 0 && !force {
		return p.usage()
	}
	for _, name := range operands {
		if base := path.Base(name); base == "." || base == ".." || strings.Trim(name, "/") == "" && name != "" {
			if err := p.warn("can't remove '.' or '..'"); err != nil {
				return err
			}
			continue
		}
		n, err := p.tree.Lstat(p.abs(name))
		switch {
		case errors.Is(err, fs.ErrNotExist) && force:
			continue
		case err == nil && n.Kind == tree.Dir && !recursive:
			err = errIsDirectory(name)
		case err == nil:
			err = p.tree.RemoveAll(strings.TrimRight(p.abs(name), "/"))
		}
		if err != nil {
			if err := p.warnErr(err, "can't remove '%s'", name); err != nil {
				return err
			}
		}
	}
	return p.done()
}

// unlink is unlink(1).
func unlink(p *process) error {
	_, operands, err := p.options("")
	if err != nil {
		return err
	}
	if len(operands) != 1 {
		return p.usage()
	}
	n, err := p.tree.Lstat(p.abs(operands[0]))
	if err == nil && n.Kind == tree.Dir {
		err = errIsDirectory(operands[0])
	}
	if err == nil {
		err = p.tree.Remove(p.abs(operands[0]))
	}
	if err != nil {
		return p.failErr(err, "can't remove file '%s'", operands[0])
	}
	return nil
}
