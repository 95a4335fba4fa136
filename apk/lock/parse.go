package lock

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/internal/spelling"
)

// Error holds what is wrong with a lock file, in the order of its lines. It is
// never empty.
type Error struct {
	Faults []Fault
}

// Fault is one thing that is wrong.
type Fault struct {
	File         string // as it was given to Parse
	Line, Column int    // from 1, columns in bytes; 0: the file as a whole
	Message      string
}

// String returns the fault as one line, its place first.
func (f Fault) String() string {
	if f.Line == 0 {
		return f.File + ": " + f.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Message)
}

// Error returns one line a fault.
func (e *Error) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Parse reads the content of a lock file. file is its name, for messages. The
// error is an *Error.
func Parse(file string, content []byte) (*Lock, error) {
	d := &decoder{file: file, source: content}
	l := d.lock()
	if len(d.faults) > 0 {
		slices.SortStableFunc(d.faults, func(a, b Fault) int {
			return cmp.Or(a.Line-b.Line, a.Column-b.Column)
		})
		return nil, &Error{d.faults}
	}
	return l, nil
}

// decoder reads a lock and gathers faults.
type decoder struct {
	file   string
	source []byte
	faults []Fault
}

func (d *decoder) fault(offset int, format string, args ...any) {
	line, column := position(d.source, offset)
	d.faults = append(d.faults, Fault{d.file, line, column, fmt.Sprintf(format, args...)})
}

// refuse faults the value at path.
func (d *decoder) refuse(n *node, path, format string, args ...any) {
	d.fault(n.offset, "%s: %s", path, fmt.Sprintf(format, args...))
}

func (d *decoder) lock() *Lock {
	if len(d.source) > MaxSize {
		d.faults = []Fault{{File: d.file, Message: fmt.Sprintf("a lock has at most %d bytes", MaxSize)}}
		return nil
	}
	if at := conflict(d.source); at >= 0 {
		d.fault(at, "there is a merge conflict; keep one side of it")
		return nil
	}
	root, err := readJSON(d.source)
	if syntax, ok := err.(*syntaxError); ok {
		d.fault(syntax.offset, "%s", syntax.message)
		return nil
	}
	if !d.version(root) {
		return nil
	}
	f := d.fields(root, "", "version", "inputs", "platforms")
	l := &Lock{Inputs: d.inputs(f["inputs"])}
	for _, m := range d.entries(f["platforms"], "platforms") {
		l.Platforms = append(l.Platforms, d.platform(m, &l.Inputs))
	}
	if len(d.faults) == 0 {
		d.canonical(l)
	}
	return l
}

// version looks at the version first: of another one nothing is understood.
func (d *decoder) version(root *node) bool {
	for _, m := range root.members {
		if m.key != "version" {
			continue
		}
		if n, err := strconv.Atoi(m.value.text); m.value.kind == number && err == nil && n > Version {
			d.refuse(m.value, "version", "the format is of version %d, and this mkimage knows %d; use a newer mkimage", n, Version)
		} else if m.value.kind != number || err != nil || n != Version {
			d.refuse(m.value, "version", "must be %d", Version)
		}
		return len(d.faults) == 0
	}
	if root.kind != object {
		d.fault(root.offset, "it is not a lock file: a lock is a JSON object, and this is %s", root.kind)
	} else {
		d.fault(root.offset, "it is not a lock file: it has no version")
	}
	return false
}

// canonical compares the source with what Format writes of it.
func (d *decoder) canonical(l *Lock) {
	want, _ := squeeze(encode(l))
	have, offsets := squeeze(d.source)
	if bytes.Equal(have, want) {
		return
	}
	at := 0
	for at < len(have) && at < len(want) && have[at] == want[at] {
		at++
	}
	offset := len(d.source)
	if at < len(have) {
		offset = offsets[at]
	}
	d.fault(offset, "it is not written as mkimage writes it: names are sorted, and everything has one spelling")
}

// fields returns the values of an object that has exactly the known names; one
// that ends in "?" may be absent.
func (d *decoder) fields(n *node, path string, known ...string) map[string]*node {
	if n == nil {
		return nil
	}
	values := map[string]*node{}
	for _, m := range d.entries(n, path) {
		if !slices.Contains(known, m.key) && !slices.Contains(known, m.key+"?") {
			d.fault(m.offset, "%s: there is no such field%s", join(path, m.key), spelling.Hint(m.key, known))
		}
		values[m.key] = m.value
	}
	for _, name := range known {
		if values[name] == nil && !strings.HasSuffix(name, "?") && n.kind == object {
			d.fault(n.offset, "%s is missing", join(path, name))
		}
	}
	return values
}

// entries returns the members of an object, each name once.
func (d *decoder) entries(n *node, path string) []member {
	if !d.is(n, path, object) {
		return nil
	}
	seen := map[string]bool{}
	var list []member
	for _, m := range n.members {
		if seen[m.key] {
			d.fault(m.offset, "%s is there twice", join(path, m.key))
			continue
		}
		seen[m.key] = true
		list = append(list, m)
	}
	return list
}

// is reports whether the value is of a kind, and faults it if not. What is
// missing has its fault already.
func (d *decoder) is(n *node, path string, k kind) bool {
	if n != nil && n.kind != k {
		d.refuse(n, path, "must be %s, and is %s", k, n.kind)
	}
	return n != nil && n.kind == k
}

// join appends a name to a path of names.
func join(path, name string) string {
	if path == "" {
		return quote(name)
	}
	return path + "." + quote(name)
}
