package script

import (
	"errors"

	"mvdan.cc/sh/v3/syntax"
)

// stmts runs statements in turn until one of them jumps or ends the script.
func (s *shell) stmts(list []*syntax.Stmt) error {
	for _, st := range list {
		if err := s.stmt(st); err != nil {
			return err
		}
	}
	return nil
}

// stmt runs one statement with its redirections, and applies set -e.
func (s *shell) stmt(st *syntax.Stmt) error {
	if s.opts.noexec {
		return nil
	}
	s.at(st.Pos().Line())
	if err := s.step(); err != nil {
		return err
	}
	if st.Background {
		return s.background(st)
	}
	if st.Negated {
		s.tested++
	}
	err := s.redirected(st)
	if st.Negated {
		s.tested--
		s.status = boolStatus(s.status != 0)
	}
	if err != nil {
		return err
	}
	if s.status != 0 && s.opts.errexit && s.tested == 0 && !st.Negated && !isAndOr(st.Cmd) {
		return &jump{kind: jumpExit}
	}
	return nil
}

// background runs a job where it stands, with empty input as POSIX wants it.
func (s *shell) background(st *syntax.Stmt) error {
	fg := *st
	fg.Background = false
	_, err := s.subshell(func(c *shell) error {
		c.fds[0] = null{}
		return c.stmt(&fg)
	})
	s.status = 0
	return err
}

// isAndOr tells a list whose last command alone counts for set -e; that
// command's own statement has seen to it.
func isAndOr(cmd syntax.Command) bool {
	b, ok := cmd.(*syntax.BinaryCmd)
	return ok && b.Op != syntax.Pipe
}

// redirected runs a statement's command between its redirections. A
// redirection that fails keeps the command from running.
func (s *shell) redirected(st *syntax.Stmt) error {
	if len(st.Redirs) == 0 {
		return s.command(st.Cmd)
	}
	saved := s.fds
	ok, err := s.redirect(st.Redirs)
	switch {
	case err != nil:
	case !ok:
		s.status = 1
	default:
		s.status = 0
		if st.Cmd != nil {
			err = s.command(st.Cmd)
		}
	}
	if !s.keepFDs {
		s.fds = saved
	}
	s.keepFDs = false
	return err
}

// command runs a command of any form, which sets the status.
func (s *shell) command(cmd syntax.Command) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer func() { s.depth-- }()
	switch c := cmd.(type) {
	case *syntax.CallExpr:
		return s.simple(c)
	case *syntax.Block:
		return s.stmts(c.Stmts)
	case *syntax.Subshell:
		return s.forked(func(sub *shell) error { return sub.stmts(c.Stmts) })
	case *syntax.BinaryCmd:
		return s.binary(c)
	case *syntax.IfClause:
		return s.ifClause(c)
	case *syntax.WhileClause:
		return s.while(c)
	case *syntax.ForClause:
		return s.forIn(c)
	case *syntax.CaseClause:
		return s.caseIn(c)
	case *syntax.FuncDecl:
		s.funcs[c.Name.Value] = c.Body
		s.status = 0
		return nil
	case *syntax.DeclClause:
		return s.declaration(c)
	case *syntax.TestClause:
		return s.doubleBracket(c)
	}
	return s.unsupported("the shell", "has no %T", cmd)
}

// forked runs fn in a subshell whose status becomes this shell's.
func (s *shell) forked(fn func(*shell) error) error {
	code, err := s.subshell(fn)
	s.status = code
	return err
}

func (s *shell) binary(c *syntax.BinaryCmd) error {
	if c.Op == syntax.Pipe {
		return s.pipeline(c)
	}
	if err := s.condition(func() error { return s.stmt(c.X) }); err != nil {
		return err
	}
	if (s.status == 0) == (c.Op == syntax.AndStmt) {
		return s.stmt(c.Y)
	}
	return nil
}

// pipeline runs the left side to its end and then the right one on what that
// wrote, both in subshells as in ash.
func (s *shell) pipeline(c *syntax.BinaryCmd) error {
	buf := &pipe{machine: s.machine}
	left, err := s.subshell(func(sub *shell) error {
		sub.fds[1] = buf
		return sub.stmt(c.X)
	})
	if err != nil {
		return err
	}
	err = s.forked(func(sub *shell) error {
		sub.fds[0] = buf
		return sub.stmt(c.Y)
	})
	if s.opts.pipefail && s.status == 0 {
		s.status = left
	}
	return err
}

// condition runs fn where a failing command does not count for set -e.
func (s *shell) condition(fn func() error) error {
	s.tested++
	defer func() { s.tested-- }()
	return fn()
}

func (s *shell) ifClause(c *syntax.IfClause) error {
	for c != nil {
		if len(c.Cond) > 0 { // without one it is the else
			if err := s.condition(func() error { return s.stmts(c.Cond) }); err != nil {
				return err
			}
		}
		if len(c.Cond) == 0 || s.status == 0 {
			return s.stmts(c.Then)
		}
		c = c.Else
	}
	s.status = 0
	return nil
}

func (s *shell) while(c *syntax.WhileClause) error {
	s.loops++
	defer func() { s.loops-- }()
	last := 0
	for {
		if err := s.step(); err != nil {
			return err
		}
		err := s.condition(func() error { return s.stmts(c.Cond) })
		if err == nil {
			if (s.status == 0) == c.Until {
				s.status = last
				return nil
			}
			err = s.stmts(c.Do)
			last = s.status
		}
		if done, err := leaveLoop(err); done || err != nil {
			return err
		}
	}
}

func (s *shell) forIn(c *syntax.ForClause) error {
	iter, ok := c.Loop.(*syntax.WordIter)
	if !ok {
		return s.unsupported("the shell", "has no such for loop")
	}
	items := s.args
	if iter.InPos.IsValid() {
		var err error
		if items, _, err = s.fields(iter.Items); err != nil {
			return err
		}
	}
	s.loops++
	defer func() { s.loops-- }()
	s.status = 0
	for _, item := range items {
		if err := s.step(); err != nil {
			return err
		}
		if err := s.assign(iter.Name.Value, item); err != nil {
			return err
		}
		if done, err := leaveLoop(s.stmts(c.Do)); done || err != nil {
			return err
		}
	}
	return nil
}

// leaveLoop says what a jump out of a loop's body does to that loop: whether
// it is done, and what still concerns those around it.
func leaveLoop(err error) (done bool, _ error) {
	var j *jump
	if !errors.As(err, &j) || j.kind == jumpReturn || j.kind == jumpExit {
		return err != nil, err
	}
	if j.levels > 1 {
		return true, &jump{kind: j.kind, levels: j.levels - 1}
	}
	return j.kind == jumpBreak, nil
}

func (s *shell) caseIn(c *syntax.CaseClause) error {
	word, _, err := s.literal(c.Word)
	if err != nil {
		return err
	}
	s.status = 0
	for _, item := range c.Items {
		for _, p := range item.Patterns {
			pat, err := s.pattern(p)
			if err != nil {
				return err
			}
			ok, err := match(pat, word)
			if err != nil {
				return err
			}
			if ok {
				return s.stmts(item.Stmts)
			}
		}
	}
	return nil
}
