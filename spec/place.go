package spec

import (
	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// place returns where the user wrote v: the name of its field (the value, in
// a list) and the value. Of a value that is written several times, to be
// unified, the first one counts.
func place(v cue.Value) (key, value token.Pos) {
	if key, value := written(v.Source()); key.IsValid() {
		return key, value
	}
	if op, parts := v.Expr(); op == cue.AndOp {
		for _, part := range parts {
			k, p := written(part.Source())
			if k.IsValid() && (!key.IsValid() || before(k, key)) {
				key, value = k, p
			}
		}
	}
	if !key.IsValid() {
		key, value = v.Pos(), v.Pos()
	}
	return key, value
}

// written returns the places of a field's name and value, or that of another
// node for both.
func written(n ast.Node) (key, value token.Pos) {
	switch n := n.(type) {
	case nil:
		return token.NoPos, token.NoPos
	case *ast.Field:
		return n.Label.Pos(), n.Value.Pos()
	}
	return n.Pos(), n.Pos()
}

// before orders places within a file; across files the given order, which is
// that of unification, stays.
func before(p, q token.Pos) bool {
	return p.Filename() == q.Filename() && p.Offset() < q.Offset()
}

// at returns p in the form that is shown: at least the spec's file.
func (b *builder) at(p token.Pos) Pos {
	if !p.IsValid() || p.Filename() == "" || p.Filename() == schemaFile {
		return Pos{File: b.file}
	}
	return Pos{File: relativeTo(b.dir, p.Filename()), Line: p.Line(), Column: p.Column()}
}
