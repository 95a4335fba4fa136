package script

import (
	"errors"
	"path"

	"mvdan.cc/sh/v3/syntax"
)

// simple runs a simple command: assignments, and what the first word names
// (POSIX.1-2017 XCU 2.9.1).
func (s *shell) simple(c *syntax.CallExpr) error {
	args, substed, err := s.fields(c.Args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		also, err := s.assignments(c.Assigns, nil)
		if err == nil && !substed && !also {
			s.status = 0
		}
		return err
	}
	if isSpecial(args[0]) && s.funcs[args[0]] == nil { // the assignments stay
		if _, err := s.assignments(c.Assigns, nil); err != nil {
			return err
		}
		return s.call(args, true)
	}
	saved := map[string]variable{}
	if _, err := s.assignments(c.Assigns, saved); err != nil {
		return err
	}
	defer s.vars.restore(saved)
	return s.call(args, true)
}

// isSpecial names the special builtins (POSIX.1-2017 XCU 2.14).
func isSpecial(name string) bool {
	switch name {
	case ":", ".", "source", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift", "times", "trap", "unset":
		return true
	}
	return false
}

// call runs a function, a builtin or a command, in this order.
func (s *shell) call(args []string, functions bool) error {
	if body := s.funcs[args[0]]; body != nil && functions {
		return s.function(body, args[1:])
	}
	if fn := builtin(args[0]); fn != nil {
		s.last, s.status = s.status, 0
		return fn(s, args)
	}
	return s.external(args)
}

func (s *shell) function(body *syntax.Stmt, args []string) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer func() { s.depth-- }()
	saved, loops := s.args, s.loops
	s.args, s.loops = args, 0
	s.calls++
	s.vars.push()
	err := s.stmt(body)
	s.vars.pop()
	s.calls--
	s.args, s.loops = saved, loops
	return noReturn(err)
}

// noReturn drops a return, whose effect ends here.
func noReturn(err error) error {
	var j *jump
	if errors.As(err, &j) && j.kind == jumpReturn {
		return nil
	}
	return err
}

// external runs a command that is a file of the tree.
func (s *shell) external(args []string) error {
	err := s.process().start(args)
	s.status = 0
	var code status
	if errors.As(err, &code) {
		s.status = int(code)
		return nil
	}
	return err
}

// process returns what a command started by this shell finds.
func (s *shell) process() *process {
	return &process{
		machine: s.machine,
		env:     s.vars.environ(),
		dir:     s.dir,
		umask:   s.umask,
		fds:     s.fds,
	}
}

// changeDir changes the working directory as cd -L: ".." is taken from the
// path as written (POSIX.1-2017, cd).
func (s *shell) changeDir(name string) bool {
	dir := path.Clean(s.abs(name))
	node, err := s.tree.Stat(dir)
	if err != nil || name == "" || !isDir(node) {
		return false
	}
	s.vars.set("OLDPWD", s.dir)
	s.dir = dir
	return true
}
