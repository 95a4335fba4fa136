package script

import (
	"errors"
	"strconv"
	"strings"
)

// builtinFunc is a command that the shell itself does. It sets the status,
// which is 0 before.
type builtinFunc func(s *shell, args []string) error

// builtin returns the shell's own command of that name, or nil.
func builtin(name string) builtinFunc {
	switch name {
	case "hash":
		return (*shell).hash
	case ":", "true", "times", "wait", "unalias", "jobs":
		return func(*shell, []string) error { return nil }
	case "false":
		return func(s *shell, _ []string) error { s.status = 1; return nil }
	case ".", "source":
		return (*shell).source
	case "break", "continue":
		return (*shell).breakLoop
	case "cd", "chdir":
		return (*shell).cd
	case "command":
		return (*shell).commandBuiltin
	case "eval":
		return func(s *shell, args []string) error { return s.eval(strings.Join(args[1:], " ")) }
	case "exec":
		return (*shell).exec
	case "exit":
		return (*shell).exit
	case "export", "readonly", "local":
		return (*shell).declare
	case "pwd":
		return func(s *shell, _ []string) error { return s.output(s.dir + "\n") }
	case "read":
		return (*shell).read
	case "return":
		return (*shell).returnFrom
	case "set":
		return (*shell).set
	case "shift":
		return (*shell).shift
	case "trap":
		return (*shell).trap
	case "type":
		return (*shell).typeBuiltin
	case "umask":
		return (*shell).setUmask
	case "unset":
		return (*shell).unset
	case "[", "[[", "test", "echo", "printf", "kill":
		return func(s *shell, args []string) error { return s.inProcess(command(args[0]), args) }
	case "alias", "bg", "fg", "getopts", "let", "ulimit", "help", "history", "mapfile", "readarray", "shopt", "builtin", "declare", "typeset":
		return func(s *shell, args []string) error {
			return s.unsupported(args[0], "is not a command mkimage knows")
		}
	}
	return nil
}

// inProcess runs a command that ash has built in, whatever the tree holds.
func (s *shell) inProcess(fn commandFunc, args []string) error {
	p := s.process()
	p.args = args
	err := fn(p)
	var code status
	if errors.As(err, &code) {
		s.status = int(code)
		return nil
	}
	return err
}

func (s *shell) output(text string) error {
	p := s.process()
	p.args = []string{"sh"}
	if err := p.print(text); err != nil {
		s.status = 1
		return fatalOnly(err)
	}
	return nil
}

// source is the dot command: a file without a slash is looked for in $PATH,
// where it need not be executable.
func (s *shell) source(args []string) error {
	if len(args) < 2 {
		return s.usage("%s: filename argument required", args[0])
	}
	file := args[1]
	if !strings.Contains(file, "/") {
		pathList, _ := s.vars.get("PATH")
		for _, dir := range strings.Split(pathList, ":") {
			if _, err := s.tree.Stat(abs(s.abs(dir), args[1])); err == nil {
				file = abs(s.abs(dir), args[1])
				break
			}
		}
	}
	p := s.process()
	p.args = args
	data, err := p.readAll(file)
	if err != nil {
		if err := fatalOnly(err); err != nil {
			return err
		}
		return s.usage("%s: can't open '%s': %s", args[0], args[1], reason(err))
	}
	saved := s.args
	if len(args) > 2 {
		s.args = args[2:]
	}
	s.calls++
	err = s.eval(string(data))
	s.calls--
	s.args = saved
	return noReturn(err)
}

func (s *shell) breakLoop(args []string) error {
	n := 1
	if len(args) > 1 {
		var err error
		if n, err = strconv.Atoi(args[1]); err != nil || n < 1 {
			return s.usage("%s: bad number '%s'", args[0], args[1])
		}
	}
	if s.loops == 0 {
		return nil
	}
	kind := jumpBreak
	if args[0] == "continue" {
		kind = jumpContinue
	}
	return &jump{kind: kind, levels: min(n, s.loops)}
}

func (s *shell) cd(args []string) error {
	args = args[1:]
	for len(args) > 0 && (args[0] == "-L" || args[0] == "-P" || args[0] == "--") {
		args = args[1:]
	}
	var dir string
	switch {
	case len(args) == 0:
		dir, _ = s.vars.get("HOME")
		if dir == "" {
			return nil
		}
	case args[0] == "-":
		dir, _ = s.vars.get("OLDPWD")
		if err := s.output(dir + "\n"); err != nil {
			return err
		}
	default:
		dir = args[0]
	}
	if !s.changeDir(dir) {
		s.status = 2
		return s.complain("cd: can't cd to %s: No such file or directory", dir)
	}
	return nil
}

func (s *shell) exec(args []string) error {
	if len(args) == 1 {
		s.keepFDs = true
		return nil
	}
	if err := s.external(args[1:]); err != nil {
		return err
	}
	s.exitTrap = "" // the shell is no more
	return &jump{kind: jumpExit}
}

// exitStatus returns the status that exit and return are given: without one,
// the last command's, which the caller of the builtin has kept.
func (s *shell) exitStatus(args []string, last int) error {
	if len(args) == 1 {
		s.status = last
		return nil
	}
	n, err := strconv.Atoi(args[1])
	if err != nil || n < 0 {
		return s.usage("%s: Illegal number: %s", args[0], args[1])
	}
	s.status = n & 0xff
	return nil
}

func (s *shell) shift(args []string) error {
	n := 1
	if len(args) > 1 {
		var err error
		if n, err = strconv.Atoi(args[1]); err != nil || n < 0 {
			return s.usage("shift: Illegal number: %s", args[1])
		}
	}
	if n > len(s.args) {
		s.status = 1
		return nil
	}
	s.args = s.args[n:]
	return nil
}

// trap keeps what is to be done at the end; no signal ever comes.
func (s *shell) trap(args []string) error {
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 || strings.HasPrefix(args[0], "-") && args[0] != "-" {
		return s.unsupported("trap", "prints nothing here")
	}
	action := args[0]
	if len(args) > 1 {
		args = args[1:]
	} else {
		action = "-" // trap SIGNAL resets it
	}
	if action == "-" {
		action = ""
	}
	for _, sig := range args {
		if sig == "EXIT" || sig == "0" {
			s.exitTrap = action
		}
	}
	return nil
}

func (s *shell) setUmask(args []string) error {
	if len(args) == 1 {
		return s.output("0" + octal(s.umask, 3) + "\n")
	}
	n, err := strconv.ParseUint(args[1], 8, 32)
	if err != nil || n > 0o777 {
		return s.unsupported("umask", "cannot take the mode %q", args[1])
	}
	s.umask = uint32(n)
	return nil
}

func (s *shell) unset(args []string) error {
	args = args[1:]
	functions := false
	for len(args) > 0 && (args[0] == "-f" || args[0] == "-v") {
		functions = args[0] == "-f"
		args = args[1:]
	}
	for _, name := range args {
		if functions {
			delete(s.funcs, name)
		} else if !s.vars.unset(name) {
			return s.usage("unset: %s: is read only", name)
		}
	}
	return nil
}
