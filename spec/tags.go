package spec

import (
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
)

// tags knows which @tag attributes of a package have no value yet, to say
// which -D gives a field its value.
type tags struct {
	keys map[ast.Node]string   // by the value of the field with the attribute
	top  map[string][]ast.Node // fields' values at the top of the files, which all files can refer to
}

// openTags returns the @tag attributes of inst that are not among the given
// tags.
func openTags(inst *build.Instance, given []string) tags {
	t := tags{keys: map[ast.Node]string{}, top: map[string][]ast.Node{}}
	for _, f := range tagFields(inst) {
		if !slices.ContainsFunc(given, func(tag string) bool { return strings.HasPrefix(tag, f.key+"=") }) {
			t.keys[f.value] = f.key
		}
	}
	if len(t.keys) == 0 {
		return t
	}
	for _, file := range inst.Files {
		for _, decl := range file.Decls {
			if field, ok := decl.(*ast.Field); ok {
				if name, _, err := ast.LabelName(field.Label); err == nil {
					t.top[name] = append(t.top[name], field.Value)
				}
			}
		}
	}
	return t
}

// filling returns the keys of the open tags of v's own field and of what its
// text refers to, each once.
func (t tags) filling(v cue.Value) []string {
	if len(t.keys) == 0 {
		return nil
	}
	var keys []string
	seen := map[ast.Node]bool{}
	var visit func(ast.Node)
	visit = func(n ast.Node) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		ast.Walk(n, func(n ast.Node) bool {
			if key, ok := t.keys[n]; ok && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
			if id, ok := n.(*ast.Ident); ok {
				visit(id.Node)
				if id.Node == nil {
					for _, value := range t.top[id.Name] {
						visit(value)
					}
				}
			}
			return true
		}, nil)
	}
	visit(v.Source())
	if v.Source() == nil {
		_, parts := v.Expr()
		for _, part := range parts {
			visit(part.Source())
		}
	}
	return keys
}

// filler says which -D gives v its value, or nothing.
func (t tags) filler(v cue.Value) string {
	keys := t.filling(v)
	for i, key := range keys {
		keys[i] = "-D " + key + "=VALUE"
	}
	if len(keys) == 0 {
		return ""
	}
	return "give it with " + strings.Join(keys, " ")
}
