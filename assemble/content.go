package assemble

import (
	"context"
	"io"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble/tree"
)

// What is kept of packages whose files scripts read, in bytes: a file of at
// most maxKept is small, all of them take at most maxKeptSum, however many
// packages there are.
const (
	maxKept    = 64 << 10
	maxKeptSum = 8 << 20
)

// contents gives out the files of packages. A package is a stream, so reading
// a file means to unpack all before it; the small files of one that is read
// are therefore kept, and a script that reads each of a folder's files unpacks
// the package once.
type contents struct {
	ctx  context.Context // of the build, since tree.Content has none
	kept []keptFiles     // the oldest first
	sum  int64
}

// keptFiles are small files of one package, by entry.
type keptFiles struct {
	archive *apk.Archive
	files   map[int][]byte
	sum     int64
}

func newContents(ctx context.Context) *contents { return &contents{ctx: ctx} }

// of returns the content of an entry, which must not change any more.
func (c *contents) of(a *apk.Archive, e *apk.Entry) tree.Content {
	return &entryContent{contents: c, archive: a, entry: e}
}

// entryContent is the content of one entry of a package, verified as it is
// read.
type entryContent struct {
	contents *contents
	archive  *apk.Archive
	entry    *apk.Entry
}

// Size returns the number of bytes.
func (c *entryContent) Size() int64 { return c.entry.Size }

// Open returns a reader of the content.
func (c *entryContent) Open() (io.ReadCloser, error) {
	if c.entry.Size > maxKept {
		return c.archive.OpenEntry(c.contents.ctx, c.entry)
	}
	files, err := c.contents.small(c.archive)
	if err != nil {
		return nil, err
	}
	if b, ok := files[c.entry.Index]; ok {
		return tree.Bytes(b).Open()
	}
	return c.archive.OpenEntry(c.contents.ctx, c.entry)
}

// small returns the small files of a package, as many as may be kept.
func (c *contents) small(a *apk.Archive) (map[int][]byte, error) {
	for _, k := range c.kept {
		if k.archive == a {
			return k.files, nil
		}
	}
	k := keptFiles{archive: a, files: map[int][]byte{}}
	err := a.Walk(c.ctx, func(e *apk.Entry, content io.Reader) error {
		if e.Kind != apk.Regular || e.Size > maxKept || k.sum+e.Size > maxKeptSum {
			return nil
		}
		b, err := io.ReadAll(content)
		k.files[e.Index] = b
		k.sum += e.Size
		return err
	})
	if err != nil {
		return nil, err
	}
	for len(c.kept) > 0 && c.sum+k.sum > maxKeptSum {
		c.sum -= c.kept[0].sum
		c.kept = c.kept[1:]
	}
	c.kept = append(c.kept, k)
	c.sum += k.sum
	return k.files, nil
}
