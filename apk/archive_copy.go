package apk

import (
	"context"
	"io"
)

// Copy writes the whole package file to w, signatures included. Nothing is
// verified by that, see Digest. Errors are those of w, or of reading the file.
func (a *Archive) Copy(ctx context.Context, w io.Writer) error {
	f, err := a.open()
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, &contextReader{ctx, io.NewSectionReader(f, 0, a.size)})
	return err
}

// Size returns the length of the package file in bytes.
func (a *Archive) Size() int64 { return a.size }
