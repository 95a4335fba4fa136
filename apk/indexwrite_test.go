package apk_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/apktest"
)

// describedPackages returns the packages of a text that FormatIndex could have
// written.
func describedPackages(t *testing.T) []*apk.Package {
	t.Helper()
	x, err := apk.ParseIndex([]byte(entry("a", "1-r0", sumA, strings.Join([]string{
		"A:x86_64", "S:7", "I:9", "T:about a", "U:https://a", "L:MIT", "o:origin-a", "m:M <m@a>", "t:1700000000",
		"c:abc", "k:3", "D:b>1 !c so:l~2", "p:d=2 e", "i:g h=1", "",
	}, "\n")) + entry("b", "2", sumB, "")))
	if err != nil {
		t.Fatal(err)
	}
	return all(t, x)
}

func all(t *testing.T, x *apk.Index) (list []*apk.Package) {
	t.Helper()
	for p, err := range x.All() {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

func TestFormatIndex(t *testing.T) {
	want := describedPackages(t)
	x, err := apk.ParseIndex(apk.FormatIndex(want))
	if err != nil {
		t.Fatal(err)
	}
	if got := all(t, x); !reflect.DeepEqual(got, want) {
		t.Errorf("read again: %+v, want %+v", got, want)
	}
}

// TestFormatIndexReal writes what an index of Alpine says of packages that can
// be installed, and reads it.
func TestFormatIndexReal(t *testing.T) {
	dir := apktest.Alpine(t)
	file, err := os.Open(filepath.Join(dir, "v3.19/main/x86_64/APKINDEX.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	keys, err := apk.AlpineKeys()
	if err != nil {
		t.Fatal(err)
	}
	x, err := apk.ReadIndex(file, keys)
	if err != nil {
		t.Fatal(err)
	}
	want := all(t, x)
	again, err := apk.ParseIndex(apk.FormatIndex(want))
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range all(t, again) {
		if !reflect.DeepEqual(p, want[i]) {
			t.Errorf("read again: %+v, want %+v", p, want[i])
		}
	}
}

func TestWriteIndex(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := apk.FormatIndex(describedPackages(t))
	signer := &apk.Signer{Name: "acme.rsa.pub", Key: key}
	file, err := apk.WriteIndex("of acme", text, signer)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := apk.WriteIndex("of acme", text, signer); err != nil || !bytes.Equal(again, file) {
		t.Errorf("a second time: other bytes, or %v", err)
	}
	x, err := apk.ReadIndex(bytes.NewReader(file), apk.Keys{"acme.rsa.pub": &key.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	if x.Description() != "of acme" || !reflect.DeepEqual(all(t, x), describedPackages(t)) {
		t.Errorf("it says %q and holds %v", x.Description(), all(t, x))
	}
	bare, err := apk.WriteIndex("", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := apk.ReadIndex(bytes.NewReader(bare), apk.Keys{"acme.rsa.pub": &key.PublicKey}); !errors.Is(err, apk.ErrUnsigned) {
		t.Errorf("without a signature: %v", err)
	}
}

func TestParsePrivateKey(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	for _, file := range [][]byte{block("PRIVATE KEY", pkcs8), block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))} {
		if got, err := apk.ParsePrivateKey(file); err != nil || !got.Equal(key) {
			t.Errorf("%.30s: %v", file, err)
		}
	}
	for want, file := range map[string][]byte{
		"not a PEM file":                    []byte("key"),
		"has something after the key":       append(block("PRIVATE KEY", pkcs8), "more"...),
		"holds a \"ENCRYPTED PRIVATE KEY\"": block("ENCRYPTED PRIVATE KEY", pkcs8),
		"not a private key":                 block("PRIVATE KEY", []byte("x")),
	} {
		if _, err := apk.ParsePrivateKey(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30s: %v, want %s", file, err, want)
		}
	}
}

func TestIndexWithout(t *testing.T) {
	list := describedPackages(t)
	x, err := apk.ParseIndex(apk.FormatIndex(list))
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []*apk.Index{x, reopened(t, x)} {
		rest, err := of.Without(func(p uint32) bool { return of.Table().Checksum(p) == list[0].Checksum })
		if err != nil {
			t.Fatal(err)
		}
		if got := all(t, rest); !reflect.DeepEqual(got, list[1:]) {
			t.Errorf("without the first: %v", got)
		}
		if same, err := of.Without(func(uint32) bool { return false }); same != of || err != nil {
			t.Errorf("without none: %p, %v, want %p", same, err, of)
		}
	}
}

func reopened(t *testing.T, x *apk.Index) *apk.Index {
	t.Helper()
	var b bytes.Buffer
	if err := x.Encode(&b); err != nil {
		t.Fatal(err)
	}
	again, err := apk.OpenIndex(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestPackageCheck(t *testing.T) {
	good := apk.Package{Name: "a", Version: "1-r0", Arch: "x86_64", Checksum: apk.Checksum{1}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(p *apk.Package){
		"the name is empty":                           func(p *apk.Package) { p.Name = "" },
		`"../a" is not a package name`:                func(p *apk.Package) { p.Name = "../a" },
		`"1/2" cannot be part of a file name`:         func(p *apk.Package) { p.Version = "1/2" },
		`"" cannot be part of a file name`:            func(p *apk.Package) { p.Version = "" },
		`".." cannot be part of a file name`:          func(p *apk.Package) { p.Arch = ".." },
		"package a-1-r0 without a checksum (field C)": func(p *apk.Package) { p.Checksum = apk.Checksum{} },
	} {
		p := good
		change(&p)
		if err := p.Check(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
