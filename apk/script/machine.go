package script

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/mkimage/mkimage/assemble/tree"
)

// machine is what all shells and commands of one script share: the tree, the
// bounds and the fixed facts.
type machine struct {
	ctx    context.Context
	tree   *tree.Tree
	script Script
	arch   string
	now    int64
	log    *console

	steps int   // left
	bytes int64 // left
	depth int   // of nested calls
	line  uint  // of the script, last begun
	inner int   // >0 while lines of another text are run (eval, ., trap)
}

// run finds the script's interpreter in the tree, as execve(2) would, and lets
// it run the script.
func (m *machine) run() error {
	if len(m.script.Text) > maxText {
		return m.limit(fmt.Sprintf("%d bytes of script", maxText))
	}
	interp, flags, err := m.interpreter(m.script.Text)
	if err != nil {
		return err
	}
	if interp == "" {
		return &Failed{Script: m.script, Status: 127, Stderr: "its interpreter is not in the image"}
	}
	s := newShell(m)
	s.arg0 = fmt.Sprintf("lib/apk/exec/%s-%s.%s", m.script.Package, m.script.Version, m.script.Kind)
	s.args = m.script.Args
	if flags != "" {
		if _, err := s.setOptions([]string{flags}); err != nil {
			return err
		}
	}
	err = s.runText(string(m.script.Text))
	var code status
	if errors.As(err, &code) {
		return &Failed{Script: m.script, Status: int(code), Stderr: lastLine(string(m.log.tail))}
	}
	return err
}

// step counts one statement or command, or one round of work in a command.
func (m *machine) step() error {
	if m.steps--; m.steps < 0 {
		return m.limit("the permitted steps")
	}
	return m.ctx.Err()
}

// spend counts bytes read, written or expanded.
func (m *machine) spend(n int64) error {
	if m.bytes -= n; m.bytes < 0 {
		return m.limit("the permitted bytes")
	}
	return nil
}

// enter counts one level of nesting; the caller must leave with m.depth--.
func (m *machine) enter() error {
	if m.depth++; m.depth > maxDepth {
		m.depth--
		return m.limit(fmt.Sprintf("%d levels of nesting", maxDepth))
	}
	return nil
}

func (m *machine) limit(bound string) error {
	return &Limit{Script: m.script, Line: m.line, Bound: bound}
}

// unsupported refuses the script for what a command or construct asks.
func (m *machine) unsupported(command, format string, args ...any) error {
	return &Unsupported{Script: m.script, Line: m.line, Command: command, Reason: fmt.Sprintf(format, args...)}
}

// at notes the line that is run, for messages. Lines of a text that is not the
// script's own mean nothing to its reader.
func (m *machine) at(line uint) {
	if m.inner == 0 {
		m.line = line
	}
}

// maxTail is how much of a script's last words is kept for a message.
const maxTail = 1024

// console is the terminal that a script believes to write to.
type console struct {
	out  io.Writer
	tail []byte
}

// stdout and stderr of the script: both go to the log, the latter is also kept
// for the message of a failing script.
type logStream struct {
	*machine
	keep bool
}

func (l logStream) Read([]byte) (int, error) { return 0, io.EOF }

func (l logStream) Write(b []byte) (int, error) {
	if err := l.spend(int64(len(b))); err != nil {
		return 0, err
	}
	if c := l.log; l.keep {
		c.tail = append(c.tail, b...)
		c.tail = c.tail[max(0, len(c.tail)-maxTail):]
	}
	if l.log.out == nil {
		return len(b), nil
	}
	return l.log.out.Write(b)
}
