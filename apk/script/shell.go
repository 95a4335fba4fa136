package script

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// shell is one process of ash: what fork(2) would copy.
type shell struct {
	*machine
	vars   *variables
	funcs  map[string]*syntax.Stmt
	arg0   string
	args   []string // $1 and on
	dir    string   // absolute and clean
	umask  uint32
	fds    [maxFD]stream
	opts   options
	status int // $?
	last   int // $? before the builtin that runs

	tested   int // >0 in a condition, where set -e does not count
	loops    int // enclosing ones in this function
	calls    int // enclosing functions and sourced files
	exitTrap string
	keepFDs  bool // exec without a command: the redirections stay
}

// maxFD is how many file descriptors a script can name: one digit (POSIX.1-2017
// XCU 2.7).
const maxFD = 10

// stream is an open file: of the tree, a pipe, a device or the log.
type stream interface {
	io.Reader
	io.Writer
}

// options are those of set that change what a script does.
type options struct {
	errexit, nounset, noglob, noexec, pipefail bool
}

func newShell(m *machine) *shell {
	s := &shell{
		machine: m,
		vars:    newVariables(),
		funcs:   map[string]*syntax.Stmt{},
		dir:     "/",
		umask:   0o022,
	}
	s.fds[0] = null{}
	s.fds[1] = logStream{m, false}
	s.fds[2] = logStream{m, true}
	for name, value := range map[string]string{
		"PATH":        "/usr/sbin:/usr/bin:/sbin:/bin",
		"APK_SCRIPT":  string(m.script.Kind),
		"APK_PACKAGE": m.script.Package,
	} {
		s.vars.export(name, value)
	}
	return s
}

// fork returns a copy that changes nothing of s but the tree and open files.
func (s *shell) fork() *shell {
	c := *s
	c.vars = s.vars.clone()
	c.funcs = maps.Clone(s.funcs)
	c.args = slices.Clone(s.args)
	c.exitTrap = ""
	c.loops, c.calls = s.loops, s.calls
	return &c
}

// subshell runs fn in a fork and returns its status; what is returned as an
// error ends the whole script.
func (s *shell) subshell(fn func(*shell) error) (int, error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer func() { s.depth-- }()
	c := s.fork()
	err := c.finish(fn(c))
	return c.status, err
}

// finish ends a shell: it runs the exit trap and turns a jump, which cannot
// leave a process, into the status.
func (s *shell) finish(err error) error {
	err = noJump(err)
	if err != nil || s.exitTrap == "" {
		return err
	}
	trap, code := s.exitTrap, s.status
	s.exitTrap = ""
	err = s.eval(trap)
	var j *jump
	if !errors.As(err, &j) || j.kind != jumpExit { // exit in a trap sets the status
		s.status = code
	}
	return noJump(err)
}

// noJump drops a jump, whose effect ends here.
func noJump(err error) error {
	var j *jump
	if errors.As(err, &j) {
		return nil
	}
	return err
}

// runText runs a whole script in this shell and returns its status as an error
// if it is not 0.
func (s *shell) runText(text string) error {
	stmts, err := s.parse(text)
	if err != nil {
		return err
	}
	if err := s.finish(s.stmts(stmts)); err != nil {
		return err
	}
	if s.status != 0 {
		return status(s.status)
	}
	return nil
}

// eval runs text that the script gave or read, in this shell.
func (s *shell) eval(text string) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer func() { s.depth-- }()
	s.inner++
	defer func() { s.inner-- }()
	if len(text) > maxText {
		return s.limit(fmt.Sprintf("%d bytes of script", maxText))
	}
	stmts, err := s.parse(text)
	if err != nil {
		return err
	}
	return s.stmts(stmts)
}

// parse reads text as bash, of which ash is a part (it accepts `&>`), and
// refuses what ash lacks. A syntax error is not left to the script's handling:
// what ash would make of it cannot be known.
func (s *shell) parse(text string) ([]*syntax.Stmt, error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	var perr syntax.ParseError
	if errors.As(err, &perr) {
		s.at(perr.Pos.Line())
		return nil, s.unsupported("the shell", "cannot read it: %s", perr.Text)
	}
	var lang syntax.LangError
	if errors.As(err, &lang) {
		s.at(lang.Pos.Line())
		return nil, s.unsupported("the shell", "does not have %s", lang.Feature)
	}
	if err != nil {
		return nil, s.unsupported("the shell", "cannot read it: %v", err)
	}
	if err := s.guard(file); err != nil {
		return nil, err
	}
	return file.Stmts, nil
}

// abs returns where a path leads from the working directory. The empty path
// stays empty: it names nothing. Symlinks and ".." are left to the tree.
func abs(dir, name string) string {
	if name == "" || path.IsAbs(name) {
		return name
	}
	return strings.TrimSuffix(dir, "/") + "/" + name
}

func (s *shell) abs(name string) string { return abs(s.dir, name) }

// complain writes a message of the shell's own to standard error.
func (s *shell) complain(format string, args ...any) error {
	if s.fds[2] == nil {
		return nil
	}
	_, err := fmt.Fprintf(s.fds[2], "%s: line %d: %s\n", s.arg0, s.line, fmt.Sprintf(format, args...))
	return fatalOnly(err)
}
