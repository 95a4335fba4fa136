// Package lock reads and writes lock files: what the packages of a spec came
// to, so that a later build takes the same without reading an index. It
// touches neither network nor disk.
//
// The format (docs/lock.md has an example) is one JSON object:
//
//	version    1
//	inputs     what was asked: repositories in their order, public keys by file
//	           name with the SHA-256 of the key (DER, SubjectPublicKeyInfo), and
//	           packages as apk-world(5) writes them, sorted by name, of each name
//	           the last
//	platforms  by OCI name (linux/arm64): arch, Alpine's name of it; indexes, by
//	           repository the SHA-256 of its index; packages, by name what is
//	           needed to fetch and verify one; install, the names in the order of
//	           installation
//
// A package has its version, its architecture and the checksum of its control
// section as the index says them, the repository that it comes from, the tag
// by which that may be used, and of its file the size in bytes, the SHA-256 and
// the SHA-256 of the data section.
//
// Rules:
//
//   - One encoding is valid: that of Format, but for white space between
//     values, which is free. What Parse accepts, Format writes back.
//   - Faults are reported with line and column, all at once as far as they do
//     not hide each other.
//   - A lock vouches for packages as an index does: who can change it decides
//     what a build takes.
package lock

import (
	"crypto/sha256"

	"github.com/mkimage/mkimage/apk"
)

// Version is that of the format.
const Version = 1

// MaxSize is the most bytes of a lock file.
const MaxSize = 16 << 20

// Lock is the content of a lock file.
type Lock struct {
	Inputs    Inputs
	Platforms []Platform // sorted by name
}

// Inputs are what the choice of packages depends on besides the indexes and the
// architecture.
type Inputs struct {
	Repositories []string         // "[@tag ]LOCATION", in the order of the spec
	Keys         []Key            // those that the spec trusts, sorted by name
	Packages     []apk.Dependency // see World
}

// Key is a public key.
type Key struct {
	Name   string            // of its file
	SHA256 [sha256.Size]byte // of its DER form, SubjectPublicKeyInfo (RFC 5280)
}

// Platform is what the inputs came to for one platform.
type Platform struct {
	Name     string    // as apk.Platform.String writes it
	Arch     string    // by Alpine's name
	Indexes  []Index   // of each location in Inputs.Repositories, sorted by location
	Packages []Package // in the order of installation
}

// Index is a repository's index as it was read.
type Index struct {
	Location string            // of the repository, without its tag
	SHA256   [sha256.Size]byte // of the file, signature included
}

// Package is a locked package.
type Package struct {
	Name       string
	Version    string
	Arch       string // as the index says; it may be empty
	Repository string // the location, without a tag
	Tag        string // by which the repository may be used; may be empty
	Size       int64  // of the file, in bytes
	Checksum   apk.Checksum
	DataHash   [sha256.Size]byte // of the compressed data section
	SHA256     [sha256.Size]byte // of the whole file
}

// Entry returns what is locked of a package in the form of an index's entry.
func (p *Package) Entry() *apk.Package {
	return &apk.Package{Name: p.Name, Version: p.Version, Arch: p.Arch, Checksum: p.Checksum, Size: p.Size}
}

// Platform returns the platform of that name, nil if it is not locked.
func (l *Lock) Platform(name string) *Platform {
	for i := range l.Platforms {
		if l.Platforms[i].Name == name {
			return &l.Platforms[i]
		}
	}
	return nil
}

// Package returns the package of that name, nil if it is not locked.
func (p *Platform) Package(name string) *Package {
	for i := range p.Packages {
		if p.Packages[i].Name == name {
			return &p.Packages[i]
		}
	}
	return nil
}
