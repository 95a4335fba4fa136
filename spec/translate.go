package spec

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
)

// evaluation records the errors of CUE about the user's own text: what
// conflicts, is not defined or turns in circles, with no part of the schema
// in it. Root is the value they are about.
func (b *builder) evaluation(root cue.Value, err error) {
	groups, order := map[string][]errors.Error{}, []string{}
	for _, e := range errors.Errors(err) {
		path := dotted(e.Path())
		if len(groups[path]) == 0 {
			order = append(order, path)
		}
		groups[path] = append(groups[path], e)
	}
	for _, path := range order {
		b.failed[path] = true
		group := groups[path]
		if options, got := alternatives(group); options != nil {
			b.add(b.spot(root, group[len(group)-1]), "%s", prefix(path, "cannot use "+got+": must be one of "+strings.Join(options, ", ")))
			continue
		}
		for _, e := range group {
			b.add(b.spot(root, e), "%s", prefix(path, b.word(e)))
		}
	}
}

// alternatives recognises the errors of a value that fits no arm of a
// disjunction, and returns the arms and the value.
func alternatives(group []errors.Error) (options []string, got string) {
	if format, _ := group[0].Msg(); !strings.Contains(format, "empty disjunction") {
		return nil, ""
	}
	counts := map[string]int{}
	var values []string
	for _, e := range group[1:] {
		_, args := e.Msg()
		for _, arg := range args[:min(2, len(args))] {
			text := show(arg)
			if counts[text]++; counts[text] == 1 {
				values = append(values, text)
			}
		}
	}
	if len(values) == 0 {
		return []string{"the alternatives"}, "it"
	}
	// Every arm conflicts with the value, so it is named the most often.
	got = values[0]
	for _, v := range values {
		if counts[v] > counts[got] || len(group) == 2 && v == values[len(values)-1] {
			got = v
		}
	}
	return slices.DeleteFunc(values, func(v string) bool { return v == got }), got
}

// word returns the message of e in words.
func (b *builder) word(e errors.Error) string {
	format, args := e.Msg()
	at := e.InputPositions()
	switch {
	case strings.HasPrefix(format, "conflicting values") && len(args) >= 2:
		if len(at) >= 2 && at[0].IsValid() && at[1].IsValid() {
			first, second := 0, 1
			if b.at(at[1]).compare(b.at(at[0])) < 0 {
				first, second = 1, 0
			}
			return fmt.Sprintf("%s conflicts with %s at %s", show(args[first]), show(args[second]), b.at(at[second]))
		}
		return fmt.Sprintf("%s conflicts with %s", show(args[0]), show(args[1]))
	case strings.HasPrefix(format, "incompatible list lengths") && len(args) == 2:
		return fmt.Sprintf("a list of %v and one of %v elements conflict: lists are not merged", args[0], args[1])
	case format == "invalid value %v (out of bound %s)" && len(args) == 2:
		return fmt.Sprintf("cannot use %s: must be %s", show(args[0]), show(args[1]))
	}
	return plain(format, args)
}

// plain returns other messages of CUE in the words of this package.
func plain(format string, args []any) string {
	switch format {
	case "reference %q not found":
		return fmt.Sprintf("%v is not defined", args...)
	case "undefined field: %s":
		return fmt.Sprintf("there is no field %v", args...)
	case "structural cycle":
		return "the value contains itself"
	case "cycle with field: %v":
		return fmt.Sprintf("the value depends on itself through %v", args...)
	case "import failed":
		return "cannot import"
	}
	text := fmt.Sprintf(format, args...)
	if len(args) == 0 {
		text = format
	}
	return oneLine(text)
}

// spot returns the place of e in the user's text: where CUE says, else that
// of the value it is about or of the nearest one around it.
func (b *builder) spot(root cue.Value, e errors.Error) Pos {
	if p := e.Position(); p.IsValid() {
		return b.at(p)
	}
	var best token.Pos
	for _, p := range e.InputPositions() {
		if p.IsValid() && (!best.IsValid() || b.at(p).compare(b.at(best)) < 0) {
			best = p
		}
	}
	if best.IsValid() {
		return b.at(best)
	}
	path := e.Path()
	for n := len(path); n > 0; n-- {
		var sels []cue.Selector
		for _, p := range path[:n] {
			sels = append(sels, selector(p))
		}
		if v := root.LookupPath(cue.MakePath(sels...)); v.Exists() {
			if key, _ := place(v); key.IsValid() {
				return b.at(key)
			}
		}
	}
	return b.at(root.Pos())
}

// selector turns an element of an error's path into that of a path.
func selector(element string) cue.Selector {
	p := cue.ParsePath(element)
	if sels := p.Selectors(); p.Err() == nil && len(sels) == 1 {
		return sels[0]
	}
	return cue.Str(element)
}

// dotted returns an error's path in the form of a node's path.
func dotted(elements []string) string {
	path := ""
	for _, e := range elements {
		switch {
		case e != "" && strings.Trim(e, "0123456789") == "":
			path += "[" + e + "]"
		case strings.HasPrefix(e, "_") || strings.HasPrefix(e, "#"):
			path = strings.TrimPrefix(path+"."+e, ".")
		default:
			if name, err := literal.Unquote(e); err == nil {
				e = name
			}
			path = joinPath(path, e)
		}
	}
	return path
}
