package apk

import (
	"bytes"
	"crypto/sha256"
)

// memoryFile is a package file that was never on disk.
type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

// ReadUnverified reads a package file whose control section nothing vouches
// for, so that a fuzzer gets past the checksums.
func ReadUnverified(file []byte) (*Archive, error) {
	c, err := readControl(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	a, err := c.archive(int64(len(file)))
	if err != nil {
		return nil, err
	}
	a.Package = &a.Info.Package
	a.open = func() (archiveFile, error) { return memoryFile{bytes.NewReader(file)}, nil }
	return a, nil
}

// DataArchive returns an archive with nothing but a data section, which
// .PKGINFO vouches for.
func DataArchive(data []byte) *Archive {
	return &Archive{
		Package: &Package{Name: "fuzz", Version: "1"},
		Info:    &Info{DataHash: sha256.Sum256(data)},
		size:    int64(len(data)),
		open:    func() (archiveFile, error) { return memoryFile{bytes.NewReader(data)}, nil },
	}
}
