package spec

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	cuejson "cuelang.org/go/encoding/json"
	"cuelang.org/go/encoding/yaml"
)

// data returns the value of a file in JSON or YAML, false after a fault.
func (l *loader) data(b *builder, file string, content []byte) (cue.Value, bool) {
	var v cue.Value
	var fault *Fault
	if filepath.Ext(file) == ".json" {
		v, fault = l.json(file, content)
	} else {
		v, fault = l.yaml(file, content)
	}
	if fault != nil {
		fault.Pos.File = relativeTo(l.src.Dir, file)
		b.list = append(b.list, *fault)
		return cue.Value{}, false
	}
	return v, true
}

// json returns the value of a JSON file. The standard library looks at it
// first, since its messages say what is wrong and where.
func (l *loader) json(file string, content []byte) (cue.Value, *Fault) {
	var whole any
	if err := json.Unmarshal(content, &whole); err != nil {
		f := &Fault{Message: err.Error()}
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			f.Pos.Line, f.Pos.Column = placeOf(content, max(0, min(int(syntax.Offset)-1, len(content))))
		}
		return cue.Value{}, f
	}
	expr, err := cuejson.Extract(file, content)
	if err != nil {
		return cue.Value{}, &Fault{Message: oneLine(err.Error())}
	}
	return l.ctx.BuildExpr(expr), nil
}

// yaml returns the value of a YAML file.
func (l *loader) yaml(file string, content []byte) (cue.Value, *Fault) {
	parsed, err := yaml.Extract(file, content)
	if err == nil {
		return l.ctx.BuildFile(parsed), nil
	}
	// The errors are text: file[:line]: message.
	f := &Fault{Message: oneLine(err.Error())}
	rest, ok := strings.CutPrefix(f.Message, file)
	if !ok {
		return cue.Value{}, f
	}
	if number, message, ok := strings.Cut(strings.TrimPrefix(rest, ":"), ": "); ok {
		if line, err := strconv.Atoi(number); err == nil {
			f.Pos.Line, f.Message = line, message
			return cue.Value{}, f
		}
	}
	f.Message = strings.TrimPrefix(rest, ": ")
	return cue.Value{}, f
}

// oneLine returns a message on one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
