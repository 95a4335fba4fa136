// Package cache keeps files that need not be fetched or made twice, in one
// folder for all builds of a user. Its contract:
//
//   - An entry's name says what decides its content, a digest as a rule, so an
//     entry is never changed: it is there, whole, or it is not. It is written to
//     a temporary file whose name starts with a dot and renamed. So any number
//     of builds can share a folder, and a kill at any moment leaves nothing but
//     temporary files.
//   - What an entry holds is verified by whoever reads it. A damaged entry is
//     as good as none: it is made anew, which replaces it.
//   - An entry's modification time is when it was used last, to the hour.
//     Pruning removes those first that were not used for longest.
//   - A build holds the folder's lock together with others, pruning holds it
//     alone: nothing vanishes under a running build.
//
// An entry is at KIND/NAME below the folder.
package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Folder is the cache in a folder, which is made when it is first written.
type Folder struct{ Dir string }

// The kinds of entries, which are the names of folders.
const (
	Indexes  = "indexes"  // signed indexes, their parsed forms, what URLs had last
	Packages = "packages" // package files
	Contents = "contents" // what packages ship, as lists
	Runs     = "runs"     // packages' runs of a layer, compressed
	Layers   = "layers"   // sums over the runs of layers
	Images   = "images"   // what outputs hold
)

// Path returns where the entry of that kind and name is, if it is there.
func (f Folder) Path(kind, name string) string { return filepath.Join(f.Dir, kind, name) }

// usedEvery is how long an entry's time of use may be out of date.
const usedEvery = time.Hour

// Open opens an entry for reading and takes note that it is used. The error is
// that of os.Open.
func (f Folder) Open(kind, name string) (*os.File, error) {
	file, err := os.Open(f.Path(kind, name))
	if err == nil {
		f.used(file)
	}
	return file, err
}

// Read returns the content of an entry of at most limit bytes and takes note
// that it is used. The error is that of the file system, or that the entry is
// longer.
func (f Folder) Read(kind, name string, limit int64) ([]byte, error) {
	file, err := f.Open(kind, name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has more than %d bytes", file.Name(), limit)
	}
	content := make([]byte, info.Size())
	_, err = file.ReadAt(content, 0)
	return content, err
}

// used brings an entry's time of use up to date. Where that cannot be done,
// as on a read-only disk, it does not matter.
func (f Folder) used(file *os.File) {
	info, err := file.Stat()
	if now := time.Now(); err == nil && now.Sub(info.ModTime()) > usedEvery {
		os.Chtimes(file.Name(), time.Time{}, now)
	}
}

// Write makes an entry appear with its whole content.
func (f Folder) Write(kind, name string, content []byte) error {
	t, err := f.Create(kind, name)
	if err != nil {
		return err
	}
	defer t.Discard()
	if _, err := t.Write(content); err != nil {
		return f.Fault(err)
	}
	return t.Commit()
}

// Temporary is an entry on its way: a file to write and then to commit.
type Temporary struct {
	*os.File
	folder Folder
	kind   string
	name   string
	gone   bool // committed or discarded
}

// Create opens a temporary file that is to become an entry. A name that is
// not known yet can be given to Rename later. Errors are those of Fault.
func (f Folder) Create(kind, name string) (*Temporary, error) {
	dir := filepath.Join(f.Dir, kind)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, f.Fault(err)
	}
	file, err := os.CreateTemp(dir, "."+name+".*")
	if err != nil {
		return nil, f.Fault(err)
	}
	return &Temporary{File: file, folder: f, kind: kind, name: name}, nil
}

// Rename gives the entry its name, before it is committed.
func (t *Temporary) Rename(name string) { t.name = name }

// Commit makes the entry appear under its name. Errors are those of Fault.
func (t *Temporary) Commit() error {
	if err := t.Close(); err != nil {
		return t.folder.Fault(err)
	}
	if err := os.Rename(t.File.Name(), t.folder.Path(t.kind, t.name)); err != nil {
		return t.folder.Fault(err)
	}
	t.gone = true
	return nil
}

// Discard removes the file, unless it was committed.
func (t *Temporary) Discard() {
	if t.gone {
		return
	}
	t.gone = true
	t.Close()
	os.Remove(t.File.Name())
}

// Fault explains why the cache cannot be used.
func (f Folder) Fault(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("cannot write to the cache %s: no space left on its disk; free some or name another folder with --cache-dir", f.Dir)
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = fmt.Errorf("%s: %w", path.Path, path.Err)
	}
	return fmt.Errorf("cannot use the cache %s: %w; name another folder with --cache-dir", f.Dir, err)
}
