package spec

import (
	"path/filepath"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/encoding/json"
	"cuelang.org/go/encoding/yaml"
)

// evaluate returns the value that the files of u unify to. It is false after
// a fault that leaves nothing to look at, such as one of syntax.
func (l *loader) evaluate(b *builder, u unit) (cue.Value, bool) {
	var parts []cue.Value
	ok := true
	hasCUE := false
	for _, file := range u.files {
		if filepath.Ext(file) == ".cue" {
			hasCUE = true
			continue
		}
		v, good := l.data(b, file)
		parts, ok = append(parts, v), ok && good
	}
	if hasCUE {
		v, good := l.cue(b, u)
		parts, ok = append([]cue.Value{v}, parts...), ok && good
	}
	if !ok {
		return cue.Value{}, false
	}
	whole := parts[0]
	for _, part := range parts[1:] {
		whole = whole.Unify(part)
	}
	return whole, true
}

// cue returns the value of the CUE files of u.
func (l *loader) cue(b *builder, u unit) (cue.Value, bool) {
	inst := u.instance(nil)
	fields := tagFields(inst)
	tags := usable(l.src.Tags, fields)
	l.note(b, fields, tags)
	reload := func() *build.Instance { return u.instance(tags) }
	if len(tags) > 0 {
		inst = reload()
	}
	if inst.Err != nil {
		l.loading(b, u, inst.Err)
		return cue.Value{}, false
	}
	// What is imported or named without use stops CUE from evaluating, but
	// it need not stop us.
	if inst.ResolutionErr != nil {
		l.loading(b, u, inst.ResolutionErr)
		inst.ResolutionErr = nil
	}
	v := l.ctx.BuildInstance(inst)
	if unknown := unknownReferences(v.Err()); len(unknown) > 0 {
		for _, e := range unknown {
			b.failed[dotted(e.Path())] = true
			b.add(b.at(e.Position()), "%s", prefix(dotted(e.Path()), b.word(e)))
		}
		inst = reload()
		inst.ResolutionErr = nil
		patch(inst, unknown)
		b.patched = true
		v = l.ctx.BuildInstance(inst)
	}
	return v, true
}

// note records the @tag attributes of a spec and refuses those that would
// let the machine into it.
func (l *loader) note(b *builder, fields []tagField, tags []string) {
	given := map[string]bool{}
	for _, tag := range tags {
		key, _, _ := strings.Cut(tag, "=")
		given[key], l.used[key] = true, true
	}
	for _, f := range fields {
		l.keys = append(l.keys, f.key)
		if !given[f.key] {
			b.tags = append(b.tags, f.key)
		}
		if name, ok := f.machineValue(); ok {
			b.add(b.at(f.pos), "cannot read %q from the machine: an image must not depend on where and when it is built; use @tag(%s) and -D %s=VALUE", name, f.key, f.key)
		}
	}
}

// loading records errors of reading and parsing CUE files.
func (l *loader) loading(b *builder, u unit, err error) {
	for _, e := range errors.Errors(err) {
		pos := b.at(e.Position())
		if !pos.IsValid() {
			pos = Pos{File: relativeTo(l.src.Dir, u.files[0])}
		}
		format, args := e.Msg()
		message := plain(format, args)
		if message == "cannot import" || len(args) == 0 && format == "%s" || message == "" {
			message = l.cause(e)
		}
		b.add(pos, "%s", message)
	}
}

// cause words an error that wraps another, such as that of an import.
func (l *loader) cause(e errors.Error) string {
	text := e.Error()
	if strings.Contains(text, errOffline.Error()) {
		return "cannot import: " + errOffline.Error()
	}
	if strings.Contains(text, "no cue.mod/module.cue file") {
		return "cannot import: the spec is in no CUE module, a folder with cue.mod/module.cue"
	}
	if inner := errors.Unwrap(e); inner != nil {
		text = inner.Error()
	}
	return strings.Join(strings.Fields(text), " ")
}

// data returns the value of a file in JSON or YAML.
func (l *loader) data(b *builder, file string) (cue.Value, bool) {
	pos := Pos{File: relativeTo(l.src.Dir, file)}
	content, err := readFile(file)
	if err != nil {
		b.add(pos, "cannot load: %s", reason(err))
		return cue.Value{}, false
	}
	var v cue.Value
	if filepath.Ext(file) == ".json" {
		var expr ast.Expr
		if expr, err = json.Extract(file, content); err == nil {
			v = l.ctx.BuildExpr(expr)
		}
	} else {
		var parsed *ast.File
		if parsed, err = yaml.Extract(file, content); err == nil {
			v = l.ctx.BuildFile(parsed)
		}
	}
	if err == nil {
		return v, true
	}
	for _, e := range errors.Errors(errors.Promote(err, "")) {
		at := b.at(e.Position())
		if !at.IsValid() {
			at = pos
		}
		format, args := e.Msg()
		b.add(at, "%s", plain(format, args))
	}
	return cue.Value{}, false
}
