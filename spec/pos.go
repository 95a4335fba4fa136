package spec

import (
	"path/filepath"
	"strconv"
	"strings"
)

// Pos is a place in a file that the user wrote. The zero Pos means that a
// value was not written in a file: it is a default, or it came from a flag.
type Pos struct {
	File   string // as the user would type it, see relativeTo
	Line   int    // from 1; 0 means the file as a whole
	Column int    // from 1, in bytes; 0 means the line as a whole
}

// IsValid reports whether p names a file.
func (p Pos) IsValid() bool { return p.File != "" }

// String returns file:line:column without the parts that are unknown, and
// the empty string for the zero Pos.
func (p Pos) String() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
		if p.Column > 0 {
			s += ":" + strconv.Itoa(p.Column)
		}
	}
	return s
}

// compare orders positions by file, line and column.
func (p Pos) compare(q Pos) int {
	if c := strings.Compare(p.File, q.File); c != 0 {
		return c
	}
	if p.Line != q.Line {
		return p.Line - q.Line
	}
	return p.Column - q.Column
}

// relativeTo returns the form of the absolute path file that a user who works
// in the folder dir would type: relative when file is dir or below it,
// absolute otherwise.
func relativeTo(dir, file string) string {
	rel, err := filepath.Rel(dir, file)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return file
	}
	return rel
}

// String is a string of the spec and where it was written.
type String struct {
	Value string
	Pos   Pos
}

// String returns the value.
func (s String) String() string { return s.Value }

// Path is a file or folder of the build machine that a spec names.
type Path struct {
	Written string // as it stands in the spec, slashes as written
	Abs     string // absolute and clean: Written taken from the folder of the file that names it
	Pos     Pos
}

// Pair is an entry of a map of strings, such as an environment variable.
type Pair struct {
	Name, Value string
	Pos         Pos // of the value
}
