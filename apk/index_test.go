package apk_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
)

const (
	sumA = "Q1AAAAAAAAAAAAAAAAAAAAAAAAAAE="
	sumB = "Q1AAAAAAAAAAAAAAAAAAAAAAAAAAI="
)

func entry(name, version, sum, more string) string {
	return fmt.Sprintf("C:%s\nP:%s\nV:%s\n%s\n", sum, name, version, more)
}

func TestParseIndex(t *testing.T) {
	x, err := apk.ParseIndex([]byte(entry("a", "1-r0", sumA, strings.Join([]string{
		"A:x86_64", "S:7", "I:9", "T:about a", "U:https://a", "L:MIT", "o:origin-a", "m:M <m@a>", "t:1700000000", "c:abc", "k:3",
		"D:b>1 !c so:l", "p:d=2 e", "D:f", "i:g h=1", "r:old", "z:what is to come", "",
	}, "\n")) + entry("b", "2", sumB, "")))
	if err != nil {
		t.Fatal(err)
	}
	p, err := x.Package(0)
	if err != nil {
		t.Fatal(err)
	}
	list := func(l []apk.Dependency) (s []string) {
		for _, d := range l {
			s = append(s, d.String())
		}
		return s
	}
	got := fmt.Sprintln(p, p.Arch, p.Checksum, p.Size, p.InstalledSize, p.Description, p.URL, p.License, p.Origin,
		p.Maintainer, p.BuildTime, p.Commit, p.ProviderPriority, list(p.Depends), list(p.Provides), list(p.InstallIf))
	want := "a-1-r0 x86_64 " + sumA + " 7 9 about a https://a MIT origin-a M <m@a> 1700000000 abc 3 [b>1 !c so:l f] [d=2 e] [g h=1]"
	if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("got %s, want %s", got, want)
	}
	if x.Len() != 2 {
		t.Errorf("%d packages, want 2", x.Len())
	}
}

func TestParseIndexRefusals(t *testing.T) {
	a := entry("a", "1", sumA, "")
	for _, c := range []struct{ name, text, want string }{
		{"no colon", "C:" + sumA + "\nP:a\nV:1\nwhat\n\n", `line 4: "what" is not a letter, a colon and a value`},
		{"no name", "C:" + sumA + "\nV:1\n\n", "line 1: a package without a name (field P)"},
		{"no version", a + "C:" + sumB + "\nP:b\n\n", "line 5: package b without a version (field V)"},
		{"no checksum", "P:a\nV:1\n\n", "line 1: package a-1 without a checksum (field C)"},
		{"another checksum", "C:Q2xx\n\n", `line 1: field C: checksum "Q2xx" is not of the form Q1 and base64`},
		{"a name twice in one", "P:a\nP:b\n\n", "line 2: the package has a second field P"},
		{"a path as name", "P:../a\n\n", `line 1: field P: "../a" is not a package name`},
		{"a path as version", "V:1/../x\n\n", `line 1: field V: "1/../x" cannot be part of a file name`},
		{"no number", "S:12x\n\n", `line 1: field S: "12x" is not a number below 2^63`},
		{"no priority", "k:65536\n\n", `line 1: field k: "65536" is not a number below 2^16`},
		{"cut short", "C:" + sumA + "\nP:a\nV:1\n", "line 1: the package has no empty line after it, the index is cut short"},
		{"two of one name", a + entry("a", "1", sumB, ""), "line 5: package a-1 is there twice, with different checksums"},
		{"two of one checksum", a + entry("b", "1", sumA, ""), "line 5: package b-1 has the checksum of a-1"},
		{"a line without end", "T:" + strings.Repeat("x", 10<<20) + "\n\n", "line 1: it is longer than 1048576 bytes"},
	} {
		if _, err := apk.ParseIndex([]byte(c.text)); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if x, err := apk.ParseIndex([]byte(a + a)); err != nil || x.Len() != 1 {
		t.Errorf("the same package twice: %v", err)
	}
}

// signedIndex makes an APKINDEX.tar.gz of a text, with a signature for each
// hash, under the names that keys will have.
func signedIndex(t *testing.T, key *rsa.PrivateKey, text string, hashes ...crypto.Hash) []byte {
	t.Helper()
	member := func(end bool, files ...string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		w := tar.NewWriter(z)
		for i := 0; i < len(files); i += 2 {
			if err := w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(files[i+1])); err != nil {
				t.Fatal(err)
			}
		}
		if end {
			w.Close()
		} else {
			w.Flush()
		}
		z.Close()
		return b.Bytes()
	}
	content := member(true, "DESCRIPTION", "for tests", "APKINDEX", text)
	var file []byte
	for _, hash := range hashes {
		h := hash.New()
		h.Write(content)
		sig, err := rsa.SignPKCS1v15(nil, key, hash, h.Sum(nil))
		if err != nil {
			t.Fatal(err)
		}
		algorithm := map[crypto.Hash]string{crypto.SHA1: "RSA", crypto.SHA256: "RSA256", crypto.SHA512: "RSA512"}[hash]
		file = append(file, member(false, ".SIGN."+algorithm+".test.rsa.pub", string(sig))...)
	}
	return append(file, content...)
}

func TestReadIndex(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keys := apk.Keys{"test.rsa.pub": &key.PublicKey}
	text := entry("a", "1", sumA, "")
	for _, hashes := range [][]crypto.Hash{{crypto.SHA1}, {crypto.SHA256}, {crypto.SHA512}, {crypto.SHA1, crypto.SHA256}} {
		x, err := apk.ReadIndex(bytes.NewReader(signedIndex(t, key, text, hashes...)), keys)
		if err != nil || x.Len() != 1 || x.Description() != "for tests" {
			t.Errorf("signed with %v: %v", hashes, err)
		}
	}
	good := signedIndex(t, key, text, crypto.SHA256)
	tampered := slices.Concat(good[:len(good)-len(signedIndex(t, key, text))], signedIndex(t, key, entry("b", "1", sumA, "")))
	for _, c := range []struct {
		name string
		file []byte
		keys apk.Keys
		want error
	}{
		{"unsigned", signedIndex(t, key, text), keys, apk.ErrUnsigned},
		{"a stranger's key", good, apk.Keys{"other.rsa.pub": &key.PublicKey}, apk.ErrUntrusted},
		{"another key of that name", good, apk.Keys{"test.rsa.pub": &other.PublicKey}, apk.ErrBadSignature},
		{"tampered with", tampered, keys, apk.ErrBadSignature},
		{"something after it", append(slices.Clone(good), 0), keys, apk.ErrBadSignature},
	} {
		if _, err := apk.ReadIndex(bytes.NewReader(c.file), c.keys); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if err := apk.VerifyIndex(c.file, c.keys); !errors.Is(err, c.want) {
			t.Errorf("%s: verified %v, want %v", c.name, err, c.want)
		}
	}
	if err := apk.VerifyIndex(good, keys); err != nil {
		t.Error(err)
	}
	for n := range len(good) {
		if _, err := apk.ReadIndex(bytes.NewReader(good[:n]), keys); err == nil {
			t.Errorf("cut to %d of %d bytes: no error", n, len(good))
		}
	}
}

func TestIndexCache(t *testing.T) {
	text := entry("a", "1", sumA, "D:b>1\np:x=1 y\n") + entry("b", "2", sumB, "i:a y\nT:about\n")
	x, err := apk.ParseIndex([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := x.Encode(&file); err != nil {
		t.Fatal(err)
	}
	y := openIndex(t, file.Bytes())
	var again bytes.Buffer
	if err := y.Encode(&again); err != nil || !bytes.Equal(file.Bytes(), again.Bytes()) {
		t.Errorf("encoded again: %v, other bytes", err)
	}
	for i := range x.Len() {
		p, err := x.Package(i)
		q, err2 := y.Package(i)
		if err != nil || err2 != nil || fmt.Sprint(*p) != fmt.Sprint(*q) {
			t.Errorf("package %d: %v, %v and from the cache %v, %v", i, p, err, q, err2)
		}
	}
	for i := range file.Bytes() {
		damaged := slices.Clone(file.Bytes())
		damaged[i] ^= 1
		if intact(damaged) {
			t.Errorf("damage in byte %d of %d goes unnoticed", i, len(damaged))
		}
		if intact(damaged[:i]) {
			t.Errorf("cut to %d bytes goes unnoticed", i)
		}
	}
	empty, err := apk.ParseIndex(nil)
	if err != nil {
		t.Fatal(err)
	}
	file.Reset()
	if err := empty.Encode(&file); err != nil || openIndex(t, file.Bytes()).Len() != 0 {
		t.Errorf("an empty index: %v", err)
	}
}

// TestIndexCacheContradictions opens cached indexes with a right sum and a
// wrong number at every place: they are refused, or can be used.
func TestIndexCacheContradictions(t *testing.T) {
	x, err := apk.ParseIndex([]byte(entry("a", "1", sumA, "D:b>1\np:x=1 y\n") + entry("b", "2", sumB, "i:a y\nT:about\n")))
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := x.Encode(&file); err != nil {
		t.Fatal(err)
	}
	for i := range file.Len() - 3 {
		was := binary.LittleEndian.Uint32(file.Bytes()[i:])
		for _, n := range []uint32{0, 1, was + 1, was - 1, was << 1, 1 << 31, math.MaxUint32} {
			wrong := slices.Clone(file.Bytes())
			binary.LittleEndian.PutUint32(wrong[i:], n)
			wrong = apk.WithSum(wrong)
			if x, err := apk.OpenIndex(bytes.NewReader(wrong), int64(len(wrong))); err == nil {
				useIndex(t, x)
			}
		}
	}
}

func openIndex(t *testing.T, file []byte) *apk.Index {
	t.Helper()
	x, err := apk.OpenIndex(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// intact opens a cached index and reads all of it.
func intact(file []byte) bool {
	x, err := apk.OpenIndex(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return false
	}
	for _, err := range x.All() {
		if err != nil {
			return false
		}
	}
	return true
}
