package script

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/mkimage/mkimage/assemble/tree"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// expansion is one use of the expander: it keeps what the expander has no way
// to hand back.
type expansion struct {
	*shell
	err     error  // that ends the script
	substed bool   // a command was substituted, and set the status
	marks   string // characters of $IFS that are no blanks, where words are split
}

// expanding runs fn with an expander configuration. A configuration is never
// used twice, since the expander keeps buffers in it. An expansion that fails
// ends the shell (POSIX.1-2017 XCU 2.8.1), with ash's status 2.
func (s *shell) expanding(fn func(*expand.Config) error) (substed bool, err error) {
	return (&expansion{shell: s}).run(fn)
}

func (x *expansion) run(fn func(*expand.Config) error) (substed bool, err error) {
	cfg := &expand.Config{
		Env:      x,
		CmdSubst: x.substitute,
		ReadDir2: x.readDir,
		NoUnset:  x.opts.nounset,
		ProcSubst: func(*syntax.ProcSubst) (string, error) {
			return "", errors.New("internal error: process substitution passed the guard")
		},
	}
	if x.opts.noglob {
		cfg.ReadDir2 = nil
	}
	err = fn(cfg)
	if x.err != nil {
		return x.substed, x.err
	}
	if err != nil {
		x.status = 2
		if err := x.complain("%v", err); err != nil {
			return x.substed, err
		}
		return x.substed, &jump{kind: jumpExit}
	}
	return x.substed, nil
}

// fields expands words to arguments.
func (s *shell) fields(words []*syntax.Word) (list []string, substed bool, err error) {
	x := &expansion{shell: s}
	if ifs, _ := s.vars.get("IFS"); strings.Trim(ifs, " \t\n") != "" {
		x.marks = strings.NewReplacer(" ", "", "\t", "", "\n", "").Replace(ifs)
	}
	substed, err = x.run(func(cfg *expand.Config) (err error) {
		list, err = expand.Fields(cfg, words...)
		return err
	})
	return list, substed, err
}

// literal expands a word to one string, without splitting it or globbing.
func (s *shell) literal(w *syntax.Word) (text string, substed bool, err error) {
	substed, err = s.expanding(func(cfg *expand.Config) (err error) {
		text, err = expand.Literal(cfg, w)
		return err
	})
	return text, substed, err
}

// pattern expands a word to a pattern whose quoted parts are literal.
func (s *shell) pattern(w *syntax.Word) (text string, err error) {
	_, err = s.expanding(func(cfg *expand.Config) (err error) {
		text, err = expand.Pattern(cfg, w)
		return err
	})
	return text, err
}

// hereDocument expands the body of a here-document.
func (s *shell) hereDocument(w *syntax.Word) (text string, err error) {
	_, err = s.expanding(func(cfg *expand.Config) (err error) {
		text, err = expand.Document(cfg, w)
		return err
	})
	return text, err
}

// stop makes err the one that ends the script, and stops the expander.
func (x *expansion) stop(err error) error {
	if x.err == nil {
		x.err = err
	}
	return x.err
}

// Get is expand.Environ's: a variable or parameter by name. Those that differ
// in every run are refused unless the script has set them itself.
func (x *expansion) Get(name string) expand.Variable {
	vr := x.lookup(name)
	n := int64(len(vr.Str))
	for _, arg := range vr.List {
		n += int64(len(arg))
	}
	if err := x.spend(n); err != nil {
		x.stop(err)
		return expand.Variable{}
	}
	if name != "IFS" {
		x.checkSplit(vr.Str)
	}
	return vr
}

// checkSplit refuses what the expander would split otherwise than ash: marks
// of $IFS with nothing between them make an empty word.
func (x *expansion) checkSplit(value string) {
	if x.marks == "" || value == "" {
		return
	}
	last := true
	for i := range len(value) {
		mark := strings.IndexByte(x.marks, value[i]) >= 0
		if mark && last {
			x.stop(x.unsupported("$IFS", "splits %q into words that are empty", value))
			return
		}
		last = mark
	}
}

func (x *expansion) lookup(name string) expand.Variable {
	switch name {
	case "@", "*":
		return expand.Variable{Set: true, Kind: expand.Indexed, List: append([]string{}, x.args...)}
	case "#":
		return text(strconv.Itoa(len(x.args)))
	case "?":
		return text(strconv.Itoa(x.status))
	case "-":
		return text(x.opts.String())
	case "0":
		return text(x.arg0)
	case "PWD":
		return text(x.dir)
	case "$", "!":
		x.stop(x.unsupported("$"+name, "differs in every run"))
		return expand.Variable{}
	}
	if user, ok := strings.CutPrefix(name, "HOME "); ok {
		return text(x.home(user)) // of ~user; an unset one would ask the host
	}
	if n, err := strconv.Atoi(name); err == nil {
		if n > 0 && n <= len(x.args) {
			return text(x.args[n-1])
		}
		return expand.Variable{}
	}
	if value, ok := x.vars.get(name); ok {
		return text(value)
	}
	switch name {
	case "PPID", "UID", "EUID", "GID", "RANDOM", "SRANDOM", "SECONDS", "EPOCHSECONDS", "EPOCHREALTIME", "HOSTNAME":
		x.stop(x.unsupported("$"+name, "differs from one host or run to the next"))
	}
	return expand.Variable{}
}

func text(s string) expand.Variable { return expand.Variable{Set: true, Kind: expand.String, Str: s} }

// Each is expand.Environ's; only ${!prefix*}, which the guard refuses, uses it.
func (x *expansion) Each(func(string, expand.Variable) bool) {}

// Set is expand.WriteEnviron's: ${name:=value} and $((name=1)).
func (x *expansion) Set(name string, vr expand.Variable) error {
	if !x.vars.set(name, vr.Str) {
		return fmt.Errorf("%s: is read only", name)
	}
	return x.spend(int64(len(vr.Str)))
}

// home returns the home directory that ~user stands for: the field of the
// image's own passwd, or the text itself.
func (x *expansion) home(user string) string {
	db, err := readAccounts(x.machine, passwdFile)
	if err != nil {
		return "~" + user
	}
	if entry := db.find(user); entry != nil {
		return entry.field(5)
	}
	return "~" + user
}

// substitute runs a command substitution.
func (x *expansion) substitute(w io.Writer, cs *syntax.CmdSubst) error {
	x.substed = true
	out := &pipe{machine: x.machine}
	code, err := x.subshell(func(c *shell) error {
		c.fds[1] = out
		return c.stmts(cs.Stmts)
	})
	if err != nil {
		return x.stop(err)
	}
	x.status = code
	x.checkSplit(strings.TrimRight(string(out.data), "\n"))
	_, err = w.Write(out.data)
	return err
}

// readDir lists a directory of the tree for globbing. The expander also asks
// whether a path without wildcards exists by listing it.
func (x *expansion) readDir(path string) ([]fs.DirEntry, error) {
	if err := x.step(); err != nil {
		return nil, x.stop(err)
	}
	path = x.abs(path)
	entries, err := x.tree.ReadDir(path)
	if err != nil {
		if _, lerr := x.tree.Lstat(path); lerr == nil && errors.Is(err, fs.ErrNotExist) {
			return nil, &fs.PathError{Op: "readdir", Path: path, Err: syscall.ENOTDIR} // a dangling symlink is there
		}
		return nil, err
	}
	list := make([]fs.DirEntry, len(entries))
	for i, e := range entries {
		list[i] = dirEntry{e}
	}
	return list, nil
}

// match tells whether text matches a shell pattern as a whole.
func match(pat, text string) (bool, error) {
	re, err := compilePattern(pat, pattern.EntireString)
	if err != nil {
		return pat == text, nil // ash takes a malformed pattern literally
	}
	return re.MatchString(text), nil
}

// dirEntry shows a tree entry to the expander, which looks at name and type.
type dirEntry struct{ entry tree.Entry }

func (e dirEntry) Name() string               { return e.entry.Name }
func (e dirEntry) IsDir() bool                { return e.entry.Kind == tree.Dir }
func (e dirEntry) Info() (fs.FileInfo, error) { return nil, errors.New("internal error: not needed") }
func (e dirEntry) Type() fs.FileMode {
	switch e.entry.Kind {
	case tree.Dir:
		return fs.ModeDir
	case tree.Symlink:
		return fs.ModeSymlink
	case tree.File:
		return 0
	}
	return fs.ModeIrregular
}
