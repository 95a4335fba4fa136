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
		if options, got := b.alternatives(group); options != nil {
			b.add(b.refused(root, group), "%s", prefix(path, "cannot use "+got+": must be one of "+strings.Join(options, ", ")))
			continue
		}
		for _, e := range group {
			format, _ := e.Msg()
			if format == "field not allowed" && !b.top.knows(e.Path()) {
				continue // build says it with a suggestion
			}
			message := b.word(e)
			pos := b.spot(root, e)
			if strings.HasPrefix(format, "incompatible list lengths") {
				if first, second := b.twoPlaces(root, e.Path()); second.IsValid() {
					pos, message = first, message+"; the other is at "+second.String()
				}
			}
			b.add(pos, "%s", prefix(path, message))
		}
	}
}

// alternatives recognises the errors of a value that fits no arm of a
// disjunction, and returns the arms and the value.
func (b *builder) alternatives(group []errors.Error) (options []string, got string) {
	if format, _ := group[0].Msg(); !strings.Contains(format, "empty disjunction") {
		return nil, ""
	}
	slices.SortStableFunc(group[1:], func(x, y errors.Error) int {
		return slices.CompareFunc(b.places(x), b.places(y), Pos.compare)
	})
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

// refused returns the place of the value that fits no arm: the one that all
// errors of the group share, else that of the first arm.
func (b *builder) refused(root cue.Value, group []errors.Error) Pos {
	if len(group) < 2 {
		return b.spot(root, group[0])
	}
	candidates := b.places(group[1])
	for _, p := range candidates {
		if !slices.ContainsFunc(group[2:], func(e errors.Error) bool { return !slices.Contains(b.places(e), p) }) {
			return p
		}
	}
	if len(candidates) > 0 {
		return candidates[0]
	}
	return b.spot(root, group[0])
}

// places returns the places that took part in e, sorted.
func (b *builder) places(e errors.Error) []Pos {
	var list []Pos
	for _, p := range e.InputPositions() {
		list = append(list, b.at(p))
	}
	slices.SortFunc(list, Pos.compare)
	return list
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
		return fmt.Sprintf("lists of %v and %v elements conflict: lists are not merged", args[0], args[1])
	case format == "invalid value %v (out of bound %s)" && len(args) == 2:
		message := fmt.Sprintf("cannot use %s: must be %s", show(args[0]), show(args[1]))
		for _, rule := range at {
			if rule.IsValid() && rule.Position() != at[0].Position() {
				return message + ", by the rule at " + b.at(rule).String()
			}
		}
		return message
	case errors.Unwrap(e) != nil:
		return strings.TrimPrefix(oneLine(e.Error()), strings.Join(e.Path(), ".")+": ")
	}
	return plain(format, args)
}

// plain returns other messages of CUE in the words of this package.
func plain(format string, args []any) string {
	switch format {
	case "reference %q not found":
		return fmt.Sprintf("%v is not defined", args...)
	case "field not allowed":
		return "field not allowed: a definition of the spec's own closes the struct (add ... to it)"
	case "undefined field: %s":
		return fmt.Sprintf("there is no field %v", args...)
	case "structural cycle":
		return "the value contains itself"
	case "cycle with field: %v":
		return fmt.Sprintf("the value depends on itself through %v", args...)
	case "cannot range over %s (incomplete type %s)":
		return fmt.Sprintf("cannot range over %v: it has no value, it is only declared as %v", args...)
	case "build constraints exclude all CUE files in %s:\n    %s: %v":
		return fmt.Sprintf("left out: %v", args[len(args)-1])
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
	if format, _ := e.Msg(); strings.Contains(format, "out of bound") && len(e.InputPositions()) > 1 {
		return b.at(e.InputPositions()[0]) // of the value; the error's own is that of the rule
	}
	if p := e.Position(); p.IsValid() {
		if format, _ := e.Msg(); format == "%s" {
			// The place is that of error(...), which may be in a shared
			// file: the value that it is about is of more use.
			for _, in := range e.InputPositions() {
				if in.IsValid() && (in.Filename() != p.Filename() || in.Line() != p.Line()) {
					return b.at(in)
				}
			}
		}
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
	for path := e.Path(); len(path) > 0; path = path[:len(path)-1] {
		if key, _ := place(lookup(root, path)); key.IsValid() {
			return b.at(key)
		}
	}
	return b.at(root.Pos())
}

// twoPlaces returns the first two places that the value at path is written
// at.
func (b *builder) twoPlaces(root cue.Value, path []string) (first, second Pos) {
	op, parts := lookup(root, path).Expr()
	if op != cue.AndOp {
		return Pos{}, Pos{}
	}
	var places []Pos
	for _, part := range parts {
		if _, value := place(part); value.IsValid() {
			places = append(places, b.at(value))
		}
	}
	slices.SortFunc(places, Pos.compare)
	if len(places) < 2 {
		return Pos{}, Pos{}
	}
	return places[0], places[1]
}

// lookup returns the value at an error's path.
func lookup(root cue.Value, path []string) cue.Value {
	var selectors []cue.Selector
	for _, element := range path {
		selectors = append(selectors, selector(element))
	}
	return root.LookupPath(cue.MakePath(selectors...))
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
			path = joinPath(path, unquoted(e))
		}
	}
	return path
}

// unquoted returns the name of a field from an error's path.
func unquoted(element string) string {
	if name, err := literal.Unquote(element); err == nil {
		return name
	}
	return element
}
