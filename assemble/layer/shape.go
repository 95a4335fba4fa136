package layer

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"slices"

	"github.com/mkimage/mkimage/assemble/tree"
)

// shape hashes all that decides the bytes of a run but the content of files,
// which the digest of the package's data stands for: what header makes a header
// of, and which entry of the data each content is.
type shape struct {
	hash hash.Hash
	buf  []byte
}

// newShape begins the shape of a run of a package, or with zero data of what
// is no package's.
func newShape(data [sha256.Size]byte, c Compression) *shape {
	s := &shape{hash: sha256.New()}
	s.buf = binary.AppendUvarint(append(s.buf, "mkimage run\x00"...), Version)
	s.buf = append(s.buf, data[:]...)
	s.text(c.String())
	return s
}

// add takes in an entry.
func (s *shape) add(e entry) {
	n := e.node
	s.text(e.path)
	s.text(e.link)
	for _, v := range []int64{
		int64(n.Kind), int64(n.Mode), int64(n.UID), int64(n.GID), n.ModTime, int64(n.Source.Entry), n.Major, n.Minor, n.Size(),
	} {
		s.buf = binary.AppendVarint(s.buf, v)
	}
	s.text(n.Target)
	s.buf = binary.AppendUvarint(s.buf, uint64(len(n.Xattrs)))
	if len(n.Xattrs) > 0 {
		for _, name := range slices.Sorted(maps.Keys(n.Xattrs)) {
			s.text(name)
			s.text(n.Xattrs[name])
		}
	}
	const enough = 32 << 10
	if len(s.buf) > enough {
		s.flush()
	}
}

func (s *shape) text(v string) {
	s.buf = binary.AppendUvarint(s.buf, uint64(len(v)))
	s.buf = append(s.buf, v...)
}

func (s *shape) flush() {
	s.hash.Write(s.buf)
	s.buf = s.buf[:0]
}

// key returns the shape's digest.
func (s *shape) key() runKey {
	s.flush()
	return runKey(s.hash.Sum(nil))
}

// runKey names a run by all that decides its bytes.
type runKey [sha256.Size]byte

// keyOf returns the key of a package's run.
func keyOf(data [sha256.Size]byte, c Compression, run []entry) runKey {
	s := newShape(data, c)
	for _, e := range run {
		s.add(e)
	}
	return s.key()
}

// keyOfDirectories returns the key of the run of directories.
func keyOfDirectories(run []entry, c Compression, epoch int64) runKey {
	s := newShape(runKey{}, c)
	s.buf = binary.AppendVarint(s.buf, epoch)
	for _, e := range run {
		s.add(entry{path: e.path, node: &tree.Node{Kind: tree.Dir, Mode: e.node.Mode, UID: e.node.UID, GID: e.node.GID, Xattrs: e.node.Xattrs}})
	}
	return s.key()
}
