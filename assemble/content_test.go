package assemble_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble"
	"github.com/mkimage/mkimage/internal/apktest"
)

// TestContentOfPackages reads files out of order, then takes the package file
// away: what is small was kept when the first was read.
func TestContentOfPackages(t *testing.T) {
	p := pkg{Name: "a"}
	for i := range 100 {
		p.Files = append(p.Files, apktest.Regular(fmt.Sprintf("d/f%02d", i), fmt.Sprint("text ", i)))
	}
	large := strings.Repeat("x", 1<<20)
	p.Files = append(p.Files, apktest.Regular("d/large", large), apktest.Hardlink("d/link", "d/f07"))
	dir := t.TempDir()
	in := inputIn(t, dir, p)
	root, err := assemble.Compose(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct{ path, text string }{{"d/f99", "text 99"}, {"d/large", large}, {"d/f00", "text 0"}, {"d/link", "text 7"}} {
		if got, err := root.Tree.ReadFile(want.path, 2<<20); err != nil || !bytes.Equal(got, []byte(want.text)) {
			t.Errorf("%s: %d bytes, %v", want.path, len(got), err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := root.Tree.ReadFile("d/f50", 100); err != nil || string(got) != "text 50" {
		t.Errorf("d/f50 was not kept: %q, %v", got, err)
	}
	if _, err := root.Tree.ReadFile("d/large", 2<<20); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("d/large was kept: %v", err)
	}
}

// TestEntriesGiven composes without reading the data section of a package
// whose entries are known.
func TestEntriesGiven(t *testing.T) {
	dir := t.TempDir()
	in := inputIn(t, dir, pkg{Name: "a", Files: files{apktest.Regular("f", "text")}})
	entries, err := in.Packages[0].Archive.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in.Packages[0].Entries = entries
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	root, err := assemble.Compose(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := root.Tree.Lstat("f"); err != nil || n.Size() != 4 || n.Source.Package != 1 || n.Source.Entry != entries[0].Index {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, in := range map[string]assemble.Input{
		"packages": input(t, pkg{Name: "a", Files: files{apktest.Regular("f", "")}}),
		"files":    input(t),
	} {
		if _, err := assemble.Compose(ctx, in); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestDamagedPackage composes from a package whose data section was changed
// after it was opened.
func TestDamagedPackage(t *testing.T) {
	dir := t.TempDir()
	in := inputIn(t, dir, pkg{Name: "a", Files: files{apktest.Regular("f", strings.Repeat("text", 100))}})
	path := filepath.Join(dir, in.Packages[0].Archive.Package.FileName())
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, apktest.Flip(file, -20), 0o600); err != nil {
		t.Fatal(err)
	}
	var fault *apk.ArchiveError
	if _, err := assemble.Compose(t.Context(), in); !errors.As(err, &fault) {
		t.Errorf("got %v", err)
	}
}
