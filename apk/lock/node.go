package lock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// node is a JSON value and where it is written.
type node struct {
	offset  int
	kind    kind
	text    string   // of a string or number
	members []member // of an object
	items   []*node  // of an array
}

type member struct {
	key    string
	offset int
	value  *node
}

type kind string

const (
	object  kind = "an object"
	array   kind = "a list"
	text    kind = "a string"
	number  kind = "a number"
	literal kind = "true, false or null"
)

// maxDepth is more than any lock nests.
const maxDepth = 8

// reader reads JSON into nodes.
type reader struct {
	source  []byte
	decoder *json.Decoder
}

// syntaxError is where the source is not JSON.
type syntaxError struct {
	offset  int
	message string
}

func (e *syntaxError) Error() string { return e.message }

// readJSON reads a source that is one JSON value. Errors are *syntaxError.
func readJSON(source []byte) (*node, error) {
	r := &reader{source, json.NewDecoder(bytes.NewReader(source))}
	r.decoder.UseNumber()
	n, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if at := r.next(); at < len(source) {
		return nil, &syntaxError{at, "there is something after the end"}
	}
	return n, nil
}

// next returns the offset of the next token.
func (r *reader) next() int {
	at := int(r.decoder.InputOffset())
	for at < len(r.source) && strings.IndexByte(" \t\r\n,:", r.source[at]) >= 0 {
		at++
	}
	return at
}

func (r *reader) token() (json.Token, int, error) {
	at := r.next()
	t, err := r.decoder.Token()
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return t, at, nil
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		return nil, at, &syntaxError{len(r.source), "the file is cut short"}
	case errors.As(err, &syntax):
		return nil, at, &syntaxError{int(syntax.Offset), "not JSON: " + syntax.Error()}
	}
	return nil, at, &syntaxError{at, "not JSON: " + err.Error()}
}

func (r *reader) value(depth int) (*node, error) {
	t, at, err := r.token()
	if err != nil {
		return nil, err
	}
	n := &node{offset: at}
	switch t := t.(type) {
	case string:
		n.kind, n.text = text, t
	case json.Number:
		n.kind, n.text = number, t.String()
	case json.Delim:
		if depth == maxDepth {
			return nil, &syntaxError{at, fmt.Sprintf("more than %d levels deep", maxDepth)}
		}
		if n.kind = array; t == '{' {
			n.kind = object
		}
		err = r.elements(n, depth+1)
	default:
		n.kind = literal
	}
	return n, err
}

// elements reads what an object or list holds, and its end.
func (r *reader) elements(n *node, depth int) error {
	for r.decoder.More() {
		m := member{offset: r.next()}
		if n.kind == object {
			t, at, err := r.token()
			if err != nil {
				return err
			}
			key, ok := t.(string)
			if !ok {
				return &syntaxError{at, "not JSON: a name is a string"}
			}
			m.key, m.offset = key, at
		}
		value, err := r.value(depth)
		if err != nil {
			return err
		}
		if m.value = value; n.kind == object {
			n.members = append(n.members, m)
		} else {
			n.items = append(n.items, value)
		}
	}
	_, _, err := r.token()
	return err
}

// position returns line and column of an offset, both from 1.
func position(source []byte, offset int) (line, column int) {
	before := source[:min(offset, len(source))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}

// squeeze returns JSON without the white space between values, and for each
// byte its offset in the source.
func squeeze(source []byte) (out []byte, offsets []int) {
	quoted := false
	for i := 0; i < len(source); i++ {
		c := source[i]
		switch {
		case quoted && c == '\\' && i+1 < len(source):
			out, offsets = append(out, c), append(offsets, i)
			i++
			c = source[i]
		case c == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(" \t\r\n", c) >= 0:
			continue
		}
		out, offsets = append(out, c), append(offsets, i)
	}
	return out, offsets
}

// conflict returns the offset of the first line that version control left in
// place of a merge, -1 where there is none. No line of a lock starts like that.
func conflict(source []byte) int {
	at := 0
	for line := range bytes.Lines(source) {
		for _, mark := range []string{"<<<<<<<", "|||||||", "=======", ">>>>>>>"} {
			if bytes.HasPrefix(line, []byte(mark)) {
				return at
			}
		}
		at += len(line)
	}
	return -1
}

// quote writes a name as it stands in a path of names.
func quote(name string) string {
	for _, c := range name {
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return strconv.Quote(name)
		}
	}
	return name
}
