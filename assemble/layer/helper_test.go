package layer_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/assemble/tree"
)

// pkg is a package whose entries have these contents.
type pkg struct {
	contents []string
	walks    int
	fails    error // after the last entry
}

func (p *pkg) DataDigest() [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Join(p.contents, "\x00")))
}

func (p *pkg) Walk(_ context.Context, do func(int, io.Reader) error) error {
	p.walks++
	for i, content := range p.contents {
		if err := do(i, strings.NewReader(content)); err != nil {
			return err
		}
	}
	return p.fails
}

// shipped is the content of a package's file. It cannot be opened: a layer
// takes it from the package as it comes by.
type shipped int64

func (s shipped) Size() int64                { return int64(s) }
func (shipped) Open() (io.ReadCloser, error) { return nil, errors.New("opened out of turn") }

// builder makes a tree for a test.
type builder struct {
	t    testing.TB
	tree *tree.Tree
}

func newBuilder(t testing.TB) *builder { return &builder{t, tree.New()} }

// add puts a node at path, and directories above it.
func (b *builder) add(path string, n *tree.Node) *tree.Node {
	b.t.Helper()
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		if _, err := b.tree.MkdirAll(path[:i], 0o755); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := b.tree.Add(path, n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

// file adds a generated file.
func (b *builder) file(path, content string) *tree.Node {
	b.t.Helper()
	return b.add(path, &tree.Node{Kind: tree.File, Mode: 0o644, Content: tree.Bytes(content)})
}

// ship adds a file that is entry number entry of a package.
func (b *builder) ship(path string, number, entry int, content string) *tree.Node {
	b.t.Helper()
	return b.add(path, &tree.Node{
		Kind: tree.File, Mode: 0o755, ModTime: int64(1_000_000 + entry),
		Content: shipped(len(content)), Source: tree.Source{Package: number, Entry: entry},
	})
}

func (b *builder) link(old, path string) {
	b.t.Helper()
	if err := b.tree.Link(old, path); err != nil {
		b.t.Fatal(err)
	}
}

const epoch = 1_700_000_000

// write writes the tree and returns the layer.
func (b *builder) write(packages ...layer.Package) ([]byte, layer.Info) {
	b.t.Helper()
	return b.writeWith(layer.Options{Packages: packages, Epoch: epoch})
}

func (b *builder) writeWith(o layer.Options) ([]byte, layer.Info) {
	b.t.Helper()
	var out bytes.Buffer
	info, err := layer.Write(context.Background(), &out, b.tree, o)
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Bytes(), info
}

// members splits a gzip stream and unpacks each member.
func members(t testing.TB, stream []byte) (packed, unpacked [][]byte) {
	t.Helper()
	r := bytes.NewReader(stream)
	zr, err := gzip.NewReader(r)
	for ; err == nil; err = zr.Reset(r) {
		zr.Multistream(false)
		content, err := io.ReadAll(zr)
		if err != nil {
			t.Fatal(err)
		}
		end := len(stream) - r.Len()
		packed = append(packed, stream[sum(packed):end])
		unpacked = append(unpacked, content)
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return packed, unpacked
}

func sum(pieces [][]byte) (n int) {
	for _, p := range pieces {
		n += len(p)
	}
	return n
}

// listing describes every entry of a layer in a line, as Go's tar reads it.
func listing(t testing.TB, stream []byte) []string {
	t.Helper()
	zr, err := gzip.NewReader(bytes.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	tr := tar.NewReader(zr)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%c %04o %d:%d %d %s", h.Typeflag, h.Mode, h.Uid, h.Gid, h.ModTime.Unix(), h.Name)
		if h.Linkname != "" {
			line += " -> " + h.Linkname
		}
		if h.Typeflag == tar.TypeChar || h.Typeflag == tar.TypeBlock {
			line += fmt.Sprintf(" %d,%d", h.Devmajor, h.Devminor)
		}
		if len(content) > 0 {
			line += fmt.Sprintf(" %q", content)
		}
		for _, xattr := range []string{"security.capability", "user.b", "user.a"} {
			if value, ok := h.PAXRecords["SCHILY.xattr."+xattr]; ok {
				line += fmt.Sprintf(" %s=%q", xattr, value)
			}
		}
		if h.Format&tar.FormatPAX != 0 {
			line += " (PAX)"
		}
		lines = append(lines, line)
	}
	if rest, err := io.ReadAll(zr); err != nil || len(rest) > 0 {
		t.Fatalf("%d bytes follow the archive, error %v", len(rest), err)
	}
	return lines
}

func compare(t *testing.T, got, want []string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got:\n%s\n\nwant:\n%s", g, w)
	}
}
