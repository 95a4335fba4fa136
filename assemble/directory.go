package assemble

import (
	"fmt"

	"github.com/mkimage/mkimage/apk"
)

// extractDirectory makes a directory that a package ships, or settles whose
// mode and owner an existing one has.
func (db *database) extractDirectory(p *installed, e *apk.Entry, a acl) error {
	fo := p.addFolder(db.dir(e.Name))
	fo.acl = a
	known := fo.dir.owner != nil
	if err := db.claim(fo); err != nil {
		return err
	}
	if known {
		return nil // made when the first package shipped it
	}
	db.makeDirectory(fo.dir, a, false)
	return nil
}

// claim makes fo the one whose mode and owner its directory has, if it comes
// before the present one. A directory that something else than apk has made
// or changed is left alone.
func (db *database) claim(fo *folder) error {
	d := fo.dir
	if d.owner != nil {
		if !replacesDirectory(d.owner.pkg, fo.pkg) {
			return nil
		}
		if d.owner.acl != fo.acl && d.intact {
			n, err := db.tree.Stat(d.path)
			if err != nil {
				return fmt.Errorf("its directory %s was removed by a script", d.path)
			}
			n.Mode, n.UID, n.GID = fo.acl.mode, fo.acl.uid, fo.acl.gid
			d.modified = true
		}
	}
	d.owner = fo
	return nil
}

// makeDirectory makes a directory and the parents that no package shipped,
// which are root's with mode 0755. mkdir(2) ignores the setuid and setgid
// bits. What cannot be made is no fault yet: there may be nothing in it, and
// a symbolic link to a directory will do.
func (db *database) makeDirectory(d *directory, a acl, parent bool) {
	if d.path == "" || d.made {
		return
	}
	d.made = true
	if d.parent != nil {
		db.makeDirectory(d.parent, defaultFolder(), true)
	}
	if n, err := db.tree.Lstat(d.path); err == nil {
		// A parent may be there as it should be; what a package ships
		// should not be there at all.
		d.intact = parent && n.Mode == a.mode && n.UID == a.uid && n.GID == a.gid
		return
	}
	if n, err := db.tree.Mkdir(d.path, a.mode&0o1777); err == nil {
		n.Chown(a.uid, a.gid)
		d.intact = true
	}
}
