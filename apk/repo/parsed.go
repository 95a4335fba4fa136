package repo

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/cache"
)

// readIndex verifies a signed index and reads it, or opens the parsed form that
// the cache has of it. The signature is verified either way, by the keys that
// are trusted now: the parsed form only saves the parsing.
func (c *Client) readIndex(digest [sha256.Size]byte, file []byte) (*apk.Index, error) {
	if c.CacheDir == "" {
		return apk.ReadIndex(bytes.NewReader(file), c.Keys)
	}
	folder := cache.Folder{Dir: c.CacheDir}
	name := parsedFile(digest)
	if x := openParsed(folder, name); x != nil {
		if err := apk.VerifyIndex(file, c.Keys); err != nil {
			return nil, err
		}
		return x, nil
	}
	x, err := apk.ReadIndex(bytes.NewReader(file), c.Keys)
	if err != nil {
		return nil, err
	}
	storeParsed(folder, name, x)
	return x, nil
}

// parsedFile returns the entry of an index's parsed form: what apk.Index.Encode
// writes, and the CRC-32C of that. The number changes with the meaning.
func parsedFile(digest [sha256.Size]byte) string { return fmt.Sprintf("%x.parsed-1", digest) }

// openParsed opens a parsed form; nil where there is none, or it is damaged.
func openParsed(folder cache.Folder, name string) *apk.Index {
	f, err := folder.Open(cache.Indexes, name)
	if err != nil {
		return nil
	}
	// The index reads packages from the file as long as it is used, and that is
	// up to the garbage collector, which then closes it.
	x, err := readParsed(f)
	if err != nil {
		f.Close()
		return nil
	}
	return x
}

func readParsed(f *os.File) (*apk.Index, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size() - crc32.Size
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, size)); err != nil {
		return nil, err
	}
	trailer := make([]byte, crc32.Size)
	if _, err := f.ReadAt(trailer, max(size, 0)); err != nil {
		return nil, err
	}
	if !bytes.Equal(sum.Sum(nil), trailer) {
		return nil, apk.ErrDamaged
	}
	return apk.OpenIndex(f, size)
}

// storeParsed keeps a parsed form. A folder's index needs no cache, so where it
// cannot be kept it will be parsed anew.
func storeParsed(folder cache.Folder, name string, x *apk.Index) {
	t, err := folder.Create(cache.Indexes, name)
	if err != nil {
		return
	}
	defer t.Discard()
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	w := bufio.NewWriterSize(t, 256<<10)
	if x.Encode(io.MultiWriter(w, sum)) != nil {
		return
	}
	if _, err := w.Write(sum.Sum(nil)); err == nil && w.Flush() == nil {
		t.Commit()
	}
}
