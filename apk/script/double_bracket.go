package script

import (
	"fmt"

	"mvdan.cc/sh/v3/syntax"
)

// doubleBracket is [[ ]]: words are neither split nor globbed, and the right
// side of = is a pattern.
func (s *shell) doubleBracket(c *syntax.TestClause) error {
	p := s.process()
	p.args = []string{"[["}
	ok, err := s.bracketExpr(&tester{process: p}, c.X)
	if code, is := err.(status); is {
		s.status = int(code)
		return nil
	}
	s.status = boolStatus(ok)
	return err
}

func (s *shell) bracketExpr(t *tester, expr syntax.TestExpr) (bool, error) {
	switch x := expr.(type) {
	case *syntax.Word:
		v, _, err := s.literal(x)
		return v != "", err
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			ok, err := s.bracketExpr(t, x.X)
			return !ok, err
		}
		w, ok := x.X.(*syntax.Word)
		if !ok || !isUnaryTest(x.Op.String()) {
			return false, s.unsupported("[[ "+x.Op.String(), "is not in the shell of Alpine")
		}
		v, _, err := s.literal(w)
		if err != nil {
			return false, err
		}
		return t.unary(x.Op.String()[1], v)
	case *syntax.BinaryTest:
		if x.Op != syntax.AndTest && x.Op != syntax.OrTest {
			return s.bracketBinary(t, x)
		}
		ok, err := s.bracketExpr(t, x.X)
		if err != nil || ok == (x.Op == syntax.OrTest) {
			return ok, err
		}
		return s.bracketExpr(t, x.Y)
	}
	return false, fmt.Errorf("internal error: %T passed the guard", expr)
}

func (s *shell) bracketBinary(t *tester, x *syntax.BinaryTest) (bool, error) {
	left, okX := x.X.(*syntax.Word)
	right, okY := x.Y.(*syntax.Word)
	if !okX || !okY || !isBinaryTest(x.Op.String()) {
		return false, s.unsupported("[[ "+x.Op.String(), "is not in the shell of Alpine")
	}
	a, _, err := s.literal(left)
	if err != nil {
		return false, err
	}
	switch x.Op {
	case syntax.TsMatchShort, syntax.TsMatch, syntax.TsNoMatch:
		pat, _, err := s.literal(right) // a pattern even where it is quoted
		if err != nil {
			return false, err
		}
		ok, err := match(pat, a)
		return ok == (x.Op != syntax.TsNoMatch), err
	}
	b, _, err := s.literal(right)
	if err != nil {
		return false, err
	}
	return t.binary(a, x.Op.String(), b)
}
