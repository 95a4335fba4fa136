package spec

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"

	"github.com/mkimage/mkimage/internal/spelling"
)

// node is a value of a spec after the check against its shape: plain data,
// each with its place. A node that broke a rule is kept, marked bad, so that
// rules between fields still know that it is there.
type node struct {
	path string // as CUE writes it: files."/etc/motd".mode
	key  Pos    // of the field's name; of the element in a list
	pos  Pos    // of the value, where it is written out
	file string // absolute path of the file that pos is in

	text   string           // a string or bytes, or a number in decimal
	fields map[string]*node // of a struct
	list   []*node          // of a list

	bad     bool // the value itself broke a rule
	strange bool // a struct with a field that does not exist, or with parts that are undecided
}

// field returns the field name of n, nil if it is absent.
func (n *node) field(name string) *node {
	if n == nil {
		return nil
	}
	return n.fields[name]
}

// names returns the names of n's fields, sorted.
func (n *node) names() []string {
	if n == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(n.fields))
}

// ok reports whether n is there and obeyed its shape.
func (n *node) ok() bool { return n != nil && !n.bad }

// builder makes nodes of CUE values and collects what is wrong with them.
type builder struct {
	*faults
	dir     string          // positions are shown relative to it
	file    string          // the spec's first file as it is shown
	top     *shape          // the whole schema, for suggestions
	failed  map[string]bool // paths whose faults are known already
	open    tags            // @tag attributes that have no value yet
	patched bool            // unknown references were replaced, see patch
}

// build checks v, the value at path, against s.
func (b *builder) build(v cue.Value, s *shape, path string) *node {
	n := &node{path: path}
	key, val := place(v)
	n.key, n.pos, n.file = b.at(key), b.at(val), val.Filename()
	if b.failed[path] {
		n.bad = true
		return n
	}
	d, _ := v.Default()
	parts, isList, composed := members(d)
	if composed && b.undecided(d, path) {
		b.unfinished(n, v)
		n.strange = true // what is missing may be in the undecided part
	}
	switch {
	case s.kind == cue.StructKind && composed && !isList:
		b.structure(n, parts, s)
	case s.kind == cue.ListKind && composed && isList:
		for i, part := range parts {
			n.list = append(n.list, b.build(part.value, s.elem, path+"["+strconv.Itoa(i)+"]"))
		}
	case composed && isList:
		b.refuse(n, "cannot use a list: %s", s.rule())
	case composed:
		b.refuse(n, "cannot use a struct: %s", s.rule())
	case d.Err() != nil || !d.IsConcrete():
		b.unfinished(n, v)
	case s.kind == cue.StructKind, s.kind == cue.ListKind:
		b.refuse(n, "cannot use %s: %s%s", show(d), s.rule(), listHint(d, s))
	default:
		b.leaf(n, v, d, s)
	}
	return n
}

// undecided reports whether the struct or list d has parts that depend on
// what has no value, such as a condition.
func (b *builder) undecided(d cue.Value, path string) bool {
	for _, e := range errors.Errors(d.Err()) {
		format, _ := e.Msg()
		if strings.Contains(format, "incomplete") && dotted(e.Path()) == path {
			return true
		}
	}
	return false
}

// structure checks the fields of a struct.
func (b *builder) structure(n *node, parts []member, s *shape) {
	n.fields = make(map[string]*node, len(parts))
	for _, part := range parts {
		path := joinPath(n.path, part.name)
		below := s.field(part.name)
		if below == nil {
			n.strange = true
			key, _ := place(part.value)
			b.add(b.at(key), "%s: field not allowed%s", path, b.allowed(n, part.name, s))
			b.failed[path] = true
			continue
		}
		n.fields[part.name] = b.build(part.value, below, path)
	}
	for _, name := range s.required {
		if n.fields[name] == nil && !n.strange {
			pos := n.key
			if n.path == "" {
				pos = Pos{File: pos.File}
			}
			b.add(pos, "%s: field is required", joinPath(n.path, name))
		}
	}
}

// allowed says what the author of the unknown field name may have meant.
func (b *builder) allowed(n *node, name string, s *shape) string {
	if best := spelling.Nearest(name, s.names); best != "" {
		return " (did you mean " + best + "?)"
	}
	if n.path == "" {
		if known := foreign(name); known != "" {
			return " (did you mean " + known + "?)"
		}
	}
	if paths := b.top.find(name); len(paths) > 0 {
		return " (did you mean " + paths[0] + "?)"
	}
	if n.path == "" {
		if filepath.Ext(b.file) == ".cue" {
			return " (a field of your own starts with _ or #)"
		}
		return ""
	}
	return " (there are " + strings.Join(s.names, ", ") + ")"
}

// leaf checks a value that is no struct and no list: d, the default of v.
func (b *builder) leaf(n *node, v, d cue.Value, s *shape) {
	u := s.value.Unify(d)
	if err := u.Validate(cue.Concrete(true)); err != nil {
		written := plainText(v, d)
		b.refuse(n, "cannot use %s: %s", written, s.broken(err, d, written))
		return
	}
	// The place of the text itself, also where a field only refers to it.
	if p := u.Pos(); p.IsValid() && p.Filename() != schemaFile {
		n.pos, n.file = b.at(p), p.Filename()
	}
	switch d.Kind() {
	case cue.StringKind:
		n.text, _ = d.String()
	case cue.BytesKind:
		data, _ := d.Bytes()
		n.text = string(data)
	default:
		n.text = fmt.Sprint(d)
	}
}

// refuse marks n bad and records why.
func (b *builder) refuse(n *node, format string, args ...any) {
	n.bad = true
	b.add(n.pos, "%s", prefix(n.path, fmt.Sprintf(format, args...)))
}

// member is a field of a struct or an element of a list.
type member struct {
	name  string
	value cue.Value
}

// members returns the fields or elements of v, whether v is a list, and
// whether it has parts at all. It works on values some of whose parts are
// in error, which CUE gives the kind of an error as a whole.
func members(v cue.Value) (parts []member, isList, ok bool) {
	if v.IncompleteKind() == cue.ListKind {
		list, err := v.List()
		for err == nil && list.Next() {
			parts = append(parts, member{value: list.Value()})
		}
		return parts, true, err == nil
	}
	fields, err := v.Fields()
	if err != nil {
		return nil, false, false
	}
	for fields.Next() {
		sel := fields.Selector()
		if sel.LabelType() == cue.IndexLabel {
			isList = true
			parts = append(parts, member{value: fields.Value()})
			continue
		}
		parts = append(parts, member{sel.Unquoted(), fields.Value()})
	}
	return parts, isList, len(parts) > 0 || v.IncompleteKind() == cue.StructKind
}

// joinPath returns the path of the field name of the value at path.
func joinPath(path, name string) string {
	if !ast.IsValidIdent(name) || strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#") {
		name = strconv.Quote(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// prefix puts the path in front of a message about it.
func prefix(path, message string) string {
	if path == "" {
		return message
	}
	return path + ": " + message
}
