package apk

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/gzip"
)

// How much a data section may unpack to. Packagers estimate InstalledSize with
// du(1), which is below the contents' size for files with holes and on file
// systems that compress; headers come on top. What is beyond this is no
// package but a bomb.
const (
	unpackedFactor = 4
	unpackedBase   = 256 << 20
	maxEntries     = 1 << 20
)

// Walk calls do for each entry of the data section, in order, with the content
// of regular files. Entries that apk passes over, those whose path starts with
// a dot, are left out. A name may come more than once, and a file's folder may
// be missing; what that means is up to the caller.
//
// The content can be read during the call only; what do leaves unread is
// skipped. Each content is verified against its entry's Checksum when it ends,
// and the whole section against .PKGINFO when the last entry was read, so
// nothing is to be believed before Walk returns nil.
//
// Errors of do are returned as they are and end the walk, others are
// *ArchiveError, the context's or those of opening the file.
func (a *Archive) Walk(ctx context.Context, do func(e *Entry, content io.Reader) error) error {
	d, err := a.openData(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		e, err := d.next()
		if err == io.EOF {
			return a.fault(d.finish())
		}
		if err != nil {
			return a.fault(err)
		}
		content := newContentReader(d.tar, e)
		if err := do(e, content); err != nil {
			if content.err != nil && content.err != io.EOF && errors.Is(err, content.err) {
				return a.fault(content.err)
			}
			return err
		}
		if _, err := io.Copy(io.Discard, content); err != nil {
			return a.fault(err)
		}
	}
}

// Entries returns all entries of the data section, verified as by Walk.
func (a *Archive) Entries(ctx context.Context) ([]Entry, error) {
	var entries []Entry
	err := a.Walk(ctx, func(e *Entry, _ io.Reader) error {
		entries = append(entries, *e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// OpenEntry returns the content of an entry that Walk has seen. All before it
// is unpacked again, so it suits the few files that are needed out of turn.
// The content is verified against e.Checksum when it ends. The caller closes
// the reader.
func (a *Archive) OpenEntry(ctx context.Context, e *Entry) (io.ReadCloser, error) {
	if e.Kind != Regular {
		return nil, a.fault(fmt.Errorf("internal error: the content of the %s %s is asked for", e.Kind, e.Name))
	}
	d, err := a.openData(ctx)
	if err != nil {
		return nil, err
	}
	for {
		found, err := d.next()
		if err == io.EOF || err == nil && found.Index > e.Index {
			err = fmt.Errorf("%s is not where it was: the file was changed during the build", e.Name)
		}
		if err != nil {
			d.Close()
			return nil, a.fault(err)
		}
		if found.Index == e.Index && found.Name == e.Name && found.Size == e.Size {
			return &entryReader{a, newContentReader(d.tar, e), d}, nil
		}
	}
}

// dataReader unpacks and verifies a data section.
type dataReader struct {
	archive *Archive
	file    archiveFile
	hash    hash.Hash // of the compressed section
	in      *bufio.Reader
	gzip    *gzip.Reader
	limit   *limitReader
	tar     *tar.Reader
	index   int
}

func (a *Archive) openData(ctx context.Context) (*dataReader, error) {
	f, err := a.open()
	if err != nil {
		return nil, err
	}
	d := &dataReader{archive: a, file: f, hash: sha256.New()}
	d.in = bufio.NewReaderSize(io.TeeReader(a.section(ctx, f), d.hash), 64<<10)
	if d.gzip, err = gzip.NewReader(d.in); err != nil {
		f.Close()
		return nil, a.fault(dataFault(err))
	}
	d.gzip.Multistream(false)
	d.limit = &limitReader{d.gzip, a.unpackedLimit()}
	d.tar = tar.NewReader(d.limit)
	return d, nil
}

// unpackedLimit returns the most bytes that the data section may unpack to.
func (a *Archive) unpackedLimit() int64 {
	const most = 1 << 60
	return unpackedBase + unpackedFactor*min(max(a.Package.InstalledSize, 0), most/unpackedFactor)
}

// next returns the next entry that is not passed over, io.EOF at the end.
func (d *dataReader) next() (*Entry, error) {
	for {
		h, err := d.tar.Next()
		if err == io.EOF {
			return nil, io.EOF
		}
		if err != nil {
			return nil, dataFault(err)
		}
		if d.index == maxEntries {
			return nil, fmt.Errorf("it has more than %d entries", maxEntries)
		}
		e, err := newEntry(d.index, h)
		if err != nil {
			return nil, fmt.Errorf("its entry %q %w", h.Name, err)
		}
		d.index++
		if e == nil {
			continue
		}
		if e.Size > d.limit.left {
			return nil, fmt.Errorf("its file %s has %d bytes: %w", e.Name, e.Size, errUnpacked)
		}
		return e, nil
	}
}

// finish verifies that nothing but zeros and the end of the one gzip member
// follow the last entry, and the section's SHA-256.
func (d *dataReader) finish() error {
	const block = 512
	buf := make([]byte, 8*block)
	for {
		n, err := d.limit.Read(buf)
		for _, b := range buf[:n] {
			if b != 0 {
				return errors.New("its data section has something after the last entry")
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return dataFault(err)
		}
	}
	if (d.archive.unpackedLimit()-d.limit.left)%block != 0 {
		return dataFault(io.ErrUnexpectedEOF)
	}
	if _, err := d.in.ReadByte(); err == nil {
		return errors.New("it has something after its data section")
	} else if err != io.EOF {
		return err
	}
	return d.archive.checkData(d.hash.Sum(nil))
}

// Close closes the package file.
func (d *dataReader) Close() error { return d.file.Close() }

// dataFault says that the data section cannot be unpacked; limits and ended
// contexts speak for themselves.
func dataFault(err error) error {
	if errors.Is(err, errUnpacked) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("its data section is damaged: %w", noEOF(err))
}

// errUnpacked is the error for a data section that unpacks to too much.
var errUnpacked = fmt.Errorf("the package unpacks to more than %d times its installed size and %d MB, which no honest one does",
	unpackedFactor, unpackedBase>>20)

// limitReader fails when more than left bytes are read.
type limitReader struct {
	r    io.Reader
	left int64
}

func (l *limitReader) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	if l.left -= int64(n); l.left < 0 {
		return 0, errUnpacked
	}
	return n, err
}

// contentReader verifies an entry's content as it is read.
type contentReader struct {
	r     io.Reader
	entry *Entry
	hash  hash.Hash
	left  int64
	err   error // the fault that was found, sticky
}

// newContentReader returns the content of e, nothing for what has none.
func newContentReader(r io.Reader, e *Entry) *contentReader {
	c := &contentReader{r: r, entry: e, left: e.Size}
	if e.Kind == Regular {
		c.hash = sha1.New()
	}
	return c
}

func (c *contentReader) Read(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.hash == nil {
		return 0, io.EOF
	}
	n, err := c.r.Read(b)
	c.hash.Write(b[:n])
	c.left -= int64(n)
	switch {
	case err == io.EOF:
		c.err = c.verify()
		return n, c.err
	case err != nil:
		c.err = dataFault(err)
		return n, c.err
	}
	return n, nil
}

// verify returns io.EOF where the content is what it should be.
func (c *contentReader) verify() error {
	if sum := Checksum(c.hash.Sum(nil)); sum != c.entry.Checksum || c.left != 0 {
		return fmt.Errorf("its file %s has the SHA-1 %s where its entry says %s", c.entry.Name, sum.Hex(), c.entry.Checksum.Hex())
	}
	return io.EOF
}

// entryReader is the content of one entry and the file it is read from.
type entryReader struct {
	archive *Archive
	content *contentReader
	data    *dataReader
}

func (r *entryReader) Read(b []byte) (int, error) {
	n, err := r.content.Read(b)
	if err == io.EOF {
		return n, err
	}
	return n, r.archive.fault(err)
}

// Close closes the package file.
func (r *entryReader) Close() error { return r.data.Close() }
