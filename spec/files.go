package spec

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxFile caps the size of a file that is read as part of a spec, in bytes.
// CUE takes some thirty times as much memory for it.
const maxFile = 4 << 20

var errTooLarge = fmt.Errorf("larger than %d MiB, the most that a file of a spec may be", maxFile>>20)

// machine is the file system of the machine from its root, as CUE's loader
// reads it: regular files up to maxFile, and folders.
type machine struct{}

// Open opens the file or folder /name.
func (machine) Open(name string) (fs.File, error) {
	path := string(filepath.Separator) + filepath.FromSlash(name)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.IsDir() {
		err = readable(info)
	}
	if err != nil {
		f.Close() // nothing was written
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return capped{f, io.LimitReader(f, maxFile)}, nil
}

// capped is an open file of which at most maxFile bytes are read, even if it
// grows meanwhile.
type capped struct {
	*os.File
	r io.Reader
}

func (c capped) Read(p []byte) (int, error) { return c.r.Read(p) }

// readable refuses what cannot be read as text of a known length.
func readable(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	if info.Size() > maxFile {
		return errTooLarge
	}
	return nil
}

// readFile returns the content of a file under the same limits.
func readFile(path string) ([]byte, error) {
	f, err := machine{}.Open(filepath.ToSlash(path[len(string(filepath.Separator)):]))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
