package spec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/mkimage/mkimage/spec"
)

// FuzzLoad loads arbitrary files: there is no panic, each fault is one line
// with a place in the file, and the same text comes to the same image.
func FuzzLoad(f *testing.F) {
	archives, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archives {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for i := 0; i < len(archive.Files); i += 2 {
			f.Add(filepath.Ext(archive.Files[i].Name), archive.Files[i].Data)
		}
	}
	f.Fuzz(func(t *testing.T, ext string, text []byte) {
		// CUE is a language: long texts can take any time.
		if len(text) > 1000 || ext != ".cue" && ext != ".json" && ext != ".yaml" {
			return
		}
		dir := t.TempDir()
		name := "app" + ext
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
		src := spec.Source{Dir: dir, Args: []string{name}, Platforms: []string{"linux/amd64"}}
		images, err := spec.Load(src)
		again, errAgain := spec.Load(src)
		if err == nil {
			if errAgain != nil || len(images) != 1 || describe(images[0]) != describe(again[0]) {
				t.Fatalf("loaded again, the spec differs: %v", errAgain)
			}
			return
		}
		if errAgain == nil || err.Error() != errAgain.Error() {
			t.Errorf("loaded again, the faults differ:\n%v\n%v", err, errAgain)
		}
		faults, ok := err.(*spec.Error)
		if !ok {
			t.Fatalf("not a *spec.Error: %v", err)
		}
		for _, fault := range faults.Faults {
			if fault.Message == "" || strings.ContainsAny(fault.Message, "\n\r") || fault.Pos.File != name {
				t.Errorf("not one line with its place: %+v", fault)
			}
		}
	})
}
