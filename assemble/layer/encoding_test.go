package layer_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/assemble/tree"
)

// TestDocumented writes headers by what docs/layer.md says, without Go's tar
// writer, and compares the bytes.
func TestDocumented(t *testing.T) {
	b, packages := everything(t)
	name := func(n int) string { return strings.Repeat("n", n) }
	b.file("d/"+name(99), "100 bytes with the folder's")
	b.file("d/"+name(100), "divided")
	b.file("d/"+name(100)+"x", "too long to be divided")
	b.file("e/"+name(98)+"/"+name(90), "").Xattrs = map[string]string{"user.a": "could be divided"}
	b.file(name(150)+"/"+name(100), "just divided")
	b.file(name(156)+"/"+name(5), "prefix too long")
	b.add("long-link", &tree.Node{Kind: tree.Symlink, Target: name(101)})
	b.add("foreign-link", &tree.Node{Kind: tree.Symlink, Target: "größe"})
	b.add(strings.Repeat("größe", 20)+"/x", &tree.Node{Kind: tree.Fifo})
	b.file("ids", "").UID = 2_097_151
	b.file("ids2", "").UID = 2_097_152
	stream, _ := b.write(packages...)
	_, unpacked := members(t, stream)
	got := bytes.Join(unpacked, nil)
	want := encode(t, got)
	if !bytes.Equal(got, want) {
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				block := i / 512 * 512
				t.Fatalf("byte %d differs:\ngot  %q\nwant %q", i, got[block:block+512], want[block:block+512])
			}
		}
		t.Fatalf("%d bytes, want %d", len(got), len(want))
	}
}

// encode reads an archive and writes it anew.
func encode(t *testing.T, stream []byte) []byte {
	var out []byte
	r := tar.NewReader(bytes.NewReader(stream))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return append(out, make([]byte, 1024)...)
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		prefix, name := divided(h.Name)
		if records := records(h, prefix); records != nil {
			dir, base := path.Split(h.Name)
			extended := &tar.Header{Typeflag: 'x', Name: path.Join(dir, "PaxHeaders.0", base), Size: int64(len(records))}
			out = append(out, ustar(extended, "", fit(extended.Name))...)
			out = append(out, padded(records)...)
			prefix, name = "", fit(h.Name)
		}
		out = append(out, ustar(h, prefix, name)...)
		out = append(out, padded(content)...)
	}
}

// divided returns a name's prefix, if it needs and can have one, and the rest.
func divided(name string) (prefix, rest string) {
	if len(name) > 100 && isASCII(name) {
		for i := min(155, len(name)-2); i > 0; i-- {
			if name[i] == '/' {
				if len(name)-i-1 <= 100 {
					return name[:i], name[i+1:]
				}
				break
			}
		}
	}
	return "", name
}

// records returns the PAX records of a header, nil where it needs none.
func records(h *tar.Header, prefix string) []byte {
	m := map[string]string{}
	for key, value := range h.PAXRecords {
		if strings.HasPrefix(key, "SCHILY.xattr.") {
			m[key] = value
		}
	}
	for key, n := range map[string]int{"uid": h.Uid, "gid": h.Gid} {
		if n > 0o7777777 {
			m[key] = fmt.Sprint(n)
		}
	}
	if !isASCII(h.Linkname) || len(h.Linkname) > 100 {
		m["linkpath"] = h.Linkname
	}
	long := !isASCII(h.Name) || len(h.Name) > 100
	if long && (prefix == "" || len(m) > 0) {
		m["path"] = h.Name
	}
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var out []byte
	for _, key := range keys {
		rest := " " + key + "=" + m[key] + "\n"
		length := len(rest) + 1
		for length != len(fmt.Sprint(length))+len(rest) {
			length++
		}
		out = append(out, fmt.Sprint(length)+rest...)
	}
	return out
}

// ustar returns a header block.
func ustar(h *tar.Header, prefix, name string) []byte {
	b := make([]byte, 512)
	number := func(at, size, n int) {
		if n >= 1<<(3*(size-1)) {
			n = 0
		}
		copy(b[at:at+size], fmt.Sprintf("%0*o\x00", size-1, n))
	}
	copy(b[0:100], name)
	number(100, 8, int(h.Mode))
	number(108, 8, h.Uid)
	number(116, 8, h.Gid)
	number(124, 12, int(h.Size))
	if h.Typeflag == 'x' {
		number(136, 12, 0)
	} else {
		number(136, 12, int(h.ModTime.Unix()))
		number(329, 8, int(h.Devmajor))
		number(337, 8, int(h.Devminor))
	}
	copy(b[148:156], "        ")
	b[156] = h.Typeflag
	copy(b[157:257], fit(h.Linkname))
	copy(b[257:265], "ustar\x0000")
	copy(b[345:500], prefix)
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	copy(b[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return b
}

// fit is what of a name stands in a header after a PAX record.
func fit(name string) string {
	var s []byte
	for _, c := range []byte(name) {
		if c < 0x80 {
			s = append(s, c)
		}
	}
	if len(s) > 100 {
		s = bytes.TrimRight(s[:100], "/")
	}
	return string(s)
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// padded returns b and zeros up to a whole number of blocks.
func padded(b []byte) []byte {
	return append(b, make([]byte, (512-len(b)%512)%512)...)
}
