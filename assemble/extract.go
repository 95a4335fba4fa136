package assemble

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble/tree"
)

// extract puts a package's directories into the tree, and its files there
// under temporary names.
func (db *database) extract(ctx context.Context, p *installed) error {
	faults := &packageFaults{pkg: p}
	for i := range p.entries {
		e := &p.entries[i]
		// apk has looked up the owner of the first entry when it finds
		// that there are no more scripts, and runs pre-install then.
		uid, gid := db.owners.of(e)
		if i == 0 {
			if err := db.runScript(ctx, p, apk.PreInstall, p.Version); err != nil {
				return err
			}
		}
		a := acl{mode: e.Mode, uid: uid, gid: gid, xattrs: xattrsChecksum(e.Xattrs)}
		if e.Kind == apk.Directory {
			faults.add(db.extractDirectory(p, e, a))
		} else {
			faults.add(db.extractFile(p, e, a))
		}
	}
	if len(p.entries) == 0 {
		return db.runScript(ctx, p, apk.PreInstall, p.Version)
	}
	p.entries = nil
	return faults.err()
}

// extractFile puts anything but a directory under a temporary name beside its
// own.
func (db *database) extractFile(p *installed, e *apk.Entry, a acl) error {
	dir, name := split(e.Name)
	fo := p.folder(dir)
	switch {
	case fo == nil && dir != "":
		return fmt.Errorf("%s has no entry for its directory before it", e.Name)
	case fo == nil:
		fo = p.addFolder(db.dir(""))
	case p.files[e.Name] != nil:
		return fmt.Errorf("it ships %s twice", e.Name)
	}
	f := &file{name: name, acl: a, checksum: e.Checksum}
	if e.Kind == apk.Hardlink {
		target := p.hardlinked(e.Target)
		if target == nil {
			return fmt.Errorf("%s is a hard link to %s, which it does not install before", e.Name, e.Target)
		}
		f.checksum = target.checksum
	}
	if other := db.files[e.Name]; other != nil {
		switch replacesFile(other.folder.pkg, p) {
		case conflicting:
			return fmt.Errorf("%s is already a file of %s, and neither replaces the other's files: leave one of them out", e.Name, other.folder.pkg)
		case kept:
			return nil
		}
	}
	if err := db.place(p, e, a); err != nil {
		return db.explain(e.Name, err)
	}
	p.addFile(fo, f)
	return nil
}

// place makes the node of an entry under its temporary name.
func (db *database) place(p *installed, e *apk.Entry, a acl) error {
	temporary := temporaryName(p, e.Name)
	if e.Kind == apk.Hardlink {
		if err := db.tree.Link(temporaryName(p, e.Target), temporary); err != nil {
			return err
		}
		n, err := db.tree.Stat(temporary)
		if err != nil {
			return fmt.Errorf("%s is a hard link to %s, a symbolic link that leads nowhere yet", e.Name, e.Target)
		}
		// What the name leads to is chowned and touched once more, and
		// given the special bits that doing so takes away.
		n.Chown(a.uid, a.gid)
		if special := a.mode & 0o7000; special != 0 {
			n.Mode = a.mode
		}
		n.ModTime = e.ModTime
		addXattrs(n, e.Xattrs)
		p.lostXattrs = p.lostXattrs || losesXattrs(n, e.Xattrs)
		return nil
	}
	n := Shipped(e, p.number)
	switch {
	case n == nil:
		return fmt.Errorf("internal error: entry of kind %s", e.Kind)
	case n.Kind == tree.Symlink && a.mode&0o7000 != 0:
		return fmt.Errorf("%s is a symbolic link of mode %o, but none can be setuid, setgid or sticky", e.Name, a.mode)
	}
	n.UID, n.GID = a.uid, a.gid
	p.lostXattrs = p.lostXattrs || losesXattrs(n, e.Xattrs)
	if n.Kind == tree.File {
		n.Content = db.contents.of(p.source.Archive, e)
	}
	return db.tree.Add(temporary, n)
}

// Shipped returns the node that an entry of a package becomes in an image that
// changes nothing of it: with the entry's owner by number, and without content.
// number is the package's, as tree.Source has it. Of directories and hard links,
// which have no node of their own, it is nil.
func Shipped(e *apk.Entry, number int) *tree.Node {
	n := &tree.Node{
		Mode: e.Mode, UID: e.UID, GID: e.GID, ModTime: e.ModTime,
		Source: tree.Source{Package: number, Entry: e.Index},
	}
	switch e.Kind {
	case apk.Regular:
		n.Kind = tree.File
	case apk.Symlink:
		n.Kind, n.Mode, n.Target = tree.Symlink, 0o777, e.Target
	case apk.Fifo:
		n.Kind = tree.Fifo
	case apk.CharDevice:
		n.Kind, n.Major, n.Minor = tree.CharDevice, e.Major, e.Minor
	case apk.BlockDevice:
		n.Kind, n.Major, n.Minor = tree.BlockDevice, e.Major, e.Minor
	default:
		return nil
	}
	addXattrs(n, e.Xattrs)
	return n
}

// addXattrs sets the extended attributes that a node can have.
func addXattrs(n *tree.Node, list []apk.Xattr) {
	for _, x := range list {
		if !takesXattr(n, x) {
			continue
		}
		if n.Xattrs == nil {
			n.Xattrs = map[string]string{}
		}
		n.Xattrs[x.Name] = x.Value
	}
}

// takesXattr reports whether a node can have an extended attribute. apk tries
// none on symbolic links and opens the others for writing, which no directory
// can be; devices and fifos have no attributes of users (xattr(7)).
func takesXattr(n *tree.Node, x apk.Xattr) bool {
	switch n.Kind {
	case tree.File:
		return true
	case tree.Dir, tree.Symlink:
		return false
	}
	return !strings.HasPrefix(x.Name, "user.")
}

// losesXattrs reports whether apk notes in its database that it failed to set
// one.
func losesXattrs(n *tree.Node, list []apk.Xattr) bool {
	return n.Kind != tree.Symlink && slices.ContainsFunc(list, func(x apk.Xattr) bool { return !takesXattr(n, x) })
}

// temporaryName returns the name under which a file waits for the rest of its
// package: apk's own, which no package ships.
func temporaryName(p *installed, path string) string {
	sum := sha256.Sum256([]byte(p.Name + "\x00" + path))
	dir, _ := split(path)
	return join(dir, ".apk."+hex.EncodeToString(sum[:24]))
}

// xattrsChecksum returns the checksum by which the database knows extended
// attributes: names and values by name, each after its length in four bytes.
func xattrsChecksum(list []apk.Xattr) apk.Checksum {
	if len(list) == 0 {
		return apk.Checksum{}
	}
	var b []byte
	for _, x := range list {
		for _, s := range []string{x.Name, x.Value} {
			b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
			b = append(b, s...)
		}
	}
	return sha1.Sum(b)
}
