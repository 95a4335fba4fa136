package script

import (
	"fmt"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// findNode is one file that find visits.
type findNode struct {
	*tree.Node
	path  string
	depth int
}

// findExpr is an expression: true selects, and actions act.
type findExpr func(f findNode) (bool, error)

// finder is one call of find (POSIX.1-2017, find). It visits names in bytewise
// order, where the real one takes the directory's.
type finder struct {
	*process
	args      []string // left
	follow    bool     // -L
	depth     bool     // contents first
	min, max  int      // -1 is no bound
	acts      bool     // an action other than -print was given
	prune     bool     // the visited directory is not entered
	quit      bool
	batches   []*findBatch
	nesting   int
	startDirs []string
}

// findBatch collects what -exec ... {} + is called with.
type findBatch struct{ command, paths []string }

func find(p *process) error {
	f := &finder{process: p, args: p.args[1:], min: -1, max: -1}
	for len(f.args) > 0 && (f.args[0] == "-L" || f.args[0] == "-H") {
		f.follow = f.args[0] == "-L"
		f.args = f.args[1:]
	}
	for len(f.args) > 0 && !strings.HasPrefix(f.args[0], "-") && f.args[0] != "!" && f.args[0] != "(" {
		f.startDirs = append(f.startDirs, f.args[0])
		f.args = f.args[1:]
	}
	if len(f.startDirs) == 0 {
		f.startDirs = []string{"."}
	}
	expr, err := f.expression()
	if err != nil {
		return err
	}
	for _, dir := range f.startDirs {
		n, err := f.node(dir)
		if err != nil {
			if err := p.warnErr(err, "%s", dir); err != nil {
				return err
			}
			continue
		}
		if err := f.visit(findNode{n, dir, 0}, expr); err != nil {
			return err
		}
	}
	for _, b := range f.batches {
		if len(b.paths) == 0 {
			continue
		}
		if err := f.child(append(b.command, b.paths...)); err != nil {
			if err := fatalOnly(err); err != nil {
				return err
			}
			p.failed = true
		}
	}
	return p.done()
}

// child runs a command as this process's child.
func (p *process) child(args []string) error { return p.start(args) }

func (f *finder) node(name string) (*tree.Node, error) {
	if f.follow {
		if n, err := f.stat(name); err == nil {
			return n, nil
		}
	}
	return f.lstat(name)
}

func (f *finder) visit(n findNode, expr findExpr) error {
	if err := f.step(); err != nil || f.quit {
		return err
	}
	if err := f.enter(); err != nil {
		return err
	}
	defer func() { f.machine.depth-- }()
	visible := n.depth >= f.min
	f.prune = false
	if visible && !f.depth {
		if _, err := expr(n); err != nil {
			return err
		}
	}
	if n.Kind == tree.Dir && !f.prune && (f.max < 0 || n.depth < f.max) {
		for _, e := range n.Entries() {
			name := strings.TrimSuffix(n.path, "/") + "/" + e.Name
			child := e.Node
			if f.follow {
				if target, err := f.stat(name); err == nil {
					child = target
				}
			}
			if err := f.visit(findNode{child, name, n.depth + 1}, expr); err != nil {
				return err
			}
		}
	}
	if visible && f.depth && !f.quit {
		_, err := expr(n)
		return err
	}
	return nil
}

// expression parses the whole expression; without an action it prints.
func (f *finder) expression() (findExpr, error) {
	expr, err := f.or()
	if err != nil {
		return nil, err
	}
	if len(f.args) > 0 {
		return nil, f.unsupported("find", "cannot understand %q", f.args[0])
	}
	if f.acts {
		return expr, nil
	}
	return func(n findNode) (bool, error) {
		ok, err := expr(n)
		if err != nil || !ok {
			return false, err
		}
		return true, f.print(n.path + "\n")
	}, nil
}

func (f *finder) accept(word ...string) bool {
	for _, w := range word {
		if len(f.args) > 0 && f.args[0] == w {
			f.args = f.args[1:]
			return true
		}
	}
	return false
}

func (f *finder) or() (findExpr, error) {
	left, err := f.and()
	for err == nil && f.accept("-o", "-or") {
		var right findExpr
		a := left
		right, err = f.and()
		left = func(n findNode) (bool, error) {
			if ok, err := a(n); ok || err != nil {
				return ok, err
			}
			return right(n)
		}
	}
	return left, err
}

func (f *finder) and() (findExpr, error) {
	left := findExpr(func(findNode) (bool, error) { return true, nil })
	for len(f.args) > 0 && f.args[0] != "-o" && f.args[0] != "-or" && f.args[0] != ")" {
		if f.accept("-a", "-and") {
			continue
		}
		right, err := f.not()
		if err != nil {
			return nil, err
		}
		a := left
		left = func(n findNode) (bool, error) {
			if ok, err := a(n); !ok || err != nil {
				return ok, err
			}
			return right(n)
		}
	}
	return left, nil
}

func (f *finder) not() (findExpr, error) {
	if f.nesting++; f.nesting > maxDepth {
		return nil, f.limit(fmt.Sprintf("%d levels of nesting", maxDepth))
	}
	defer func() { f.nesting-- }()
	if f.accept("!", "-not") {
		expr, err := f.not()
		return func(n findNode) (bool, error) {
			ok, err := expr(n)
			return !ok, err
		}, err
	}
	if f.accept("(") {
		expr, err := f.or()
		if err == nil && !f.accept(")") {
			err = f.unsupported("find", "lacks a )")
		}
		return expr, err
	}
	if len(f.args) == 0 {
		return nil, f.unsupported("find", "lacks an expression")
	}
	name := f.args[0]
	f.args = f.args[1:]
	if expr := f.action(name); expr != nil {
		return expr, nil
	}
	if name == "-exec" {
		return f.exec()
	}
	return f.test(name)
}

// action returns what takes no operand and acts.
func (f *finder) action(name string) findExpr {
	switch name {
	case "-print", "-print0":
		f.acts = true
		end := "\n"
		if name == "-print0" {
			end = "\x00"
		}
		return func(n findNode) (bool, error) { return true, f.print(n.path + end) }
	case "-delete":
		f.acts, f.depth = true, true
		return func(n findNode) (bool, error) {
			if n.path == "." {
				return true, nil
			}
			if err := f.tree.Remove(f.abs(n.path)); err != nil {
				return false, f.warnErr(err, "%s", n.path)
			}
			return true, nil
		}
	case "-prune":
		return func(findNode) (bool, error) { f.prune = true; return true, nil }
	case "-quit":
		f.acts = true
		return func(findNode) (bool, error) { f.quit = true; return true, nil }
	case "-depth", "-xdev", "-mount", "-follow":
		f.depth = f.depth || name == "-depth"
		f.follow = f.follow || name == "-follow"
		return func(findNode) (bool, error) { return true, nil }
	case "-empty":
		return func(n findNode) (bool, error) {
			return n.Kind == tree.Dir && len(n.Entries()) == 0 || n.Kind == tree.File && n.Size() == 0, nil
		}
	case "-true":
		return func(findNode) (bool, error) { return true, nil }
	}
	return nil
}

// exec parses -exec COMMAND ; or + and calls it.
func (f *finder) exec() (findExpr, error) {
	f.acts = true
	end := 0
	for end < len(f.args) && f.args[end] != ";" && (f.args[end] != "+" || end == 0 || f.args[end-1] != "{}") {
		end++
	}
	if end == 0 || end == len(f.args) {
		return nil, f.unsupported("find", "lacks a ; after -exec")
	}
	command, terminator := f.args[:end:end], f.args[end]
	f.args = f.args[end+1:]
	if terminator == "+" {
		b := &findBatch{command: command[: end-1 : end-1]}
		f.batches = append(f.batches, b)
		return func(n findNode) (bool, error) { b.paths = append(b.paths, n.path); return true, nil }, nil
	}
	return func(n findNode) (bool, error) {
		args := make([]string, len(command))
		for i, arg := range command {
			args[i] = strings.ReplaceAll(arg, "{}", n.path)
		}
		err := f.child(args)
		return err == nil, fatalOnly(err)
	}, nil
}

// filesBelow returns the files that names are or hold, sorted per directory.
func (p *process) filesBelow(names []string) ([]string, error) {
	var out []string
	f := &finder{process: p, min: -1, max: -1}
	for _, name := range names {
		n, err := p.stat(name)
		if err != nil {
			out = append(out, name) // whose reading will complain
			continue
		}
		err = f.visit(findNode{n, name, 0}, func(n findNode) (bool, error) {
			if n.Kind == tree.File {
				out = append(out, n.path)
			}
			return true, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
