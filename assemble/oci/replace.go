package oci

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// archiveTarget returns the file that an archive replaces, symlinks resolved,
// so that a link to it stays a link. A device or a pipe cannot be replaced.
func archiveTarget(path string) (string, error) {
	target, err := resolve(path)
	if err != nil {
		return "", err
	}
	info, err := os.Lstat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return target, nil
	case err != nil:
		return "", err
	case info.IsDir():
		return "", errors.New("it is a folder; end the name with / to write an OCI image layout there")
	case info.Mode()&fs.ModeSymlink != 0:
		return "", errors.New("it is a symbolic link that leads nowhere")
	case !info.Mode().IsRegular():
		return "", errors.New("it is not a regular file, and an archive is written by renaming a finished file")
	}
	return target, nil
}

// resolve returns an absolute path whose folder exists, and which is no
// symlink unless one that leads nowhere.
func resolve(path string) (string, error) {
	target, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(target); err == nil {
		return real, nil
	}
	dir := filepath.Dir(target)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("the folder %s does not exist", filepath.Dir(path))
	case err != nil:
		return "", err
	case !info.IsDir():
		return "", fmt.Errorf("%s is not a folder", filepath.Dir(path))
	}
	return target, nil
}

// createBeside creates a new file in target's folder, so that it can be
// renamed to target. Unlike os.CreateTemp's, its mode is the umask's choice.
func createBeside(target string) (*os.File, error) {
	var f *os.File
	_, err := newBeside(target, func(name string) (err error) {
		f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		return err
	})
	return f, err
}

// mkdirBeside makes a new folder in target's folder.
func mkdirBeside(target string) (string, error) {
	return newBeside(target, func(name string) error { return os.Mkdir(name, 0o777) })
}

func newBeside(target string, create func(name string) error) (string, error) {
	dir, base := filepath.Split(target)
	for tries := 0; ; tries++ {
		name := filepath.Join(dir, "."+base+".tmp-"+strconv.FormatUint(rand.Uint64(), 36))
		err := create(name)
		if err == nil || !errors.Is(err, fs.ErrExist) || tries == 100 {
			return name, err
		}
	}
}

// putInPlace renames the folder temp to target. A folder that is there is
// exchanged in one step where the system can, and is then at temp; else it is
// moved aside first and comes back if the second step fails.
func putInPlace(temp, target string) error {
	err := os.Rename(temp, target)
	if err == nil || !errors.Is(err, fs.ErrExist) {
		return err
	}
	if exchange(temp, target) == nil {
		return nil
	}
	aside, err := mkdirBeside(target)
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	old := filepath.Join(aside, "old")
	if err := os.Rename(target, old); err != nil {
		return err
	}
	if err := os.Rename(temp, target); err != nil {
		return errors.Join(err, os.Rename(old, target))
	}
	return nil
}

// writeError names the output. Paths of temporary files are no help and left
// out; an ended context passes as it is.
func writeError(path string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch {
	case errors.As(err, &pathErr):
		err = pathErr.Err
	case errors.As(err, &linkErr):
		err = linkErr.Err
	}
	return fmt.Errorf("cannot write %s: %w", path, err)
}
