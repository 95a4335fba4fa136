package layer_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/internal/cache"
)

func TestParseCompression(t *testing.T) {
	for text, want := range map[string]string{
		"gzip": "gzip:6", "gzip:6": "gzip:6", "gzip:1": "gzip:1", "gzip:9": "gzip:9",
		"zstd": "zstd:3", "zstd:1": "zstd:1", "zstd:3": "zstd:3", "zstd:7": "zstd:7", "zstd:11": "zstd:11",
	} {
		c, err := layer.ParseCompression(text)
		if err != nil || c.String() != want {
			t.Errorf("%s is %s, %v; want %s", text, c, err, want)
		}
		if again, err := layer.ParseCompression(c.String()); err != nil || again != c {
			t.Errorf("%s is %s, %v when it is read again", c, again, err)
		}
		if c.IsDefault() != (want == "gzip:6") {
			t.Errorf("%s is the default: %t", c, c.IsDefault())
		}
	}
	for _, text := range []string{"", "gz", "gzip:", "gzip:0", "gzip:10", "gzip:06", "gzip:+6", "gzip:6:6", "zstd:2", "zstd:22", "zstd:-1", "none", "Zstd"} {
		if c, err := layer.ParseCompression(text); err == nil {
			t.Errorf("%q is %s", text, c)
		}
	}
}

// TestCompressions: each way gives the same tar stream, and the same bytes with
// any number of workers and from runs that are kept.
func TestCompressions(t *testing.T) {
	b, packages := everything(t)
	b.file("large", string(bytes.Repeat([]byte("some text that repeats, "), 100_000)))
	plain, _ := b.writeWith(layer.Options{Packages: packages, Epoch: epoch})
	want := unpack(t, plain)
	for text, digest := range pinnedCompressions() {
		c, err := layer.ParseCompression(text)
		if err != nil {
			t.Fatal(err)
		}
		o := layer.Options{Packages: packages, Epoch: epoch, Compression: c}
		got, info := b.writeWith(o)
		if !bytes.Equal(unpack(t, got), want) {
			t.Errorf("%s: the tar stream is another", text)
		}
		if info.Compression != c {
			t.Errorf("%s: it says %s", text, info.Compression)
		}
		if sum := fmt.Sprintf("%x", sha256.Sum256(got)); sum != digest {
			t.Errorf("%s: the digest is %s, pinned %s: a change of the encoding", text, sum, digest)
		}
		o.Workers = 1
		if alone, _ := b.writeWith(o); !bytes.Equal(alone, got) {
			t.Errorf("%s: one worker gives other bytes", text)
		}
		folder := cache.Folder{Dir: t.TempDir()}
		for range 2 { // to make the runs, and to take them from the cache
			runs := layer.NewRuns(folder, t.TempDir(), c, 3)
			blob, err := runs.Assemble(t.Context(), b.tree, o)
			if err != nil {
				t.Fatal(err)
			}
			r, err := blob.Open()
			if err != nil {
				t.Fatal(err)
			}
			if kept, err := io.ReadAll(r); err != nil || !bytes.Equal(kept, got) || blob.Info != info {
				t.Errorf("%s: runs that are kept give other bytes: %v, %+v", text, err, blob.Info)
			}
			runs.Close()
		}
	}
}

// pinnedCompressions are digests of one layer.
func pinnedCompressions() map[string]string {
	return map[string]string{
		"gzip:1":  "aa224ff266884e5a9da47187e1163a83e2c0a107bd054f008552eebd66ccb1d6",
		"gzip:9":  "df6167b3d319ed762f4e10e3cca0e8477406a54d8be4ab213ada39e199d283a8",
		"zstd:1":  "856b24ee97bcf66a88ea9831d190ba26a8e7b7d052d132a090f0c6ce30c65a7a",
		"zstd:3":  "6fe35c0b30ed043373c09a3bd14272ca72f80ff8cabdaea0d6acff1093b976f6",
		"zstd:7":  "05baf11c3df366d06a77a54ecacea7e094569228a2fc9e10f11eabd730bc6cc4",
		"zstd:11": "f92b340157921038ea22a989b66e3dfe1302b7beeaa4ed5e7d23a3fc38681178",
	}
}

// TestOneCache: runs of different compressions do not mix in a cache.
func TestOneCache(t *testing.T) {
	b, packages := everything(t)
	folder := cache.Folder{Dir: t.TempDir()}
	for _, text := range []string{"gzip", "zstd", "gzip:9", "gzip", "zstd:1", "zstd"} {
		c, err := layer.ParseCompression(text)
		if err != nil {
			t.Fatal(err)
		}
		o := layer.Options{Packages: packages, Epoch: epoch, Compression: c}
		_, want := b.writeWith(o)
		runs := layer.NewRuns(folder, t.TempDir(), c, 2)
		blob, err := runs.Assemble(t.Context(), b.tree, o)
		runs.Close()
		if err != nil || blob.Info != want {
			t.Errorf("%s: %v, %+v; want %+v", text, err, blob, want)
		}
	}
}

// unpack unpacks gzip or zstd.
func unpack(t *testing.T, b []byte) []byte {
	t.Helper()
	var r io.Reader
	var err error
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		r, err = gzip.NewReader(bytes.NewReader(b))
	} else {
		r, err = zstd.NewReader(bytes.NewReader(b))
	}
	if err == nil {
		b, err = io.ReadAll(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}
