package spec_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/mkimage/mkimage/spec"
)

var update = flag.Bool("update", false, "write the messages and documents that tests compare")

// TestRefusals loads every spec of testdata/bad as app.cue, app.json or
// app.yaml and compares all its faults with the text after it.
func TestRefusals(t *testing.T) {
	archives, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, file := range archives {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(archive.Files); i += 2 {
			given, want := &archive.Files[i], &archive.Files[i+1]
			title := strings.TrimSuffix(given.Name, filepath.Ext(given.Name))
			if want.Name != title+".want" {
				t.Fatalf("%s: %s is followed by %s", file, given.Name, want.Name)
			}
			t.Run(filepath.Base(file)+"/"+title, func(t *testing.T) {
				dir, name := t.TempDir(), "app"+filepath.Ext(given.Name)
				write(t, dir, map[string]string{name: string(given.Data)})
				got := refusal(t, spec.Source{Dir: dir, Args: []string{name}})
				if *update {
					want.Data = []byte(got)
				} else if got != string(want.Data) {
					t.Errorf("spec:\n%s\ngot:\n%s\nwant:\n%s", given.Data, got, want.Data)
				}
			})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// refusal returns the faults of a source, one a line, and checks what holds
// for all of them.
func refusal(t *testing.T, src spec.Source) string {
	t.Helper()
	images, err := spec.Load(src)
	var faults *spec.Error
	if !errors.As(err, &faults) || len(faults.Faults) == 0 || images != nil {
		t.Fatalf("got %d images and the error %v, want faults", len(images), err)
	}
	text := err.Error() + "\n"
	for _, never := range []string{"empty disjunction", "mkimage schema", "#Image", "_|_", "adt.", "spec.", "internal error", "\n\n"} {
		if strings.Contains(text, never) {
			t.Errorf("the faults hold %q:\n%s", never, text)
		}
	}
	return strings.ReplaceAll(text, src.Dir+string(filepath.Separator), "DIR/")
}

// write makes files below dir.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
