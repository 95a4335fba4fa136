package spec

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
	"cuelang.org/go/cue/build"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/cue/token"
	"cuelang.org/go/mod/modfile"
	"cuelang.org/go/mod/module"
)

// offline is a registry of CUE modules that has none: a build never reaches
// out to the network for its spec.
type offline struct{}

var errOffline = errors.New("a spec is never fetched from the network; put the module into the folder cue.mod/pkg")

func (offline) ModFile(context.Context, module.Version) (*modfile.File, error) {
	return nil, errOffline
}

func (offline) Fetch(context.Context, module.Version) (module.SourceLoc, error) {
	return module.SourceLoc{}, errOffline
}

func (offline) ModuleVersions(context.Context, string) ([]string, error) {
	return nil, errOffline
}

// instance loads the CUE files of u, as they were read for the unit, with the
// given tags.
func (u unit) instance(tags []string) *build.Instance {
	args := []string{"."}
	if !u.pkg {
		args = nil
		for _, file := range u.files {
			if filepath.Ext(file) == ".cue" {
				args = append(args, file)
			}
		}
	}
	overlay := make(map[string]load.Source, len(u.content))
	for file, content := range u.content {
		overlay[file] = load.FromBytes(content)
	}
	cfg := &load.Config{
		Dir:      u.dir,
		Overlay:  overlay,
		Registry: offline{},
		Env:      []string{},
		Tags:     tags,
	}
	return load.Instances(args, cfg)[0]
}

// tagField is a field with a @tag attribute.
type tagField struct {
	key   string
	body  string   // of the attribute
	value ast.Expr // of the field
	pos   token.Pos
}

// tagFields returns the @tag attributes of a package's own files: those that
// -D can fill.
func tagFields(inst *build.Instance) []tagField {
	var found []tagField
	for _, file := range inst.Files {
		ast.Walk(file, func(n ast.Node) bool {
			if field, ok := n.(*ast.Field); ok {
				for _, a := range field.Attrs {
					if name, body := a.Split(); name == "tag" {
						key, _, _ := strings.Cut(body, ",")
						found = append(found, tagField{strings.TrimSpace(key), body, field.Value, a.Pos()})
					}
				}
			}
			return true
		}, nil)
	}
	return found
}

// machineValue returns the value of the machine that the attribute asks for,
// as in @tag(key,var=now).
func (t tagField) machineValue() (string, bool) {
	for _, option := range strings.Split(t.body, ",")[1:] {
		if name, value, ok := strings.Cut(option, "="); ok && strings.TrimSpace(name) == "var" {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// usable returns the given tags that fill a field among fields or select
// files (those without "=").
func usable(given []string, fields []tagField) []string {
	return slices.DeleteFunc(slices.Clone(given), func(tag string) bool {
		key, _, hasValue := strings.Cut(tag, "=")
		return hasValue && !slices.ContainsFunc(fields, func(f tagField) bool { return f.key == key })
	})
}

// unknownReferences returns the errors among err about names that are not
// defined. CUE evaluates nothing of a package that has one.
func unknownReferences(err error) []cueerrors.Error {
	var found []cueerrors.Error
	for _, e := range cueerrors.Errors(err) {
		if format, _ := e.Msg(); format == "reference %q not found" {
			found = append(found, e)
		}
	}
	return found
}

// patch puts "any value" in the place of the unknown references in inst and
// its imports, so that the rest can be evaluated.
func patch(inst *build.Instance, unknown []cueerrors.Error) {
	places := map[string]bool{}
	name := func(p token.Pos) string { return p.Filename() + ":" + strconv.Itoa(p.Offset()) }
	for _, e := range unknown {
		places[name(e.Position())] = true
	}
	seen := map[*build.Instance]bool{}
	var visit func(*build.Instance)
	visit = func(inst *build.Instance) {
		if seen[inst] {
			return
		}
		seen[inst] = true
		for _, file := range inst.Files {
			astutil.Apply(file, func(c astutil.Cursor) bool {
				if id, ok := c.Node().(*ast.Ident); ok && places[name(id.Pos())] {
					c.Replace(&ast.Ident{NamePos: id.NamePos, Name: "_"})
				}
				return true
			}, nil)
		}
		for _, imported := range inst.Imports {
			visit(imported)
		}
	}
	visit(inst)
}

// regular reports whether v has a field that is not a definition, hidden or
// optional: whether a package is a spec and not a library.
func regular(v cue.Value) bool {
	parts, _, _ := members(v)
	return len(parts) > 0
}
