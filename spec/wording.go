package spec

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/spelling"
)

// rule says what a value of the shape must be.
func (s *shape) rule() string {
	switch s.kind {
	case cue.ListKind:
		return "must be a list"
	case cue.StructKind:
		if len(s.names) > 0 {
			return "must be a struct with fields such as " + s.names[0]
		}
		return "must be a struct, such as {NAME: ...}"
	}
	if message, ok := own(s.value.Unify(cuecontext.New().CompileString("null")).Err()); ok {
		return message
	}
	return "must be a " + s.kind.String()
}

// broken says what is wrong with the leaf d of the shape, which the user wrote
// as written.
func (s *shape) broken(err error, d cue.Value, written string) string {
	message, ok := own(err)
	if !ok {
		message = s.rule()
	}
	switch d.Kind() {
	case cue.StringKind:
		text, _ := d.String()
		if options := s.enum(); len(options) > 1 {
			message += meantOption(text, options)
		}
	case cue.IntKind, cue.FloatKind, cue.BoolKind:
		// 0o755 is not what YAML's author of 0755 wrote, nor is 493.
		if message == "must be a string" && written == fmt.Sprint(d) {
			message += ", such as " + strconv.Quote(written)
		}
	}
	return message
}

// meantOption suggests one of the options: that which Alpine's name of an
// architecture or a name without its first element stands for, else the
// nearest.
func meantOption(text string, options []string) string {
	last := path.Base(text)
	if p, err := apk.ArchPlatform(last); err == nil && slices.Contains(options, p.String()) {
		return " (did you mean " + p.String() + "?)"
	}
	if slices.Contains(options, "linux/"+text) {
		return " (did you mean linux/" + text + "?)"
	}
	return spelling.Hint(text, options)
}

// own returns the message that a schema gave with error(...).
func own(err error) (string, bool) {
	for _, e := range errors.Errors(err) {
		if format, args := e.Msg(); format == "%s" && len(args) == 1 {
			return fmt.Sprint(args[0]), true
		}
	}
	return "", false
}

// listHint shows the list that a single value d could have been meant as.
func listHint(d cue.Value, s *shape) string {
	if s.kind != cue.ListKind || d.Kind() != cue.StringKind {
		return ""
	}
	return ", such as [" + show(d) + "]"
}

// show returns v as CUE writes it, on one short line.
func show(v any) string {
	const longest = 60
	text := oneLine(fmt.Sprint(v))
	if r := []rune(text); len(r) > longest {
		return string(r[:longest-3]) + "..."
	}
	return text
}

// plainText returns d as the user wrote it, such as 0o755, where v is a
// number written out, else as CUE writes it.
func plainText(v, d cue.Value) string {
	source := v.Source()
	if field, ok := source.(*ast.Field); ok {
		source = field.Value
	}
	if lit, ok := source.(*ast.BasicLit); ok && d.Kind() == cue.IntKind {
		return show(lit.Value)
	}
	return show(d)
}

// unfinished records that v, the value of n, is not concrete.
func (b *builder) unfinished(n *node, v cue.Value) {
	n.bad = true
	if b.patched {
		return // most likely a consequence of the unknown reference
	}
	if fill := b.open.filler(v); fill != "" {
		b.refuse(n, "no value; %s", fill)
		return
	}
	message := "no value"
	if list := errors.Errors(v.Validate(cue.Concrete(true))); len(list) > 0 {
		format, args := list[0].Msg()
		switch {
		case format == "incomplete %s: %s" && len(args) == 2:
			message = "a condition or a part has " + message + ": it is only declared as " + show(args[1])
		case strings.HasPrefix(format, "incomplete value") && len(args) == 1:
			if declared := show(args[0]); declared != "_" {
				message += ": it is only declared as " + declared
			}
		case format == "invalid interpolation":
			message += ": a part of it has none"
		default:
			message = plain(format, args)
		}
	}
	b.refuse(n, "%s", message)
}
