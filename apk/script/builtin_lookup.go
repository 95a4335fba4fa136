package script

import (
	"sort"
	"strings"
)

// commandBuiltin is command: run NAME past any function, or with -v say what
// it is.
func (s *shell) commandBuiltin(args []string) error {
	args = args[1:]
	verbose, show := false, false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "--", "-p":
		case "-v":
			show = true
		case "-V":
			show, verbose = true, true
		default:
			return s.unsupported("command", "has no option %s that mkimage knows", args[0])
		}
		args = args[1:]
	}
	switch {
	case len(args) == 0:
		return nil
	case show:
		return s.describe(args[:1], verbose)
	}
	return s.call(args, false)
}

// typeBuiltin is type NAME...
func (s *shell) typeBuiltin(args []string) error { return s.describe(args[1:], true) }

// hash is hash NAME...: status 1 if there is no such command.
func (s *shell) hash(args []string) error {
	for _, name := range args[1:] {
		short, _, err := s.kindOf(name)
		if err != nil {
			return err
		}
		if short == "" && name != "-r" {
			s.status = 1
		}
	}
	return nil
}

// describe says what each name would run: status 127 if one is nothing.
func (s *shell) describe(names []string, verbose bool) error {
	missing := false
	for _, name := range names {
		short, long, err := s.kindOf(name)
		if err != nil {
			return err
		}
		text := short
		if verbose {
			text = name + long
		}
		if short == "" {
			missing = true
			if !verbose {
				continue
			}
			text = name + ": not found"
		}
		if err := s.output(text + "\n"); err != nil {
			return err
		}
	}
	if missing {
		s.status = 127
	}
	return nil
}

func (s *shell) kindOf(name string) (short, long string, _ error) {
	switch {
	case s.funcs[name] != nil:
		return name, " is a function", nil
	case builtin(name) != nil:
		return name, " is a shell builtin", nil
	}
	switch name {
	case "if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "in", "{", "}", "!":
		return name, " is a shell keyword", nil
	}
	pathList, _ := s.vars.get("PATH")
	file, err := s.lookup(name, s.dir, pathList)
	return file, " is " + file, err
}

// exit ends the shell, returnFrom the function or sourced file.
func (s *shell) exit(args []string) error {
	if err := s.exitStatus(args, s.last); err != nil {
		return err
	}
	return &jump{kind: jumpExit}
}

func (s *shell) returnFrom(args []string) error {
	if err := s.exitStatus(args, s.last); err != nil {
		return err
	}
	if s.calls == 0 {
		return &jump{kind: jumpExit} // ash ends a script that returns
	}
	return &jump{kind: jumpReturn}
}

// set changes options and positional parameters.
func (s *shell) set(args []string) error {
	if len(args) == 1 {
		return s.unsupported("set", "prints no variables here")
	}
	rest, err := s.setOptions(args[1:])
	if err != nil {
		return err
	}
	if rest != nil {
		s.args = rest
	}
	return nil
}

// setOptions sets options and returns the operands: nil if there are none, so
// that the positional parameters stay.
func (s *shell) setOptions(args []string) ([]string, error) {
	for len(args) > 0 {
		arg := args[0]
		if len(arg) < 2 || arg[0] != '-' && arg[0] != '+' {
			break
		}
		args = args[1:]
		if arg == "--" {
			return append([]string{}, args...), nil
		}
		for _, flag := range arg[1:] {
			name := string(flag)
			if flag == 'o' {
				if len(args) == 0 {
					return nil, s.unsupported("set", "prints no options here")
				}
				name, args = args[0], args[1:]
			}
			if !s.opts.set(name, arg[0] == '-') {
				return nil, s.unsupported("set", "has no option %q that mkimage knows", name)
			}
		}
	}
	if len(args) == 0 {
		return nil, nil
	}
	return append([]string{}, args...), nil
}

// set switches an option by letter or name. Those that only make a shell more
// talkative or interactive change nothing here.
func (o *options) set(name string, on bool) bool {
	switch name {
	case "e", "errexit":
		o.errexit = on
	case "u", "nounset":
		o.nounset = on
	case "f", "noglob":
		o.noglob = on
	case "n", "noexec":
		o.noexec = on
	case "pipefail":
		o.pipefail = on
	case "x", "xtrace", "v", "verbose", "h", "m", "monitor", "b", "notify":
	default:
		return false
	}
	return true
}

// String is what $- holds.
func (o options) String() string {
	var flags []string
	for flag, on := range map[string]bool{"e": o.errexit, "u": o.nounset, "f": o.noglob} {
		if on {
			flags = append(flags, flag)
		}
	}
	sort.Strings(flags)
	return strings.Join(flags, "")
}
