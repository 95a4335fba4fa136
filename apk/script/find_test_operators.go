package script

import (
	"path"
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
	"mvdan.cc/sh/v3/pattern"
)

// test returns what takes one operand and tests.
func (f *finder) test(name string) (findExpr, error) {
	if len(f.args) == 0 || !strings.HasPrefix(name, "-") {
		return nil, f.unsupported("find", "cannot understand %q", name)
	}
	arg := f.args[0]
	f.args = f.args[1:]
	switch name {
	case "-name", "-iname", "-path", "-ipath", "-wholename":
		return f.nameTest(name, arg)
	case "-type":
		return f.typeTest(arg)
	case "-perm":
		return f.permTest(arg)
	case "-mindepth", "-maxdepth":
		n, err := strconv.Atoi(arg)
		if err != nil || n < 0 {
			return nil, f.unsupported("find", "cannot understand %s %q", name, arg)
		}
		if name == "-mindepth" {
			f.min = n
		} else {
			f.max = n
		}
		return func(findNode) (bool, error) { return true, nil }, nil
	case "-user", "-group":
		id, ok, err := f.userID(arg)
		if name == "-group" {
			id, ok, err = f.groupID(arg)
		}
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, f.fail("unknown %s %s", name[1:], arg)
		}
		return func(n findNode) (bool, error) {
			if name == "-user" {
				return n.UID == id, nil
			}
			return n.GID == id, nil
		}, nil
	case "-size":
		return f.sizeTest(arg)
	}
	return nil, f.unsupported("find", "has no test %s that mkimage knows", name)
}

func (f *finder) nameTest(name, pat string) (findExpr, error) {
	mode := pattern.EntireString
	if strings.HasPrefix(name, "-i") {
		mode |= pattern.NoGlobCase
	}
	re, err := compilePattern(pat, mode)
	if err != nil {
		return nil, f.unsupported("find", "cannot use the pattern %q", pat)
	}
	return func(n findNode) (bool, error) {
		if strings.HasSuffix(name, "name") && name != "-wholename" {
			return re.MatchString(path.Base(n.path)), nil
		}
		return re.MatchString(n.path), nil
	}, nil
}

func (f *finder) typeTest(arg string) (findExpr, error) {
	kinds := map[string]tree.Kind{"f": tree.File, "d": tree.Dir, "l": tree.Symlink, "p": tree.Fifo, "c": tree.CharDevice, "b": tree.BlockDevice}
	kind, ok := kinds[arg]
	if !ok && arg != "s" {
		return nil, f.unsupported("find", "has no -type %s that mkimage knows", arg)
	}
	return func(n findNode) (bool, error) { return ok && n.Kind == kind, nil }, nil
}

// permTest is -perm MODE, -MODE for all of its bits and /MODE for any.
func (f *finder) permTest(arg string) (findExpr, error) {
	text := strings.TrimLeft(arg, "-/")
	mode, ok := parseMode(text, 0, false, 0)
	if !ok {
		return nil, f.unsupported("find", "cannot understand -perm %q", arg)
	}
	return func(n findNode) (bool, error) {
		switch {
		case arg[0] == '-':
			return n.Mode&mode == mode, nil
		case arg[0] == '/':
			return mode == 0 || n.Mode&mode != 0, nil
		}
		return n.Mode == mode, nil
	}, nil
}

// sizeTest is -size N, +N and -N, of blocks of 512 bytes, c bytes or k.
func (f *finder) sizeTest(arg string) (findExpr, error) {
	text := strings.TrimLeft(arg, "+-")
	unit := int64(512)
	for suffix, size := range map[string]int64{"c": 1, "b": 512, "k": 1024} {
		if rest, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = rest, size
		}
	}
	want, err := strconv.ParseInt(text, 10, 31)
	if err != nil {
		return nil, f.unsupported("find", "cannot understand -size %q", arg)
	}
	return func(n findNode) (bool, error) {
		size := (fileSize(n.Node) + unit - 1) / unit
		switch arg[0] {
		case '+':
			return size > want, nil
		case '-':
			return size < want, nil
		}
		return size == want, nil
	}, nil
}
