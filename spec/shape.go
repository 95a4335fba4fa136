package spec

import (
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/mkimage/mkimage/schemas"
)

// schemaFile stands for the schema in positions, which are never shown.
const schemaFile = "mkimage schema"

// shape is a part of the schema in a form that can be walked beside a spec.
// The schema is checked part by part, not by one unification of the whole,
// because each part then fails on its own, at a known path and place of the
// user's text.
type shape struct {
	value    cue.Value // the constraint; for a leaf, the whole of it
	kind     cue.Kind  // cue.StructKind, cue.ListKind, else a leaf
	fields   map[string]*shape
	names    []string // of fields, in the schema's order
	required []string
	elem     *shape // of a list, or of a struct with any field names
}

// newShape compiles the schema.
func newShape(ctx *cue.Context) *shape {
	v := ctx.CompileString(schemas.Image, cue.Filename(schemaFile))
	return shapeOf(v.LookupPath(cue.ParsePath("#Image")))
}

func shapeOf(v cue.Value) *shape {
	s := &shape{value: v, kind: v.IncompleteKind()}
	switch s.kind {
	case cue.ListKind:
		s.elem = shapeOf(v.LookupPath(cue.MakePath(cue.AnyIndex)))
	case cue.StructKind:
		s.fields = map[string]*shape{}
		for fields, err := v.Fields(cue.Optional(true)); err == nil && fields.Next(); {
			name := fields.Selector().Unquoted()
			s.fields[name] = shapeOf(fields.Value())
			s.names = append(s.names, name)
			if fields.FieldType()&cue.RequiredConstraint != 0 {
				s.required = append(s.required, name)
			}
		}
		if any := v.LookupPath(cue.MakePath(cue.AnyString)); any.Exists() {
			s.elem = shapeOf(any)
		}
	}
	return s
}

// field returns the shape of the field name, nil if there may be none.
func (s *shape) field(name string) *shape {
	if f := s.fields[name]; f != nil {
		return f
	}
	return s.elem
}

// enum returns the strings that a leaf lists one by one.
func (s *shape) enum() []string {
	op, arms := cue.Dereference(s.value).Expr()
	if op != cue.OrOp {
		return nil
	}
	var list []string
	for _, arm := range arms {
		if text, err := arm.String(); err == nil {
			list = append(list, text)
		}
	}
	return list
}

// find returns the paths of the fields called name anywhere in s, shortest
// first, so that a field at the wrong level can be answered with its place.
func (s *shape) find(name string) []string {
	var paths []string
	for _, n := range s.names {
		if n == name {
			paths = append(paths, n)
		}
		for _, below := range s.fields[n].find(name) {
			paths = append(paths, n+"."+below)
		}
	}
	slices.SortStableFunc(paths, func(a, b string) int { return len(a) - len(b) })
	return paths
}

// knows reports whether there may be a value at an error's path. Paths of
// hidden fields and definitions count as known: they are the user's own.
func (s *shape) knows(path []string) bool {
	for _, element := range path {
		if strings.HasPrefix(element, "_") || strings.HasPrefix(element, "#") {
			return true
		}
		if s.kind == cue.ListKind {
			s = s.elem
		} else {
			s = s.field(unquoted(element))
		}
		if s == nil {
			return false
		}
	}
	return true
}
