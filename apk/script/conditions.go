package script

import (
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// testCommand is test and [ (POSIX.1-2017, test).
func testCommand(p *process) error {
	args := p.args[1:]
	if name := p.name(); name == "[" || name == "[[" {
		if len(args) == 0 || args[len(args)-1] != name2close(name) {
			return p.testError("missing %s", name2close(name))
		}
		args = args[:len(args)-1]
	}
	t := &tester{process: p, rest: args}
	ok, err := t.run()
	switch {
	case err != nil:
		return err
	case !ok:
		return status(1)
	}
	return nil
}

func name2close(open string) string { return strings.Repeat("]", len(open)) }

// testError is a wrong expression: status 2.
func (p *process) testError(format string, args ...any) error {
	if err := p.warn(format, args...); err != nil {
		return err
	}
	return status(2)
}

// tester is a parser of test expressions that evaluates as it goes.
type tester struct {
	*process
	rest []string
}

// run evaluates the whole expression. Up to four arguments are read by their
// number, so that operands that look like operators are not taken for one.
func (t *tester) run() (bool, error) {
	a := t.rest
	switch {
	case len(a) == 0:
		return false, nil
	case len(a) == 1:
		return a[0] != "", nil
	case len(a) == 2 && a[0] == "!":
		return a[1] == "", nil
	case len(a) == 3 && isBinaryTest(a[1]):
		return t.binary(a[0], a[1], a[2])
	case len(a) == 4 && a[0] == "!" && isBinaryTest(a[2]):
		ok, err := t.binary(a[1], a[2], a[3])
		return !ok, err
	}
	ok, err := t.or()
	if err == nil && len(t.rest) > 0 {
		return false, t.testError("%s: unknown operand", t.rest[0])
	}
	return ok, err
}

func (t *tester) or() (bool, error) {
	ok, err := t.and()
	for err == nil && len(t.rest) > 0 && t.rest[0] == "-o" {
		t.rest = t.rest[1:]
		var right bool
		right, err = t.and()
		ok = ok || right
	}
	return ok, err
}

func (t *tester) and() (bool, error) {
	ok, err := t.not()
	for err == nil && len(t.rest) > 0 && t.rest[0] == "-a" {
		t.rest = t.rest[1:]
		var right bool
		right, err = t.not()
		ok = ok && right
	}
	return ok, err
}

func (t *tester) not() (bool, error) {
	negated := false
	for len(t.rest) > 1 && t.rest[0] == "!" {
		if err := t.step(); err != nil {
			return false, err
		}
		negated = !negated
		t.rest = t.rest[1:]
	}
	ok, err := t.primary()
	return ok != negated, err
}

func (t *tester) primary() (bool, error) {
	if err := t.enter(); err != nil {
		return false, err
	}
	defer func() { t.depth-- }()
	a := t.rest
	switch {
	case len(a) == 0:
		return false, t.testError("argument expected")
	case len(a) >= 3 && isBinaryTest(a[1]):
		t.rest = a[3:]
		return t.binary(a[0], a[1], a[2])
	case a[0] == "(":
		t.rest = a[1:]
		ok, err := t.or()
		if err == nil && (len(t.rest) == 0 || t.rest[0] != ")") {
			return false, t.testError("closing paren expected")
		}
		if err == nil {
			t.rest = t.rest[1:]
		}
		return ok, err
	case len(a) >= 2 && isUnaryTest(a[0]):
		t.rest = a[2:]
		return t.unary(a[0][1], a[1])
	}
	t.rest = a[1:]
	return a[0] != "", nil
}

func isBinaryTest(op string) bool {
	switch op {
	case "=", "==", "!=", "<", ">", "-eq", "-ne", "-gt", "-ge", "-lt", "-le", "-ef", "-nt", "-ot":
		return true
	}
	return false
}

func isUnaryTest(op string) bool {
	return len(op) == 2 && op[0] == '-' && strings.IndexByte("bcdefghkLnprsStuwxzOG", op[1]) >= 0
}

func (t *tester) binary(x, op, y string) (bool, error) {
	switch op {
	case "=", "==":
		return x == y, nil
	case "!=":
		return x != y, nil
	case "<":
		return x < y, nil
	case ">":
		return x > y, nil
	case "-ef":
		a, errA := t.stat(x)
		b, errB := t.stat(y)
		return errA == nil && errB == nil && a == b, nil
	case "-nt", "-ot":
		return false, t.unsupported(t.name()+" "+op, "compares file times, which an image build does not have")
	}
	a, errA := strconv.ParseInt(strings.TrimSpace(x), 10, 64)
	b, errB := strconv.ParseInt(strings.TrimSpace(y), 10, 64)
	if errA != nil || errB != nil {
		if errA == nil {
			x = y
		}
		return false, t.testError("%s: bad number", x)
	}
	switch op {
	case "-eq":
		return a == b, nil
	case "-ne":
		return a != b, nil
	case "-gt":
		return a > b, nil
	case "-ge":
		return a >= b, nil
	case "-lt":
		return a < b, nil
	}
	return a <= b, nil
}

// unary answers as for root, who may read and write everything, and execute
// what anyone may (access(2)).
func (t *tester) unary(op byte, x string) (bool, error) {
	switch op {
	case 'n':
		return x != "", nil
	case 'z':
		return x == "", nil
	case 't':
		return false, nil // no descriptor of a script is a terminal
	case 'h', 'L':
		n, err := t.lstat(x)
		return err == nil && n.Kind == tree.Symlink, nil
	}
	n, err := t.stat(x)
	if err != nil {
		return false, nil
	}
	switch op {
	case 'b':
		return n.Kind == tree.BlockDevice, nil
	case 'c':
		return n.Kind == tree.CharDevice, nil
	case 'd':
		return n.Kind == tree.Dir, nil
	case 'f':
		return n.Kind == tree.File, nil
	case 'p':
		return n.Kind == tree.Fifo, nil
	case 'S':
		return false, nil // the tree has no sockets
	case 's':
		return n.Size() > 0 || n.Kind == tree.Dir, nil
	case 'x':
		return n.Kind == tree.Dir || n.Mode&0o111 != 0, nil
	case 'u':
		return n.Mode&0o4000 != 0, nil
	case 'g':
		return n.Mode&0o2000 != 0, nil
	case 'k':
		return n.Mode&0o1000 != 0, nil
	case 'O':
		return n.UID == 0, nil
	case 'G':
		return n.GID == 0, nil
	}
	return true, nil // e, r and w
}
