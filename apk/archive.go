package apk

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
)

// Archive is a package file whose control section has been read and verified.
// The file stays on disk: nothing of its data section is kept in memory, and
// the file is opened anew for every use, so there is nothing to close. It must
// stay where it is as long as the Archive is used; a file that is changed
// meanwhile is noticed, because every reading of the data verifies it.
//
// The format (apk-v2(5)): concatenated gzip members, first any number of
// members with signatures, then the control section, then the data section
// and nothing after it. The chain of trust has no gap:
//
//   - an index vouches for the control section by its SHA-1 (OpenArchive), or
//     the file's own signature does (OpenSignedArchive);
//   - .PKGINFO, inside the control section, vouches for the data section by
//     its SHA-256 as compressed;
//   - the data section states every file's SHA-1, and each is verified.
type Archive struct {
	// Package is the index entry that vouches for the file or, without an
	// index, what .PKGINFO says with Checksum and Size filled in.
	Package *Package
	// Info is the content of .PKGINFO.
	Info *Info
	// Scripts are the package's scripts by kind. A kind that is absent has no
	// script; an empty script is present.
	Scripts map[ScriptKind][]byte

	open func() (archiveFile, error)
	data int64 // offset of the data section in the file
	size int64 // of the file
}

// archiveFile is an opened package file.
type archiveFile interface {
	io.ReaderAt
	io.Closer
}

// ArchiveError says what is wrong with a package file. Callers that know more
// about where the file comes from report Err in their own words.
type ArchiveError struct {
	Name string // package and version where known, else the file's path
	Err  error
}

// Error names the package and the reason.
func (e *ArchiveError) Error() string {
	return fmt.Sprintf("cannot read package %s: %v", e.Name, e.Err)
}

// Unwrap returns the reason.
func (e *ArchiveError) Unwrap() error { return e.Err }

// OpenArchive reads the control section of the package file at path and
// verifies that it is the one that entry, of a verified index, describes:
// SHA-1 of the control section, size of the file, name and version. The file's
// own signature adds nothing to that and is not looked at. Errors are
// *ArchiveError or those of opening the file.
func OpenArchive(path string, entry *Package) (*Archive, error) {
	return openArchive(path, entry.String(), func(f io.ReaderAt, size int64) (*Archive, error) {
		return readVouched(f, size, entry)
	})
}

// OpenSignedArchive reads the control section of the package file at path,
// for which no index vouches, and verifies its signature by one of the keys.
// Errors are *ArchiveError or those of opening the file.
func OpenSignedArchive(path string, keys Keys) (*Archive, error) {
	return openArchive(path, path, func(f io.ReaderAt, size int64) (*Archive, error) {
		return readSigned(f, size, keys)
	})
}

func openArchive(path, name string, read func(io.ReaderAt, int64) (*Archive, error)) (*Archive, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &ArchiveError{name, fmt.Errorf("%s is not a regular file", path)}
	}
	open := func() (archiveFile, error) { return os.Open(path) }
	f, err := open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a, err := read(f, info.Size())
	if err != nil {
		return nil, &ArchiveError{name, err}
	}
	a.open = open
	return a, nil
}

// readVouched reads a package file for which an index entry vouches.
func readVouched(src io.ReaderAt, size int64, entry *Package) (*Archive, error) {
	if entry.Size != 0 && size != entry.Size {
		return nil, fmt.Errorf("the file has %d bytes, expected are %d", size, entry.Size)
	}
	c, err := readControl(src, size)
	if err != nil {
		return nil, err
	}
	if sum := Checksum(sha1.Sum(c.raw)); sum != entry.Checksum {
		return nil, fmt.Errorf("its control section has the checksum %s, expected is %s", sum, entry.Checksum)
	}
	a, err := c.archive(size)
	if err != nil {
		return nil, err
	}
	if a.Info.Name != entry.Name || a.Info.Version != entry.Version {
		return nil, fmt.Errorf(".PKGINFO says that it is %s, expected is %s", a.Info.String(), entry)
	}
	a.Package = entry
	return a, nil
}

// readSigned reads a package file whose own signature vouches for it.
func readSigned(src io.ReaderAt, size int64, keys Keys) (*Archive, error) {
	c, err := readControl(src, size)
	if err != nil {
		return nil, err
	}
	if _, err := keys.Verify(c.signatures, c.digest); err != nil {
		return nil, err
	}
	a, err := c.archive(size)
	if err != nil {
		return nil, err
	}
	p := a.Info.Package
	p.Checksum, p.Size = sha1.Sum(c.raw), size
	a.Package = &p
	return a, nil
}

// VerifyData verifies the data section's SHA-256 without unpacking it. Walk
// does so too, after the fact.
func (a *Archive) VerifyData(ctx context.Context) error {
	f, err := a.open()
	if err != nil {
		return err
	}
	defer f.Close()
	hash := sha256.New()
	buf := make([]byte, 64<<10)
	if _, err := io.CopyBuffer(hash, a.section(ctx, f), buf); err != nil {
		return a.fault(err)
	}
	return a.fault(a.checkData(hash.Sum(nil)))
}

// section returns the compressed data section.
func (a *Archive) section(ctx context.Context, f archiveFile) io.Reader {
	return &contextReader{ctx, io.NewSectionReader(f, a.data, a.size-a.data)}
}

func (a *Archive) checkData(sum []byte) error {
	if !bytes.Equal(sum, a.Info.DataHash[:]) {
		return fmt.Errorf("its data section has the SHA-256 %x where .PKGINFO says %x", sum, a.Info.DataHash)
	}
	return nil
}

// fault names the package in an error about the file; nil and an ended
// context pass as they are.
func (a *Archive) fault(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &ArchiveError{a.Package.String(), err}
}

// contextReader ends with the context's error once that is done. It hides
// other methods of the reader, so that no copy goes past it.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *contextReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}
