package script

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"
)

// process is what a command runs in: what execve(2) hands over. Commands
// return nil for status 0, a status, or an error that ends the script.
type process struct {
	*machine
	args  []string // args[0] is the command's name
	env   []string // NAME=VALUE, sorted
	dir   string
	umask uint32
	fds   [maxFD]stream

	failed bool // a complaint was made about one of several operands
}

// commandFunc is a command of the image, done here.
type commandFunc func(p *process) error

func (p *process) name() string {
	if len(p.args) == 0 {
		return "the shell"
	}
	return path.Base(p.args[0])
}

func (p *process) abs(name string) string { return abs(p.dir, name) }

func (p *process) stdin() io.Reader  { return p.fd(0) }
func (p *process) stdout() io.Writer { return p.fd(1) }

func (p *process) fd(n int) stream {
	if p.fds[n] == nil {
		return closed{}
	}
	return p.fds[n]
}

// print writes to standard output; a closed one is the command's failure.
func (p *process) print(text string) error {
	return p.write([]byte(text))
}

func (p *process) printf(format string, args ...any) error {
	return p.print(fmt.Sprintf(format, args...))
}

func (p *process) write(b []byte) error {
	_, err := p.stdout().Write(b)
	if fatal := fatalOnly(err); fatal != nil {
		return fatal
	}
	if err != nil {
		return p.fail("write error: %s", reason(err))
	}
	return nil
}

// warn writes a message to standard error and notes that the command has
// failed, for done. It returns an error only if that ends the script.
func (p *process) warn(format string, args ...any) error {
	p.failed = true
	_, err := fmt.Fprintf(p.fd(2), "%s: %s\n", p.name(), fmt.Sprintf(format, args...))
	return fatalOnly(err)
}

// warnErr words the failure of an operation; errors that end the script pass.
func (p *process) warnErr(err error, format string, args ...any) error {
	if fatal := fatalOnly(err); fatal != nil {
		return fatal
	}
	return p.warn("%s: %s", fmt.Sprintf(format, args...), reason(err))
}

// fail is warn for what ends the command with status 1.
func (p *process) fail(format string, args ...any) error {
	if err := p.warn(format, args...); err != nil {
		return err
	}
	return status(1)
}

// failErr is warnErr for what ends the command with status 1.
func (p *process) failErr(err error, format string, args ...any) error {
	if err := p.warnErr(err, format, args...); err != nil {
		return err
	}
	return status(1)
}

// done is the end of a command that has gone through all its operands.
func (p *process) done() error {
	if p.failed {
		return status(1)
	}
	return nil
}

// usage is how a command ends that was called with arguments that it does not
// take, in busybox too.
func (p *process) usage() error { return p.fail("bad usage") }

// readAll reads a file, or standard input for "-".
func (p *process) readAll(name string) ([]byte, error) {
	if name == "-" {
		return p.readInput()
	}
	f, err := p.open(name, openRead, 0)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(f)
}

func (p *process) readInput() ([]byte, error) { return io.ReadAll(p.stdin()) }

// readOperands reads the files named, or standard input if there are none, and
// complains of those that it cannot read.
func (p *process) readOperands(names []string, fn func(name string, data []byte) error) error {
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		data, err := p.readAll(name)
		if err != nil {
			if err := p.warnErr(err, "%s", name); err != nil {
				return err
			}
			continue
		}
		if err := fn(name, data); err != nil {
			return err
		}
	}
	return nil
}

// lines splits text after its newlines, which are kept; only the last line may
// lack one.
func lines(data []byte) [][]byte {
	list := bytes.SplitAfter(data, []byte("\n"))
	if len(list[len(list)-1]) == 0 {
		list = list[:len(list)-1]
	}
	return list
}

// getenv returns an environment variable, empty if it is not set.
func (p *process) getenv(name string) string {
	for _, kv := range p.env {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

// start runs a command that this process names, as fork, execvp(3) and wait
// would, and returns its status.
func (p *process) start(args []string) error {
	if err := p.step(); err != nil {
		return err
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer func() { p.depth-- }()
	child := &process{machine: p.machine, args: args, env: p.env, dir: p.dir, umask: p.umask, fds: p.fds}
	file, err := p.lookup(args[0])
	if err != nil {
		return err
	}
	if file == "" {
		return p.notFound(args[0])
	}
	return child.exec(file)
}

// notFound is how a command ends that there is none of, or none that may be
// executed.
func (p *process) notFound(name string) error {
	code, text := status(127), "not found"
	if strings.Contains(name, "/") && p.exists(name) {
		code, text = 126, "Permission denied"
	}
	if _, err := fmt.Fprintf(p.fd(2), "%s: %s\n", name, text); fatalOnly(err) != nil {
		return err
	}
	return code
}

// exec becomes the program in a file of the tree.
func (p *process) exec(file string) error {
	name := path.Base(p.args[0])
	if fn := command(name); fn != nil {
		return fn(p)
	}
	canon, err := p.tree.Canonical(file)
	if err != nil {
		return p.failErr(err, "%s", file)
	}
	if isBusybox(canon) {
		return p.missingApplet(canon, name)
	}
	if fn := command(path.Base(canon)); fn != nil {
		return fn(p)
	}
	node, err := p.tree.Stat(file)
	if err != nil {
		return p.failErr(err, "%s", file)
	}
	head, err := p.readNode(node, headSize)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(head, []byte("#!")) || isText(head) {
		return p.execScript(file, node, head)
	}
	return p.unsupported(p.args[0], "is not a command mkimage knows")
}

// headSize is how much of a file the kernel looks at for an interpreter line
// (execve(2)).
const headSize = 256
