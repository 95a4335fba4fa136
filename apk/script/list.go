package script

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// ls is ls(1) for scripts: names, one a line, with -a, -A, -d, -1 and -l's
// columns refused, since they show times.
func ls(p *process) error {
	opts, operands, err := p.options("1aAdF")
	if err != nil {
		return err
	}
	if opts.has('F') {
		return p.unsupported("ls", "has no option as -F that mkimage knows")
	}
	if len(operands) == 0 {
		operands = []string{"."}
	}
	slices.Sort(operands)
	var files, dirs []string
	for _, name := range operands {
		n, err := p.stat(name)
		if err != nil {
			n, err = p.lstat(name)
		}
		switch {
		case err != nil:
			if err := p.warnErr(err, "%s", name); err != nil {
				return err
			}
		case n.Kind == tree.Dir && !opts.has('d'):
			dirs = append(dirs, name)
		default:
			files = append(files, name)
		}
	}
	for _, name := range files {
		if err := p.print(name + "\n"); err != nil {
			return err
		}
	}
	for i, dir := range dirs {
		if len(operands) > 1 {
			sep := "\n"
			if i == 0 && len(files) == 0 {
				sep = ""
			}
			if err := p.printf("%s%s:\n", sep, dir); err != nil {
				return err
			}
		}
		if err := p.listDir(dir, opts); err != nil {
			return err
		}
	}
	return p.done()
}

func (p *process) listDir(dir string, opts flags) error {
	entries, err := p.tree.ReadDir(p.abs(dir))
	if err != nil {
		return p.warnErr(err, "%s", dir)
	}
	var b strings.Builder
	if opts.has('a') {
		b.WriteString(".\n..\n")
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name, ".") || opts.has('a') || opts.has('A') {
			b.WriteString(e.Name + "\n")
		}
	}
	return p.print(b.String())
}

// stat is stat(1) with -c and -L. What the tree does not have is refused:
// times, inode and device numbers, blocks.
func stat(p *process) error {
	opts, operands, err := p.options("c:Lt", "format=c", "dereference=L")
	if err != nil {
		return err
	}
	if !opts.has('c') {
		return p.unsupported("stat", "shows times unless it has -c")
	}
	if len(operands) == 0 {
		return p.usage()
	}
	for _, name := range operands {
		look := p.lstat
		if opts.has('L') {
			look = p.stat
		}
		n, err := look(name)
		if err != nil {
			if err := p.warnErr(err, "can't stat '%s'", name); err != nil {
				return err
			}
			continue
		}
		text, err := p.statFormat(opts.value('c'), name, n)
		if err != nil {
			return err
		}
		if err := p.print(text + "\n"); err != nil {
			return err
		}
	}
	return p.done()
}

func (p *process) statFormat(format, name string, n *tree.Node) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		text, err := p.statField(format[i], name, n)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

func (p *process) statField(field byte, name string, n *tree.Node) (string, error) {
	switch field {
	case '%':
		return "%", nil
	case 'n':
		return name, nil
	case 'N':
		if n.Kind == tree.Symlink {
			return fmt.Sprintf("'%s' -> '%s'", name, n.Target), nil
		}
		return name, nil
	case 'a':
		return octal(n.Mode, 1), nil
	case 'A':
		return modeString(n), nil
	case 'u':
		return strconv.Itoa(n.UID), nil
	case 'g':
		return strconv.Itoa(n.GID), nil
	case 's':
		return strconv.FormatInt(fileSize(n), 10), nil
	case 'h':
		return strconv.Itoa(p.links(n)), nil
	case 'F':
		return kindName(n), nil
	case 'U', 'G':
		file, id := passwdFile, n.UID
		if field == 'G' {
			file, id = groupFile, n.GID
		}
		db, err := lookAccounts(p.machine, file)
		if err != nil {
			return "", err
		}
		if a := db.findID(id); a != nil {
			return a.name(), nil
		}
		return "UNKNOWN", nil
	}
	return "", p.unsupported("stat", "has no format %%%c that mkimage knows", field)
}

// fileSize is a file's size; a directory has that of a block, as on ext4.
func fileSize(n *tree.Node) int64 {
	if n.Kind == tree.Dir {
		return 4096
	}
	return n.Size()
}

// links counts a node's names; a directory's as ext4 does.
func (p *process) links(n *tree.Node) int {
	count := 0
	if n.Kind == tree.Dir {
		count = 2
		for _, e := range n.Entries() {
			if e.Kind == tree.Dir {
				count++
			}
		}
		return count
	}
	_ = p.tree.Walk(func(_ string, other *tree.Node) error { // fn never fails
		if other == n {
			count++
		}
		return nil
	})
	return count
}

func kindName(n *tree.Node) string {
	switch n.Kind {
	case tree.Dir:
		return "directory"
	case tree.Symlink:
		return "symbolic link"
	case tree.Fifo:
		return "fifo"
	case tree.CharDevice:
		return "character special file"
	case tree.BlockDevice:
		return "block special file"
	}
	if n.Size() == 0 {
		return "regular empty file"
	}
	return "regular file"
}

// modeString is the first column of ls -l.
func modeString(n *tree.Node) string {
	kind := map[tree.Kind]byte{tree.Dir: 'd', tree.Symlink: 'l', tree.Fifo: 'p', tree.CharDevice: 'c', tree.BlockDevice: 'b', tree.File: '-'}[n.Kind]
	out := []byte{kind}
	for i := 8; i >= 0; i-- {
		c := byte('-')
		if n.Mode>>i&1 != 0 {
			c = "xwr"[i%3]
		}
		out = append(out, c)
	}
	for i, special := range []struct {
		bit         uint32
		exec, plain byte
	}{{0o4000, 's', 'S'}, {0o2000, 's', 'S'}, {0o1000, 't', 'T'}} {
		at := 3 + i*3
		switch {
		case n.Mode&special.bit == 0:
		case out[at] == 'x':
			out[at] = special.exec
		default:
			out[at] = special.plain
		}
	}
	return string(out)
}
