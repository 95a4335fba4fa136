package script

import (
	"bytes"
	"cmp"
	"path"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// defaultPath is where execvp(3) of musl looks without $PATH.
const defaultPath = "/usr/local/bin:/bin:/usr/bin"

// lookup finds a command's file as execvp(3) does, by $PATH unless the name
// has a slash; empty if there is none.
func (p *process) lookup(name string) (string, error) {
	return p.machine.lookup(name, p.dir, cmp.Or(p.getenv("PATH"), defaultPath))
}

func (m *machine) lookup(name, dir, pathList string) (string, error) {
	if strings.Contains(name, "/") {
		if m.executable(abs(dir, name)) {
			return abs(dir, name), nil
		}
		return "", nil
	}
	for _, elem := range strings.Split(pathList, ":") {
		if err := m.step(); err != nil {
			return "", err
		}
		file := strings.TrimSuffix(abs(dir, elem), "/") + "/" + name
		if elem == "" {
			file = abs(dir, name)
		}
		if name != "" && m.executable(file) {
			return file, nil
		}
	}
	return "", nil
}

// executable tells whether a path leads to a file that root may execute.
func (m *machine) executable(file string) bool {
	n, err := m.tree.Stat(file)
	return err == nil && n.Kind == tree.File && n.Mode&0o111 != 0
}

// interpreter returns the program that the kernel would start for a script
// with this text, empty if the tree lacks it, and the options that the line
// gives it. It is an *Unsupported error if it is not a shell.
func (m *machine) interpreter(text []byte) (file, flags string, _ error) {
	line, ok := bytes.CutPrefix(text, []byte("#!"))
	if !ok {
		return "", "", m.unsupported("the script", "has no interpreter line, so that it cannot be executed")
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	words := strings.Fields(string(line))
	m.at(1)
	if len(words) == 0 || len(words) > 2 {
		return "", "", m.unsupported("the interpreter line", "is not understood")
	}
	name := path.Base(words[0])
	if len(words) == 2 {
		flags = words[1]
	}
	switch {
	case isBusybox(name) && (flags == "sh" || flags == "ash"):
		flags = ""
	case isShell(name) && (flags == "" || strings.HasPrefix(flags, "-")):
	default:
		return "", "", m.unsupported(strings.Join(words, " "), "is not an interpreter mkimage knows")
	}
	if !m.executable(abs("/", words[0])) {
		return "", "", nil
	}
	return words[0], flags, nil
}

func isShell(name string) bool {
	switch name {
	case "sh", "ash", "dash", "bash":
		return true
	}
	return false
}

// isText tells a script without an interpreter line from a program: the shell
// then runs it itself.
func isText(head []byte) bool {
	return !bytes.HasPrefix(head, []byte("#!")) && bytes.IndexByte(head, 0) < 0
}

// execScript runs a script that the image holds, if its interpreter is a shell.
func (p *process) execScript(file string, node *tree.Node, head []byte) error {
	flags := ""
	if !isText(head) {
		interp, given, err := p.interpreter(head)
		if err != nil {
			return p.unsupported(p.args[0], "is not a command mkimage knows")
		}
		if interp == "" {
			return p.notFound(p.args[0])
		}
		flags = given
	}
	text, err := p.content(node)
	if err != nil {
		return err
	}
	return p.shell(file, flags, p.args[1:], string(text))
}

// shell runs text in a shell of its own, with what this process was given.
func (p *process) shell(arg0, flags string, args []string, text string) error {
	if len(text) > maxText {
		return p.limit("the permitted bytes of script")
	}
	s := newShell(p.machine)
	s.vars = newVariables()
	for _, kv := range p.env {
		name, value, _ := strings.Cut(kv, "=")
		s.vars.export(name, value)
	}
	s.arg0, s.args = arg0, args
	s.dir, s.umask, s.fds = p.dir, p.umask, p.fds
	if flags != "" {
		if _, err := s.setOptions([]string{flags}); err != nil {
			return err
		}
	}
	p.inner++
	defer func() { p.inner-- }()
	return s.runText(text)
}
