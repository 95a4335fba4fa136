package script

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"github.com/mkimage/mkimage/assemble/tree"
)

// openFlag says how a file is opened, as the flags of open(2).
type openFlag uint8

const (
	openRead openFlag = 1 << iota
	openWrite
	openCreate
	openTruncate
	openAppend
)

// open opens a path for this process. Devices that a script may use without
// meaning the image are served whether the tree has them or not; a device that
// yields other bytes in every run, or none ever, is refused.
func (p *process) open(name string, flags openFlag, mode uint32) (stream, error) {
	full := p.abs(name)
	if dev, ok := p.device(full); ok {
		return p.openDevice(dev)
	}
	node, err := p.tree.Stat(full)
	switch {
	case errors.Is(err, fs.ErrNotExist) && flags&openCreate != 0:
		node, err = p.tree.WriteFile(full, nil, mode&^p.umask)
	case err == nil && node.Kind == tree.Dir && flags&openWrite != 0:
		err = &fs.PathError{Op: "open", Path: name, Err: syscall.EISDIR}
	case err == nil && node.Kind != tree.Dir && node.Kind != tree.File:
		return nil, p.unsupported(p.name(), "opens %s, which is a device or fifo", name)
	}
	if err != nil {
		return nil, err
	}
	if node.Kind == tree.Dir {
		return directory{}, nil
	}
	if flags&openTruncate != 0 {
		setContent(node, nil)
	}
	return &file{machine: p.machine, node: node, flags: flags}, nil
}

// directory is an open directory, which cannot be read as a file.
type directory struct{}

func (directory) Read([]byte) (int, error)  { return 0, syscall.EISDIR }
func (directory) Write([]byte) (int, error) { return 0, syscall.EISDIR }

// device returns the name of a device file that is served here.
func (m *machine) device(full string) (string, bool) {
	canon, err := m.tree.Canonical(full)
	if err != nil { // /dev itself may be missing
		canon = strings.TrimLeft(full, "/")
	}
	name, ok := strings.CutPrefix(canon, "dev/")
	switch name {
	case "null", "zero", "full", "random", "urandom", "tty", "console", "stdin", "stdout", "stderr":
		return name, ok
	}
	if fd, isFD := strings.CutPrefix(name, "fd/"); isFD && len(fd) == 1 && fd >= "0" && fd <= "9" {
		return name, ok
	}
	return "", false
}

func (p *process) openDevice(dev string) (stream, error) {
	fd := -1
	switch dev {
	case "null":
		return null{}, nil
	case "stdin":
		fd = 0
	case "stdout":
		fd = 1
	case "stderr":
		fd = 2
	case "tty", "console":
		return nil, &fs.PathError{Op: "open", Path: "/dev/" + dev, Err: syscall.ENXIO}
	}
	if n, ok := strings.CutPrefix(dev, "fd/"); ok {
		fd = int(n[0] - '0')
	}
	if fd < 0 {
		return nil, p.unsupported(p.name(), "opens /dev/%s, whose bytes are not the same in every build or have no end", dev)
	}
	if p.fds[fd] == nil {
		return nil, &fs.PathError{Op: "open", Path: "/dev/" + dev, Err: syscall.ENOENT}
	}
	return p.fds[fd], nil
}

// lstat and stat find a node by a path of this process. A device that open
// serves exists.
func (p *process) lstat(name string) (*tree.Node, error) { return p.find(name, p.tree.Lstat) }
func (p *process) stat(name string) (*tree.Node, error)  { return p.find(name, p.tree.Stat) }

func (p *process) find(name string, fn func(string) (*tree.Node, error)) (*tree.Node, error) {
	full := p.abs(name)
	node, err := fn(full)
	if errors.Is(err, fs.ErrNotExist) {
		if dev, ok := p.device(full); ok && dev == "null" {
			return &tree.Node{Kind: tree.CharDevice, Mode: 0o666, Major: 1, Minor: 3}, nil
		}
	}
	return node, err
}

func isDir(n *tree.Node) bool { return n != nil && n.Kind == tree.Dir }

// reason words an error as strerror(3) of musl does.
func reason(err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err.Error()
	}
	switch errno {
	case syscall.ENOENT:
		return "No such file or directory"
	case syscall.EEXIST:
		return "File exists"
	case syscall.ENOTDIR:
		return "Not a directory"
	case syscall.EISDIR:
		return "Is a directory"
	case syscall.ENOTEMPTY:
		return "Directory not empty"
	case syscall.EINVAL:
		return "Invalid argument"
	case syscall.ELOOP:
		return "Symbolic link loop"
	case syscall.EPERM:
		return "Operation not permitted"
	case syscall.EBUSY:
		return "Resource busy"
	case syscall.ENAMETOOLONG:
		return "Filename too long"
	case syscall.ENXIO:
		return "No such device or address"
	case syscall.EBADF:
		return "Bad file descriptor"
	}
	return errno.Error()
}

// fatalOnly returns err if it ends the script, and nil if it is one that the
// script may meet: a failing system call or a command's status.
func fatalOnly(err error) error {
	var code status
	var errno syscall.Errno
	if errors.As(err, &code) || errors.As(err, &errno) {
		return nil
	}
	return err
}
