package script

import (
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// specialMode parses -m MODE of mkfifo and mknod.
func (p *process) specialMode() (mode uint32, operands []string, err error) {
	opts, operands, err := p.options("m:", "mode=m")
	if err != nil {
		return 0, nil, err
	}
	mode = 0o666 &^ p.umask
	if opts.has('m') {
		var ok bool
		if mode, ok = parseMode(opts.value('m'), 0o666, false, p.umask); !ok {
			return 0, nil, p.fail("invalid mode '%s'", opts.value('m'))
		}
	}
	return mode, operands, nil
}

// mknod is mknod(1): NAME p, or NAME c|b MAJOR MINOR.
func mknod(p *process) error {
	mode, operands, err := p.specialMode()
	if err != nil {
		return err
	}
	n := &tree.Node{Mode: mode}
	switch {
	case len(operands) == 2 && operands[1] == "p":
		n.Kind = tree.Fifo
	case len(operands) == 4 && strings.Contains("cub", operands[1]):
		n.Kind = tree.CharDevice
		if operands[1] == "b" {
			n.Kind = tree.BlockDevice
		}
		major, errMajor := strconv.ParseUint(operands[2], 0, 12)
		minor, errMinor := strconv.ParseUint(operands[3], 0, 20)
		if errMajor != nil || errMinor != nil {
			return p.fail("invalid number in '%s, %s'", operands[2], operands[3])
		}
		n.Major, n.Minor = int64(major), int64(minor)
	default:
		return p.usage()
	}
	if err := p.tree.Create(p.abs(operands[0]), n); err != nil {
		return p.failErr(err, "%s", operands[0])
	}
	return nil
}

// mkfifo is mkfifo(1).
func mkfifo(p *process) error {
	mode, operands, err := p.specialMode()
	if err != nil {
		return err
	}
	for _, name := range operands {
		if err := p.tree.Create(p.abs(name), &tree.Node{Kind: tree.Fifo, Mode: mode}); err != nil {
			if err := p.warnErr(err, "%s", name); err != nil {
				return err
			}
		}
	}
	return p.done()
}
