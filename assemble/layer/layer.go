// Package layer writes a root filesystem as one image layer: a tar stream in
// gzip or zstd (OCI image-spec, layer.md). The same tree gives the same bytes on every
// machine. The encoding, which docs/layer.md spells out to the byte, has these
// rules:
//
//   - The stream is a sequence of runs: all directories; then, for each
//     package in the order of installation, what is still as the package
//     shipped it; then everything else and the end-of-archive marker. So a
//     package's run depends on nothing but the package and its entries' owners
//     and modes, and can be kept.
//   - Directories are in depth-first order, siblings sorted bytewise. A
//     package's entries are in the order of its archive, what is generated is
//     sorted as the directories are.
//   - The first name of an inode that is written is the file, all others are
//     hard links to it.
//   - A header has numeric owners and whole seconds. What came from a package
//     has the modification time that it has there; all else, and directories,
//     which several packages share, have the epoch that the caller gives.
//   - Each run is cut every BlockSize bytes, and each piece is a gzip member of
//     its own (RFC 1952, section 2.2: members simply follow one another), or a
//     zstd frame (RFC 8878, section 3: likewise).
//
// Writing streams: memory depends on the number of files and of workers, not
// on the files' size, and each package is unpacked once.
package layer

import (
	"context"
	"crypto/sha256"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mkimage/mkimage/assemble/tree"
)

// Version is the version of the encoding. It changes whenever the bytes of
// any layer do.
const Version = 1

// BlockSize is how many bytes of a run one member holds, but for the
// run's last.
const BlockSize = 512 << 10

// Package is an installed package's data.
type Package interface {
	// DataDigest identifies the data, such as by its SHA-256.
	DataDigest() [sha256.Size]byte
	// Walk calls do once for each entry of the package's data member, in
	// order, with the entry's position from 0 and its content, which can be
	// read during the call only; what is left unread is skipped. Entries that
	// were not installed may be left out. An error of do ends the walk and is
	// returned as it is.
	Walk(ctx context.Context, do func(entry int, content io.Reader) error) error
}

// Options say what a tree does not hold itself.
type Options struct {
	// Packages are the packages that tree.Source counts: Packages[0] is
	// number 1.
	Packages []Package
	// Epoch is the modification time of directories and of what no package
	// shipped, in seconds since 1970.
	Epoch int64
	// Compression is how the members are compressed.
	Compression Compression
	// Workers is how many members are compressed side by side; 0 is one for
	// each processor that Go uses, but at most 8. It has no influence on the
	// bytes.
	Workers int
}

// Info describes a written layer.
type Info struct {
	Digest           v1.Hash // SHA-256 of the layer as written
	Size             int64   // its length in bytes
	DiffID           v1.Hash // SHA-256 of the tar stream
	UncompressedSize int64   // its length in bytes
	Compression      Compression
}

// Write writes the tree t to w. On an error, which is the context's, that of
// w or a package as it is, or one that names a path of the tree, some of the
// layer may have been written.
func Write(ctx context.Context, w io.Writer, t *tree.Tree, o Options) (Info, error) {
	p, err := newPlan(t, len(o.Packages))
	if err != nil {
		return Info{}, err
	}
	e := NewEncoder(o.Compression, o.Workers)
	defer e.Close()
	sums := newSums()
	err = sums.writeTo(ctx, e, w, func(m *members) error { return p.write(ctx, m, o) })
	if err != nil {
		return Info{}, err
	}
	return sums.info(o.Compression), nil
}
