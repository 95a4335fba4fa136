package script

import (
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// parseMode applies a mode as chmod(1) takes it, octal or symbolic, to the
// current one. An operator without "ugoa" spares the bits of the umask. It is
// false if the text is no mode.
func parseMode(s string, current uint32, dir bool, umask uint32) (uint32, bool) {
	if s == "" {
		return 0, false
	}
	if s[0] >= '0' && s[0] <= '7' {
		n, err := strconv.ParseUint(s, 8, 32)
		return uint32(n), err == nil && n <= 0o7777
	}
	for clause := range strings.SplitSeq(s, ",") {
		if clause == "" {
			continue
		}
		var ok bool
		if current, ok = modeClause(clause, current, dir, umask); !ok {
			return 0, false
		}
	}
	return current, true
}

// modeClause applies one clause, [ugoa]* and then one action or more.
func modeClause(s string, mode uint32, dir bool, umask uint32) (uint32, bool) {
	var who uint32
	for len(s) > 0 {
		mask, ok := whoMask(s[0])
		if !ok {
			break
		}
		who |= mask
		s = s[1:]
	}
	if s == "" {
		return 0, false
	}
	for len(s) > 0 {
		op := s[0]
		if op != '+' && op != '-' && op != '=' {
			return 0, false
		}
		s = s[1:]
		if op == '=' {
			if who != 0 {
				mode &^= who
			} else {
				mode = 0
			}
		}
		var bits uint32
		bits, s = modeBits(s, mode, dir)
		if who != 0 {
			bits &= who
		} else {
			bits &^= umask
		}
		if op == '-' {
			mode &^= bits
		} else {
			mode |= bits
		}
	}
	return mode, true
}

func whoMask(c byte) (uint32, bool) {
	switch c {
	case 'a':
		return 0o7777, true
	case 'u':
		return 0o4700, true
	case 'g':
		return 0o2070, true
	case 'o':
		return 0o007, true
	}
	return 0, false
}

// modeBits reads the permissions of an action: letters, or one of "ugo" whose
// present permissions are meant.
func modeBits(s string, mode uint32, dir bool) (bits uint32, rest string) {
	if s != "" {
		switch s[0] {
		case 'u':
			return (mode >> 6 & 7) * 0o111, s[1:]
		case 'g':
			return (mode >> 3 & 7) * 0o111, s[1:]
		case 'o':
			return (mode & 7) * 0o111, s[1:]
		}
	}
	for len(s) > 0 {
		switch s[0] {
		case 'r':
			bits |= 0o444
		case 'w':
			bits |= 0o222
		case 'x':
			bits |= 0o111
		case 'X':
			if dir || mode&0o111 != 0 {
				bits |= 0o111
			}
		case 's':
			bits |= 0o6000
		case 't':
			bits |= 0o1000
		default:
			return bits, s
		}
		s = s[1:]
	}
	return bits, s
}

// octal returns a mode in octal, with leading zeros up to a width.
func octal(mode uint32, width int) string {
	text := strconv.FormatUint(uint64(mode), 8)
	return strings.Repeat("0", max(0, width-len(text))) + text
}

// chmod is chmod(1): a symlink given by name is followed, one met below is
// left alone.
func chmod(p *process) error {
	// A mode such as -x looks like an option.
	args := p.args
	for i, arg := range args[1:] {
		if len(arg) > 1 && arg[0] == '-' && strings.Trim(arg[1:], "rwxXst,=+-ugoa") == "" {
			p.args = append(append(append([]string{}, args[:i+1]...), "--"), args[i+1:]...)
			break
		}
		if arg == "--" || !strings.HasPrefix(arg, "-") {
			break
		}
	}
	opts, operands, err := p.options("Rvcf", "recursive=R", "verbose=v", "changes=c", "quiet=f", "silent=f")
	if err != nil {
		return err
	}
	if len(operands) < 2 {
		return p.usage()
	}
	if _, ok := parseMode(operands[0], 0, false, p.umask); !ok {
		return p.fail("invalid mode '%s'", operands[0])
	}
	apply := func(n *tree.Node) {
		n.Mode, _ = parseMode(operands[0], n.Mode, n.Kind == tree.Dir, p.umask)
	}
	for _, name := range operands[1:] {
		n, err := p.stat(name)
		if err != nil {
			if err := p.warnErr(err, "%s", name); err != nil {
				return err
			}
			continue
		}
		if l, err := p.lstat(name); opts.has('R') && err == nil && l == n { // a symlink is not entered
			eachNode(n, func(n *tree.Node) {
				if n.Kind != tree.Symlink {
					apply(n)
				}
			})
		} else {
			apply(n)
		}
	}
	return p.done()
}

// eachNode calls fn for a node and all below it.
func eachNode(n *tree.Node, fn func(*tree.Node)) {
	fn(n)
	if n.Kind != tree.Dir {
		return
	}
	for _, e := range n.Entries() {
		eachNode(e.Node, fn)
	}
}
