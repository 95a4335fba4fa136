package script

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble/tree"
)

// null is /dev/null.
type null struct{}

func (null) Read([]byte) (int, error)    { return 0, io.EOF }
func (null) Write(b []byte) (int, error) { return len(b), nil }

// pipe holds what was written until it is read; it never blocks, since its
// writer has ended before its reader begins.
type pipe struct {
	*machine
	data []byte
}

func (p *pipe) Write(b []byte) (int, error) {
	if err := p.spend(int64(len(b))); err != nil {
		return 0, err
	}
	p.data = append(p.data, b...)
	return len(b), nil
}

func (p *pipe) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.data)
	p.data = p.data[n:]
	return n, nil
}

// file is an open file of the tree. Its content is loaded when it is first
// read, or written after a part that stays.
type file struct {
	*machine
	node   *tree.Node
	flags  openFlag
	offset int

	data []byte       // content as this file last saw or wrote it
	seen tree.Content // what data is the bytes of
	have bool
}

// load brings data up to date with the node.
func (f *file) load() error {
	if f.have && same(f.seen, f.node.Content) {
		return nil
	}
	data, err := f.content(f.node)
	if err != nil {
		return err
	}
	f.data, f.seen, f.have = data, f.node.Content, true
	return nil
}

// same tells whether two contents are one. Contents in memory are compared by
// where they lie, since slices have no equality.
func same(a, b tree.Content) bool {
	x, okx := a.(tree.Bytes)
	y, oky := b.(tree.Bytes)
	if okx && oky {
		return len(x) == len(y) && (len(x) == 0 || &x[0] == &y[0])
	}
	return !okx && !oky && a == b
}

func (f *file) Read(b []byte) (int, error) {
	if f.flags&openRead == 0 {
		return 0, syscall.EBADF
	}
	if err := f.load(); err != nil {
		return 0, err
	}
	if f.offset >= len(f.data) {
		return 0, io.EOF
	}
	n := copy(b, f.data[f.offset:])
	f.offset += n
	return n, nil
}

func (f *file) Write(b []byte) (int, error) {
	if f.flags&openWrite == 0 {
		return 0, syscall.EBADF
	}
	if err := errors.Join(f.spend(int64(len(b))), f.load()); err != nil {
		return 0, err
	}
	if f.flags&openAppend != 0 {
		f.offset = len(f.data)
	}
	switch {
	case f.offset == len(f.data):
		// A content never changes: the bytes before are shared with earlier
		// ones, those after belong to this file alone.
		f.data = append(f.data, b...)
	default:
		grown := make([]byte, max(len(f.data), f.offset+len(b)))
		copy(grown, f.data)
		copy(grown[f.offset:], b)
		f.data = grown
	}
	f.offset += len(b)
	c := tree.Bytes(f.data[:len(f.data):len(f.data)])
	setContent(f.node, c)
	f.seen = c
	return len(b), nil
}

// content reads a file's bytes, which count against the bound before they are
// held. They are shared with the tree and must not be changed; appending copies.
func (m *machine) content(n *tree.Node) ([]byte, error) {
	if b, ok := n.Content.(tree.Bytes); ok && n.Kind == tree.File {
		return b[:len(b):len(b)], nil
	}
	if err := m.spend(n.Size()); err != nil {
		return nil, err
	}
	b, err := m.readNode(n, n.Size())
	return b[:len(b):len(b)], err
}

// readNode reads the first bytes of a file. That its content cannot be read is
// the host's fault and nothing that a script may handle: the error hides what
// the system call was.
func (m *machine) readNode(n *tree.Node, limit int64) ([]byte, error) {
	r, err := n.Open()
	if err != nil {
		return nil, m.unreadable(err)
	}
	b, err := io.ReadAll(io.LimitReader(r, limit))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, m.unreadable(err)
	}
	return b, nil
}

func (m *machine) unreadable(err error) error {
	return &unreadableError{fmt.Sprintf("cannot run the %s: line %d: cannot read a file's content: %v", m.script, m.line, err), err}
}

// unreadableError shows of its cause that a package is damaged, which the
// caller may know to mend, and nothing that the script could take for an
// answer of the system.
type unreadableError struct {
	message string
	cause   error
}

func (e *unreadableError) Error() string { return e.message }

// As finds an *apk.ArchiveError.
func (e *unreadableError) As(target any) bool {
	damaged, ok := target.(**apk.ArchiveError)
	return ok && errors.As(e.cause, damaged)
}

// closed stands for a file descriptor that is not open.
type closed struct{}

func (closed) Read([]byte) (int, error)  { return 0, syscall.EBADF }
func (closed) Write([]byte) (int, error) { return 0, syscall.EBADF }
