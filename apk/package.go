// Package apk reads the formats of Alpine's package manager, version 2, as
// apk-tools 3.0.6 does: package files and what is in them (apk-v2(5),
// apk-package(5)), indexes of repositories, dependencies (apk-world(5)),
// versions, architectures and keys (apk-keys(5)).
//
//   - Nothing is believed that is not signed, or vouched for by something that
//     is: a key vouches for an index, an index for the control section of a
//     package, and that for the package's files.
//   - Parsers are strict: what apk itself would not write is refused, except
//     where real packages need leniency and apk has rules for it, such as
//     malformed versions.
//   - Every read and every decompression has a limit.
//   - Nothing is written, and no network is used.
package apk

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// Package is one package as an APKINDEX entry or a package file's own
// .PKGINFO describes it (apk-package(5), "index" and "metadata").
type Package struct {
	Name             string
	Version          string
	Arch             string   // Alpine's name, such as "x86_64", or "noarch"
	Checksum         Checksum // of the compressed control member (index field C)
	Size             int64    // of the package file, in bytes
	InstalledSize    int64    // of the unpacked files, in bytes
	Description      string
	URL              string
	License          string // SPDX expression, as the packager wrote it
	Origin           string // name of the source package
	Maintainer       string
	BuildTime        int64 // seconds since 1970
	Commit           string
	ProviderPriority int // chooses among unversioned providers; 0 is unset
	Depends          []Dependency
	Provides         []Dependency // Op is OpNone or OpEqual
	InstallIf        []Dependency

	// Uninstallable says why apk never installs the package although an
	// index lists it, such as a dependency that it cannot read. It is empty
	// for nearly every package.
	Uninstallable string
}

// String returns "name-version", the way apk names a package in messages and
// in file names.
func (p *Package) String() string { return p.Name + "-" + p.Version }

// FileName returns the package's file name inside its repository's folder.
func (p *Package) FileName() string { return p.String() + ".apk" }

// Checksum is the SHA-1 of a package's compressed control member, the
// identity by which apk refers to a package.
type Checksum [sha1.Size]byte

// String returns apk's form: "Q1" and the digest in standard base64.
func (c Checksum) String() string {
	return "Q1" + base64.StdEncoding.EncodeToString(c[:])
}

// Hex returns the digest in lower-case hexadecimal, as file names use it.
func (c Checksum) Hex() string { return hex.EncodeToString(c[:]) }

// IsZero reports whether no checksum is known.
func (c Checksum) IsZero() bool { return c == Checksum{} }

// ParseChecksum reads apk's form "Q1<base64>". Any other form is an error:
// one encoding is valid.
func ParseChecksum(s string) (Checksum, error) {
	var c Checksum
	b64, ok := strings.CutPrefix(s, "Q1")
	if !ok {
		return c, fmt.Errorf("checksum %q is not of the form Q1 and base64", s)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(b64)
	if err != nil || len(b) != len(c) {
		return c, fmt.Errorf("checksum %q is not 20 bytes of base64 after Q1", s)
	}
	copy(c[:], b)
	return c, nil
}
