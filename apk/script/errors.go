package script

import (
	"fmt"
	"strings"
)

// Unsupported says that a script needs something that is not done here.
type Unsupported struct {
	Script  Script
	Line    uint   // in the script, from 1; 0 if unknown
	Command string // the command's name, or the construct as written
	Reason  string // completes "Command ..."
}

func (e *Unsupported) Error() string {
	line := ""
	if e.Line > 0 {
		line = fmt.Sprintf("line %d: ", e.Line)
	}
	return fmt.Sprintf("cannot run the %s: %s%s %s; skip it with `apk: scripts: {%q: \"skip\"}` and declare in the spec the files that it would make",
		e.Script, line, e.Command, e.Reason, e.Script.Package)
}

// Failed says that a script ran and ended with a status other than 0. apk
// reports that and goes on; a build must not.
type Failed struct {
	Script Script
	Status int
	Stderr string // the last line that the script wrote to standard error
}

func (e *Failed) Error() string {
	said := ""
	if e.Stderr != "" {
		said = ": " + e.Stderr
	}
	return fmt.Sprintf("cannot install %s-%s: its %s script ended with status %d%s",
		e.Script.Package, e.Script.Version, e.Script.Kind, e.Status, said)
}

// Limit says that a script hit one of the Runner's bounds.
type Limit struct {
	Script Script
	Line   uint
	Bound  string // "1000000 steps"
}

func (e *Limit) Error() string {
	return fmt.Sprintf("cannot run the %s: line %d: more than %s", e.Script, e.Line, e.Bound)
}

// status is the error by which a command ends with an exit status; 0 is never
// used.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// jump is the error by which break, continue, return and exit leave the
// statements around them. The shell's status is set before.
type jump struct {
	kind   jumpKind
	levels int // loops still to leave, of break and continue
}

type jumpKind uint8

const (
	jumpBreak jumpKind = iota
	jumpContinue
	jumpReturn
	jumpExit
)

func (j *jump) Error() string { return "internal error: a jump reached the top" }

// lastLine returns the last line of text that says something.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		text = text[i+1:]
	}
	return text
}
