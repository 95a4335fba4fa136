package layer

import (
	"archive/tar"
	"fmt"
	"math"
	"time"

	"github.com/mkimage/mkimage/assemble/tree"
)

// paxXattr is what the names of PAX records with extended attributes start
// with (star(5); the only form that container runtimes read).
const paxXattr = "SCHILY.xattr."

// header returns the tar header of an entry. Which form it takes is up to
// archive/tar: ustar wherever that can express it, else ustar after a PAX
// record of what it cannot. A hard link repeats the inode's owner, mode and
// attributes, because extractors apply them once more, and chown(2) drops
// capabilities.
func header(e entry, epoch int64) (*tar.Header, error) {
	n := e.node
	if n.UID < 0 || n.UID >= math.MaxUint32 || n.GID < 0 || n.GID >= math.MaxUint32 {
		return nil, fmt.Errorf("cannot write %s into the layer: no system can have its owner %d:%d", e.path, n.UID, n.GID)
	}
	h := &tar.Header{Name: e.path, Mode: int64(n.Mode & 0o7777), Uid: n.UID, Gid: n.GID, ModTime: time.Unix(epoch, 0)}
	if n.Source != (tree.Source{}) && n.Kind != tree.Dir {
		h.ModTime = time.Unix(n.ModTime, 0)
	}
	switch {
	case e.link != "":
		h.Typeflag, h.Linkname = tar.TypeLink, e.link
	case n.Kind == tree.Dir:
		h.Typeflag, h.Name = tar.TypeDir, e.path+"/"
	case n.Kind == tree.File:
		h.Typeflag, h.Size = tar.TypeReg, n.Size()
	case n.Kind == tree.Symlink:
		// Linux ignores a symlink's mode and shows 0777.
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, n.Target, 0o777
	case n.Kind == tree.Fifo:
		h.Typeflag = tar.TypeFifo
	case n.Kind == tree.CharDevice:
		h.Typeflag, h.Devmajor, h.Devminor = tar.TypeChar, n.Major, n.Minor
	case n.Kind == tree.BlockDevice:
		h.Typeflag, h.Devmajor, h.Devminor = tar.TypeBlock, n.Major, n.Minor
	default:
		return nil, fmt.Errorf("internal error: %s is of the unknown kind %d", e.path, n.Kind)
	}
	if len(n.Xattrs) > 0 {
		h.PAXRecords = make(map[string]string, len(n.Xattrs))
		for name, value := range n.Xattrs {
			h.PAXRecords[paxXattr+name] = value
		}
	}
	return h, nil
}
