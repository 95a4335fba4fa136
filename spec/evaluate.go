package spec

import (
	"fmt"
	"path/filepath"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
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
		v, good := l.data(b, file, u.content[file])
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
		l.unread = true
		l.loading(b, inst.Err)
		return cue.Value{}, false
	}
	// What is imported or named without use stops CUE from evaluating, but
	// it need not stop us.
	if inst.ResolutionErr != nil {
		l.loading(b, inst.ResolutionErr)
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
	b.open = openTags(inst, tags)
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
		if name, ok := f.machineValue(); ok {
			b.add(b.at(f.pos), "cannot read %q from the machine: an image must not depend on where and when it is built; use @tag(%s) and -D %s=VALUE", name, f.key, f.key)
		}
	}
}

// maxLoadFaults is how many faults of one load are told: text that is no CUE
// at all has one at every word.
const maxLoadFaults = 20

// loading records errors of reading and parsing CUE files.
func (l *loader) loading(b *builder, err error) {
	list := errors.Errors(err)
	for i, e := range list {
		if i == maxLoadFaults {
			b.add(b.at(e.Position()), "and %d more faults from here on", len(list)-i)
			return
		}
		format, args := e.Msg()
		if strings.Contains(format, "injection tag") && len(args) > 0 {
			l.add(Pos{}, "cannot use -D %s: not a value of the type that its @tag names", l.given(fmt.Sprint(args[len(args)-1])))
			continue
		}
		if strings.Contains(format, "not used in any file") && len(args) > 0 {
			l.add(Pos{}, "cannot use -D %v: no file is selected by @if(%v); a field gets its value from -D KEY=VALUE", args[0], args[0])
			continue
		}
		message := plain(format, args)
		if message == "cannot import" || len(args) == 0 && format == "%s" || message == "" {
			message = l.cause(e)
		}
		b.add(b.at(e.Position()), "%s", message)
	}
}

// given returns what was given with -D for key.
func (l *loader) given(key string) string {
	for _, tag := range l.src.Tags {
		if strings.HasPrefix(tag, key+"=") {
			return tag
		}
	}
	return key
}

// cause words an error that wraps another, such as that of an import.
func (l *loader) cause(e errors.Error) string {
	text := oneLine(e.Error())
	switch {
	case strings.Contains(text, errOffline.Error()):
		return "cannot import: " + errOffline.Error()
	case strings.Contains(text, "no cue.mod/module.cue file"):
		return "cannot import: the spec is in no CUE module, a folder with cue.mod/module.cue"
	}
	if _, rest, ok := strings.Cut(text, "cannot find package "); ok {
		pkg, _, _ := strings.Cut(rest, ": ")
		return "cannot import " + pkg + ": no such package in the spec's module, and nothing is fetched from the network"
	}
	text = strings.TrimPrefix(text, "import failed: ")
	return strings.TrimPrefix(text, e.Position().String()+": ")
}
