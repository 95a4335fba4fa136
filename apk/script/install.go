package script

import (
	"path"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// install is busybox's install: copies with a mode, 0755 unless given, and
// makes directories with -d.
func install(p *process) error {
	opts, operands, err := p.options("cvbDdpsg:m:o:t:", "directory=d", "preserve-timestamps=p", "strip=s",
		"group=g", "mode=m", "owner=o", "target-directory=t")
	if err != nil {
		return err
	}
	if opts.has('s') {
		return p.unsupported("install", "has no option as -s that mkimage knows")
	}
	attr, err := p.installAttributes(opts)
	if err != nil {
		return err
	}
	if opts.has('d') {
		if len(operands) == 0 {
			return p.usage()
		}
		for _, dir := range operands {
			if err := p.makeDirectory(dir, 0o755, true); err != nil {
				if err := p.warnErr(err, "can't create directory '%s'", dir); err != nil {
					return err
				}
				continue
			}
			if n, err := p.stat(dir); err == nil {
				attr.apply(n)
			}
		}
		return p.done()
	}
	dest := opts.value('t')
	if !opts.has('t') {
		if len(operands) < 2 {
			return p.usage()
		}
		dest = operands[len(operands)-1]
		operands = operands[:len(operands)-1]
	}
	return p.installFiles(operands, dest, opts, attr)
}

func (p *process) installFiles(sources []string, dest string, opts flags, attr attributes) error {
	n, err := p.stat(dest)
	into := opts.has('t') || err == nil && n.Kind == tree.Dir
	c := &copier{process: p, follow: true, preserve: opts.has('p')}
	for _, source := range sources {
		to := dest
		if opts.has('D') {
			dir := dest
			if !opts.has('t') {
				dir = path.Dir(strings.TrimRight(dest, "/"))
			}
			if err := fatalOnly(p.makeDirectory(dir, 0o755, true)); err != nil {
				return err // the copy complains of any other
			}
		}
		if into {
			to = join(dest, base(source))
		}
		failed := c.failed
		c.failed = false
		if err := c.copyPath(source, to); err != nil {
			return err
		}
		if n, err := p.lstat(to); err == nil && !c.failed {
			attr.apply(n)
		}
		c.failed = c.failed || failed
	}
	return p.done()
}

// attributes are what install gives a file.
type attributes struct {
	mode     uint32
	uid, gid int // -1 leaves it
}

func (a attributes) apply(n *tree.Node) {
	setOwner(n, a.uid, a.gid)
	n.Mode = a.mode
}

func (p *process) installAttributes(opts flags) (attributes, error) {
	a := attributes{mode: 0o755, uid: -1, gid: -1}
	if opts.has('m') {
		mode, ok := parseMode(opts.value('m'), 0o755, false, p.umask)
		if !ok {
			return a, p.fail("invalid mode '%s'", opts.value('m'))
		}
		a.mode = mode
	}
	if opts.has('o') {
		id, ok, err := p.userID(opts.value('o'))
		if err != nil {
			return a, err
		}
		if !ok {
			return a, p.fail("unknown user %s", opts.value('o'))
		}
		a.uid = id
	}
	if opts.has('g') {
		id, ok, err := p.groupID(opts.value('g'))
		if err != nil {
			return a, err
		}
		if !ok {
			return a, p.fail("unknown group %s", opts.value('g'))
		}
		a.gid = id
	}
	if a.uid >= 0 || a.gid >= 0 { // the one not named is the caller's
		a.uid, a.gid = max(a.uid, 0), max(a.gid, 0)
	}
	return a, nil
}

// touch makes files that are missing. Times are not kept in an image build.
func touch(p *process) error {
	opts, operands, err := p.options("chr:d:t:amf", "no-create=c", "no-dereference=h", "reference=r", "date=d")
	if err != nil {
		return err
	}
	if len(operands) == 0 {
		return p.usage()
	}
	for _, name := range operands {
		find := p.stat
		if opts.has('h') {
			find = p.lstat
		}
		if _, err := find(name); err == nil || opts.has('c') {
			continue
		}
		if _, err := p.open(name, openWrite|openCreate, 0o666); err != nil {
			if err := p.warnErr(err, "%s", name); err != nil {
				return err
			}
		}
	}
	return p.done()
}
