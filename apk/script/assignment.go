package script

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// assign gives a variable a value; a read-only one ends the shell.
func (s *shell) assign(name, value string) error {
	if err := s.spend(int64(len(value))); err != nil {
		return err
	}
	if s.vars.set(name, value) {
		return nil
	}
	s.status = 2
	if err := s.complain("%s: is read only", name); err != nil {
		return err
	}
	return &jump{kind: jumpExit}
}

// declaration runs export, readonly and local, which the parser sets apart
// because their arguments may be assignments that are not split.
func (s *shell) declaration(c *syntax.DeclClause) error {
	args := []string{c.Variant.Value}
	for _, a := range c.Args {
		if a.Name == nil {
			list, _, err := s.fields([]*syntax.Word{a.Value})
			if err != nil {
				return err
			}
			args = append(args, list...)
			continue
		}
		arg := a.Name.Value
		if !a.Naked {
			value, _, err := s.literal(a.Value)
			if err != nil {
				return err
			}
			arg += "=" + value
		}
		args = append(args, arg)
	}
	return s.declare(args)
}

// declare does what declaration parsed: NAME or NAME=VALUE arguments.
func (s *shell) declare(args []string) error {
	kind := args[0]
	if kind == "local" && len(s.vars.saved) == 0 {
		return s.usage("local: not in a function")
	}
	s.status = 0
	for _, arg := range args[1:] {
		name, value, assigned := strings.Cut(arg, "=")
		if !syntax.ValidName(name) {
			return s.unsupported(kind, "has no option or variable %q here", arg)
		}
		if kind == "local" {
			s.vars.local(name)
		}
		if assigned {
			if err := s.assign(name, value); err != nil {
				return err
			}
		}
		s.vars.mark(name, kind == "export", kind == "readonly")
	}
	return nil
}

// usage ends the shell as ash does when a special builtin is misused.
func (s *shell) usage(format string, args ...any) error {
	s.status = 2
	if err := s.complain(format, args...); err != nil {
		return err
	}
	return &jump{kind: jumpExit}
}

func boolStatus(ok bool) int {
	if ok {
		return 0
	}
	return 1
}

// assignments makes the assignments before a command. With saved they are for
// the command alone: exported, and what they replace is noted. It tells whether
// a command was substituted, whose status then stays.
func (s *shell) assignments(list []*syntax.Assign, saved map[string]variable) (substed bool, err error) {
	for _, a := range list {
		name := a.Name.Value
		value, ran, err := s.literal(a.Value)
		if err != nil {
			return substed, err
		}
		substed = substed || ran
		if _, ok := saved[name]; saved != nil && !ok {
			saved[name] = s.vars.vars[name]
		}
		if err := s.assign(name, value); err != nil {
			return substed, err
		}
		if saved != nil {
			s.vars.mark(name, true, false)
		}
	}
	return substed, nil
}
