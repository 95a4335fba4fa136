package compare

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// What a layer may hold. Beyond this it is no image but a bomb.
const (
	maxEntries = 1 << 20
	maxLayer   = 64 << 30
)

var errTooLarge = errors.New("it holds more than 64 GiB")

// entry is one entry of a layer.
type entry struct {
	header tar.Header
	sum    [sha256.Size]byte // of the content
}

// contents is what a layer holds.
type contents struct {
	layer   v1.Layer
	diffID  v1.Hash
	entries map[string]*entry // by clean path without a leading slash
	order   []string
}

// readLayer reads all of a layer. Of two entries of one name the later counts.
func readLayer(ctx context.Context, l v1.Layer) (*contents, error) {
	c := &contents{layer: l, entries: map[string]*entry{}}
	sum := sha256.New()
	buf := make([]byte, 64<<10)
	err := walk(ctx, l, sum, func(name string, h *tar.Header, content io.Reader) error {
		if len(c.order) == maxEntries {
			return fmt.Errorf("it has more than %d entries", maxEntries)
		}
		e := &entry{header: *h}
		hash := sha256.New()
		if _, err := io.CopyBuffer(hash, content, buf); err != nil {
			return err
		}
		hash.Sum(e.sum[:0])
		c.entries[name] = e
		c.order = append(c.order, name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.diffID = v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%x", sum.Sum(nil))}
	return c, nil
}

// walk calls do for each entry of a layer, and writes its tar stream to all.
func walk(ctx context.Context, l v1.Layer, all io.Writer, do func(name string, h *tar.Header, content io.Reader) error) error {
	unpacked, err := l.Uncompressed()
	if err != nil {
		return err
	}
	defer unpacked.Close()
	limited := &limitReader{r: &contextReader{ctx, unpacked}, left: maxLayer}
	stream := io.TeeReader(limited, all)
	for r := tar.NewReader(stream); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := do(strings.TrimPrefix(path.Clean("/"+h.Name), "/"), h, r); err != nil {
			return err
		}
	}
	// To the end, where the blob's digest is verified.
	_, err = io.Copy(io.Discard, stream)
	return err
}

// limitReader fails where a layer holds more than it may.
type limitReader struct {
	r    io.Reader
	left int64
}

func (l *limitReader) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLarge
	}
	n, err := l.r.Read(b[:min(int64(len(b)), l.left)])
	l.left -= int64(n)
	return n, err
}

// excerpts reads the beginnings of some of a layer's files.
func (c *contents) excerpts(ctx context.Context, names map[string]bool) (map[string][]byte, error) {
	found := map[string][]byte{}
	err := walk(ctx, c.layer, io.Discard, func(name string, h *tar.Header, content io.Reader) error {
		if !names[name] {
			return nil
		}
		limit := int64(maxExcerpt)
		if slices.Contains(databases(), name) {
			limit = maxDatabase
		}
		var err error
		found[name], err = io.ReadAll(io.LimitReader(content, limit))
		return err
	})
	return found, err
}

// xattrs returns an entry's extended attributes.
func (e *entry) xattrs() map[string]string {
	attributes := map[string]string{}
	maps.Copy(attributes, e.header.PAXRecords)
	maps.DeleteFunc(attributes, func(key, _ string) bool { return len(key) < len(paxXattr) || key[:len(paxXattr)] != paxXattr })
	return attributes
}

// paxXattr is what the names of PAX records with extended attributes start
// with.
const paxXattr = "SCHILY.xattr."
