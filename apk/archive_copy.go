package apk

import (
	"context"
	"io"
)

// Copy writes the whole package file to w, signatures included, and returns
// its length in bytes. Nothing is verified by that; who knows a digest of the
// file hashes it on the way. Errors are those of w, or of reading the file.
func (a *Archive) Copy(ctx context.Context, w io.Writer) (int64, error) {
	f, err := a.open()
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return io.Copy(w, &contextReader{ctx, io.NewSectionReader(f, 0, a.size)})
}
