package apk_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/apktest"
)

// BenchmarkIndex is reading, opening and writing the 17,587 packages of a
// community repository.
func BenchmarkIndex(b *testing.B) {
	file, err := os.ReadFile(filepath.Join(apktest.Alpine(b), "v3.19/community/x86_64/APKINDEX.tar.gz"))
	if err != nil {
		b.Fatal(err)
	}
	keys := alpineKeys(b)
	x, err := apk.ReadIndex(bytes.NewReader(file), keys)
	if err != nil {
		b.Fatal(err)
	}
	var cached bytes.Buffer
	if err := x.Encode(&cached); err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"read": func() error {
			_, err := apk.ReadIndex(bytes.NewReader(file), keys)
			return err
		},
		"open": func() error {
			_, err := apk.OpenIndex(bytes.NewReader(cached.Bytes()), int64(cached.Len()))
			return err
		},
		"encode": func() error {
			return x.Encode(&bytes.Buffer{})
		},
		"package": func() error {
			_, err := x.Package(4711)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
