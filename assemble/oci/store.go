package oci

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// maxArchiveEntries is the most files of an archive with a layout.
const maxArchiveEntries = 1 << 16

// folderStore is a layout in a folder, out of which no link leads.
type folderStore struct{ *os.Root }

func openFolder(dir string) (blobStore, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return folderStore{root}, nil
}

func (s folderStore) open(name string) (io.ReadCloser, int64, error) {
	f, err := s.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // not to wait for a pipe's writer
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s in it is not a regular file", name)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// archiveStore is a layout in a tar archive, of which it knows where each file
// lies.
type archiveStore struct {
	*os.File
	files map[string]extent
}

// extent is a range of bytes.
type extent struct{ offset, size int64 }

func openArchive(file string) (blobStore, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	s := &archiveStore{f, map[string]extent{}}
	if err := s.scan(); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

// scan takes note of the regular files. Of two with one name the later counts,
// as when an archive is unpacked. Between headers the archive is not read.
func (s *archiveStore) scan() error {
	if info, err := s.Stat(); err != nil {
		return err
	} else if !info.Mode().IsRegular() {
		return errors.New("it is neither a folder nor a regular file")
	}
	for r, n := tar.NewReader(s.File), 0; ; n++ {
		h, err := r.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil && n == 0:
			return fmt.Errorf("it is no tar archive: %w", err)
		case err != nil:
			return fmt.Errorf("the archive is damaged: %w", err)
		case n == maxArchiveEntries:
			return fmt.Errorf("the archive has more than %d entries", maxArchiveEntries)
		case h.Typeflag != tar.TypeReg:
			continue
		}
		// Next has read no further than the header.
		offset, err := s.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		s.files[path.Clean(h.Name)] = extent{offset, h.Size}
	}
}

func (s *archiveStore) open(name string) (io.ReadCloser, int64, error) {
	e, ok := s.files[name]
	if !ok {
		return nil, 0, fs.ErrNotExist
	}
	return io.NopCloser(io.NewSectionReader(s.File, e.offset, e.size)), e.size, nil
}

// verifier reads a blob and fails at its end unless it was what its descriptor
// says.
type verifier struct {
	content    io.ReadCloser
	descriptor v1.Descriptor
	hash       hash.Hash
	left       int64
}

func newVerifier(content io.ReadCloser, d v1.Descriptor) *verifier {
	return &verifier{content, d, sha256.New(), d.Size}
}

func (v *verifier) Read(b []byte) (int, error) {
	if v.left == 0 {
		if sum := hex.EncodeToString(v.hash.Sum(nil)); sum != v.descriptor.Digest.Hex {
			return 0, fmt.Errorf("blob %s is damaged: what is there has the SHA-256 %s", v.descriptor.Digest, sum)
		}
		return 0, io.EOF
	}
	n, err := v.content.Read(b[:min(int64(len(b)), v.left)])
	v.hash.Write(b[:n])
	v.left -= int64(n)
	if err == io.EOF {
		err = nil
		if v.left > 0 {
			err = fmt.Errorf("blob %s ends %d bytes before its end", v.descriptor.Digest, v.left)
		}
	}
	return n, err
}

func (v *verifier) Close() error { return v.content.Close() }
