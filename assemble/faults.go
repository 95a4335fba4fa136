package assemble

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"
)

// maxPackageFaults is how many faults of one package are told.
const maxPackageFaults = 20

// PackageError holds all that is wrong with installing one package after
// those before it.
type PackageError struct {
	Package string   // name and version
	Faults  []string // what is wrong, one path each
}

// Error returns one line a fault.
func (e *PackageError) Error() string {
	var lines []string
	for i, f := range e.Faults {
		if i == maxPackageFaults {
			lines = append(lines, fmt.Sprintf("cannot install %s: and %d more", e.Package, len(e.Faults)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("cannot install %s: %s", e.Package, f))
	}
	return strings.Join(lines, "\n")
}

// packageFaults collects the faults of a package.
type packageFaults struct {
	pkg  *installed
	list []string
}

// add takes a fault, or nil.
func (f *packageFaults) add(err error) {
	if err != nil {
		f.list = append(f.list, err.Error())
	}
}

func (f *packageFaults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	return &PackageError{Package: f.pkg.String(), Faults: f.list}
}

// explain says why a package's file cannot be put at name: what is in the way
// and whose it is.
func (db *database) explain(name string, err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err
	}
	switch errno {
	case syscall.EISDIR:
		return fmt.Errorf("%s is already a directory%s", name, db.ownedBy(name))
	case syscall.ENOTDIR, syscall.ENOENT:
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			n, err := db.tree.Lstat(dir)
			switch {
			case err == nil && n.Target != "":
				return fmt.Errorf("%s cannot be put into %s, a symbolic link%s to %s, which is no directory", name, dir, db.ownedBy(dir), n.Target)
			case err == nil:
				return fmt.Errorf("%s cannot be put into %s, which is not a directory but a file%s", name, dir, db.ownedBy(dir))
			}
		}
	}
	return fmt.Errorf("%s cannot be made: %w", name, errno)
}

// ownedBy returns " of" and the package that a path is of, or nothing.
func (db *database) ownedBy(path string) string {
	if f := db.files[path]; f != nil {
		return " of " + f.folder.pkg.String()
	}
	if d := db.dirs[path]; d != nil && d.owner != nil {
		return " of " + d.owner.pkg.String()
	}
	return ""
}

// databaseError is one about the files that apk writes for itself, which only
// a package or script that took their places can cause.
func databaseError(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return fmt.Errorf("cannot write apk's database: %s: %w", pathErr.Path, pathErr.Err)
	}
	return fmt.Errorf("cannot write apk's database: %w", err)
}
