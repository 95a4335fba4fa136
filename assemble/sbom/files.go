package sbom

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/mkimage/mkimage/assemble/tree"
)

// Files returns the regular files of a tree that no package shipped as they
// are: programs and declared files, and what scripts or mkimage made or
// changed, in the order of a depth-first walk. Errors are the context's or
// those of reading a file's content.
func Files(ctx context.Context, t *tree.Tree) ([]File, error) {
	var list []File
	buf := make([]byte, 64<<10)
	err := t.Walk(func(path string, n *tree.Node) error {
		if n.Kind != tree.File || n.Source != (tree.Source{}) {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := hashFile(n, buf)
		if err != nil {
			return fmt.Errorf("cannot read the content of /%s: %w", path, err)
		}
		f.Path = "/" + path
		list = append(list, f)
		return nil
	})
	return list, err
}

func hashFile(n *tree.Node, buf []byte) (File, error) {
	content, err := n.Open()
	if err != nil {
		return File{}, err
	}
	defer content.Close()
	one, two := sha1.New(), sha256.New()
	if _, err := io.CopyBuffer(io.MultiWriter(one, two), content, buf); err != nil {
		return File{}, err
	}
	return File{SHA1: hex.EncodeToString(one.Sum(nil)), SHA256: hex.EncodeToString(two.Sum(nil))}, nil
}
