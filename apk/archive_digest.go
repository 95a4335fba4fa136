package apk

import (
	"context"
	"crypto/sha256"
	"io"
)

// Digest returns the SHA-256 of the whole package file, as bills of materials
// and locks state it. The data section is verified on the way. What an index
// vouches for leaves out the signatures at the file's start: a package that
// was signed anew has another Digest, but the same Checksum and DataHash.
func (a *Archive) Digest(ctx context.Context) ([sha256.Size]byte, error) {
	var sum [sha256.Size]byte
	f, err := a.open()
	if err != nil {
		return sum, err
	}
	defer f.Close()
	whole, data := sha256.New(), sha256.New()
	buf := make([]byte, 64<<10)
	start := &contextReader{ctx, io.NewSectionReader(f, 0, a.data)}
	if _, err := io.CopyBuffer(whole, start, buf); err != nil {
		return sum, a.fault(err)
	}
	if _, err := io.CopyBuffer(io.MultiWriter(whole, data), a.section(ctx, f), buf); err != nil {
		return sum, a.fault(err)
	}
	whole.Sum(sum[:0])
	return sum, a.fault(a.checkData(data.Sum(nil)))
}
