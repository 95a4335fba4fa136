package assemble

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/mkimage/mkimage/assemble/tree"
)

// hostFile is a file of the build machine as content. Its size is fixed when
// it is found; a file that is another when it is read is an error, so that
// what is written is what was declared.
type hostFile struct {
	path string
	name string // for messages
	info fs.FileInfo
}

// openHostFile returns the content of a regular file and whether its owner
// may execute it.
func openHostFile(path, name string) (content tree.Content, executable bool, err error) {
	h := &hostFile{path: path, name: name}
	if h.info, err = os.Stat(path); err != nil {
		return nil, false, err
	}
	if !h.info.Mode().IsRegular() {
		return nil, false, errors.New("it is not a regular file")
	}
	f, err := h.open() // now rather than when half of the image is written
	if err != nil {
		return nil, false, err
	}
	return h, h.info.Mode()&0o100 != 0, f.Close()
}

// Size returns the number of bytes.
func (h *hostFile) Size() int64 { return h.info.Size() }

// Open returns a reader that fails unless the file is still the same.
func (h *hostFile) Open() (io.ReadCloser, error) {
	f, err := h.open()
	if err != nil {
		return nil, err
	}
	return &hostReader{hostFile: h, f: f, left: h.Size()}, nil
}

// open opens the file without waiting, if it is a fifo by now.
func (h *hostFile) open() (*os.File, error) {
	f, err := os.OpenFile(h.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := h.check(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// check reports whether f is the file that was found.
func (h *hostFile) check(f *os.File) error {
	now, err := f.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(h.info, now) || now.Size() != h.info.Size() || !now.ModTime().Equal(h.info.ModTime()) {
		return h.changed()
	}
	return nil
}

func (h *hostFile) changed() error {
	return fmt.Errorf("cannot read %s: it was changed during the build", h.name)
}

// hostReader reads exactly the bytes that the file had.
type hostReader struct {
	*hostFile
	f    *os.File
	left int64
}

func (r *hostReader) Read(b []byte) (int, error) {
	if r.left == 0 {
		if err := r.check(r.f); err != nil {
			return 0, err
		}
		return 0, io.EOF
	}
	n, err := r.f.Read(b[:min(int64(len(b)), r.left)])
	r.left -= int64(n)
	if err == io.EOF {
		return n, r.changed()
	}
	return n, err
}

// Close closes the file.
func (r *hostReader) Close() error { return r.f.Close() }

// hostReason returns an error without the path, which messages have in the
// form that the user wrote.
func hostReason(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
