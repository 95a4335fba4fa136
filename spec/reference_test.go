package spec_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/mkimage/mkimage/schemas"
	"github.com/mkimage/mkimage/spec"
)

// TestReference writes the fields of docs/spec.md from the schema's comments
// and checks that the document is up to date and that its examples are specs.
func TestReference(t *testing.T) {
	const document, marker = "../docs/spec.md", "-update -->\n"
	old, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	intro, _, ok := strings.Cut(string(old), marker)
	if !ok {
		t.Fatalf("%s has no line that ends with %q", document, marker)
	}
	file, err := parser.ParseFile("image.cue", schemas.Image, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	r := reference{definitions: map[string]ast.Expr{}}
	for _, decl := range file.Decls {
		if field, ok := decl.(*ast.Field); ok {
			name, _, _ := ast.LabelName(field.Label)
			r.definitions[name] = field.Value
		}
	}
	r.fields(t, "", r.definitions["#Image"], "##")
	text := intro + marker + r.text.String()
	if *update {
		if err := os.WriteFile(document, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if text != string(old) {
		t.Errorf("%s is not up to date: run go test ./spec -run Reference -update", document)
	}
	for _, example := range r.examples {
		if !strings.Contains(example, "name: ") {
			example = "name: \"example.com/web\"\n" + example
		}
		load(t, example)
	}
	_, head, _ := strings.Cut(intro, "    name:")
	head, _, _ = strings.Cut(head, "\n\nA spec in JSON")
	load(t, strings.ReplaceAll("name:"+head, "\n    ", "\n"))
}

// reference writes the fields of the schema as a document.
type reference struct {
	definitions map[string]ast.Expr
	text        strings.Builder
	examples    []string
}

// fields writes those of the struct x, whose path ends with path, and below
// each those of the definition that it refers to.
func (r *reference) fields(t *testing.T, path string, x ast.Expr, heading string) {
	lit, ok := x.(*ast.StructLit)
	if !ok {
		return
	}
	for _, decl := range lit.Elts {
		field, ok := decl.(*ast.Field)
		if !ok || field.Constraint == token.ILLEGAL {
			continue
		}
		name, _, err := ast.LabelName(field.Label)
		if err != nil {
			continue
		}
		prose, example := comment(field)
		if prose == "" || example == "" {
			t.Errorf("%s%s has no comment or no example", path, name)
		}
		r.examples = append(r.examples, example)
		fmt.Fprintf(&r.text, "\n%s %s%s\n\n%s\n\n", heading, path, name, prose)
		for line := range strings.SplitSeq(example, "\n") {
			fmt.Fprintln(&r.text, strings.TrimRight("    "+strings.ReplaceAll(line, "\t", "    "), " "))
		}
		below, step := element(field.Value)
		if id, ok := below.(*ast.Ident); ok && strings.Count(path, ".") == 0 {
			r.fields(t, path+name+step+".", r.definitions[id.Name], heading+"#")
		}
	}
}

// element returns what a field with any names holds and the name of such a
// field, or x itself.
func element(x ast.Expr) (ast.Expr, string) {
	if lit, ok := x.(*ast.StructLit); ok && len(lit.Elts) == 1 {
		if field, ok := lit.Elts[0].(*ast.Field); ok {
			return field.Value, ".NAME"
		}
	}
	return x, ""
}

// comment returns a field's comment without its indented example, and the
// example.
func comment(field *ast.Field) (prose, example string) {
	var text, code []string
	for _, group := range ast.Comments(field) {
		for _, c := range group.List {
			line := strings.TrimPrefix(c.Text, "//")
			if tabbed, ok := strings.CutPrefix(line, "\t"); ok {
				code = append(code, tabbed)
			} else if line != "" {
				text = append(text, strings.TrimPrefix(line, " "))
			}
		}
	}
	return strings.Join(text, "\n"), strings.Join(code, "\n")
}

// TestSchemaInCUE checks that a spec can be unified with the schema in
// CUE itself, as editors do.
func TestSchemaInCUE(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"cue.mod/module.cue":                  "module: \"example.com/m@v0\"\nlanguage: version: \"v0.14.0\"\n",
		"cue.mod/pkg/example.com/s/image.cue": "package s\n" + schemas.Image,
		"a.cue":                               "import \"example.com/s\"\ns.#Image & {\n\tname: \"a/b\"\n\tfiles: \"/a\": content: \"\"\n\tplatforms: [\"linux/arm64\"]\n}",
	})
	if _, err := spec.Load(spec.Source{Dir: dir, Args: []string{"a.cue"}}); err != nil {
		t.Error(err)
	}
}
