package binary_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/mkimage/mkimage/assemble/binary"
)

// readAlpine reads a program of a package in the folder, nil where that is
// not there. Nothing is verified.
func readAlpine(t *testing.T, dir, pattern, name string) *binary.Program {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "lab", "x86_64", pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		return nil
	}
	f, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f) // all members: together they are one archive
	if err != nil {
		t.Fatal(err)
	}
	tr := tar.NewReader(zr)
	for {
		h, err := tr.Next()
		if err != nil {
			t.Fatalf("%s in %s: %v", name, files[0], err)
		}
		if h.Name != name {
			continue
		}
		content, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		g, err := binary.Read(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
}
