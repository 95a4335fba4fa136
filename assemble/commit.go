package assemble

import (
	"crypto/sha1"
	"errors"
	"io"
	"io/fs"
	"strings"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble/tree"
)

// commit gives the files of an extracted package their names, which makes
// them the package's in the database.
func (db *database) commit(p *installed) error {
	faults := &packageFaults{pkg: p}
	for _, fo := range p.folders {
		fo.dir.modified = true
		for _, f := range fo.sorted() {
			path := f.path()
			old := db.files[path]
			if err := db.rename(p, f, old); err != nil {
				faults.add(db.explain(path, err))
				continue
			}
			if old != nil {
				old.replaced = true
			}
			db.files[path] = f
		}
	}
	p.files = nil
	return faults.err()
}

// rename gives f its name, in place of what is there. In a protected directory
// what is there stays if the user, that is a script, made or changed it: then
// f becomes NAME.apk-new, or nothing if its content is no other.
func (db *database) rename(p *installed, f, old *file) error {
	path := f.path()
	temporary := temporaryName(p, path)
	if protected(f.folder.dir.path) {
		changed, err := db.changed(path, old)
		if err != nil {
			return err
		}
		if changed {
			other, err := db.changed(path, f)
			switch {
			case err != nil:
				return err
			case other:
				return db.tree.Rename(temporary, path+".apk-new")
			}
			return db.tree.Remove(temporary)
		}
	}
	if err := db.tree.Rename(temporary, path); err != nil {
		return err
	}
	if path == passwdPath || path == groupPath {
		db.owners.reset()
	}
	return nil
}

// protected reports whether apk keeps what is changed in a directory: in all
// of etc. (Its rules for etc/init.d and etc/apk differ in auditing only.)
func protected(dir string) bool { return dir == "etc" || strings.HasPrefix(dir, "etc/") }

// changed reports whether there is something at path that is not what f says.
// A nil f says that nothing is there.
func (db *database) changed(path string, f *file) (bool, error) {
	n, err := db.tree.Lstat(path)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist), nil
	}
	if f == nil || f.checksum.IsZero() {
		return true, nil
	}
	sum, err := contentChecksum(n)
	return sum != f.checksum, err
}

// contentChecksum returns the SHA-1 of a file's content or of a symbolic
// link's target, zero for all else.
func contentChecksum(n *tree.Node) (apk.Checksum, error) {
	switch {
	case n.Kind == tree.Symlink:
		return sha1.Sum([]byte(n.Target)), nil
	case n.Kind != tree.File:
		return apk.Checksum{}, nil
	}
	if c, ok := n.Content.(*entryContent); ok {
		return c.entry.Checksum, nil
	}
	r, err := n.Open()
	if err != nil {
		return apk.Checksum{}, err
	}
	defer r.Close()
	h := sha1.New()
	if _, err := io.Copy(h, r); err != nil {
		return apk.Checksum{}, err
	}
	return apk.Checksum(h.Sum(nil)), nil
}
