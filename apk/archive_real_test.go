package apk_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/apktest"
)

func realKeys(tb testing.TB, dir string) apk.Keys {
	tb.Helper()
	keys, err := apk.AlpineKeys()
	if err != nil {
		tb.Fatal(err)
	}
	pem, err := os.ReadFile(filepath.Join(dir, "keys", "lab.rsa.pub"))
	if err != nil {
		tb.Fatal(err)
	}
	if keys["lab.rsa.pub"], err = apk.ParseKey(pem); err != nil {
		tb.Fatal(err)
	}
	return keys
}

// TestRealArchives reads and verifies every real package to its last byte,
// vouched for by its own signature.
func TestRealArchives(t *testing.T) {
	dir := apktest.Alpine(t)
	keys := realKeys(t, dir)
	var files []string
	for _, pattern := range []string{"lab/*/*.apk", "v*/*/*/*.apk"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Fatalf("no packages in %s", dir)
	}
	for _, file := range files {
		a, err := apk.OpenSignedArchive(file, keys)
		if err != nil {
			t.Error(err)
			continue
		}
		if a.Package.FileName() != filepath.Base(file) {
			t.Errorf("%s says that it is %s", file, a.Package)
		}
		var size int64
		if err := a.Walk(t.Context(), func(e *apk.Entry, _ io.Reader) error { size += e.Size; return nil }); err != nil {
			t.Error(err)
		}
		if err := a.VerifyData(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkWalk unpacks and verifies a package of usual size.
func BenchmarkWalk(b *testing.B) {
	file := filepath.Join(apktest.Alpine(b), "lab", "x86_64", "binutils-2.41-r0.apk")
	a, err := apk.OpenSignedArchive(file, realKeys(b, apktest.Alpine(b)))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(a.Package.InstalledSize)
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Walk(context.Background(), func(*apk.Entry, io.Reader) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
