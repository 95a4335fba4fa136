package oci_test

import (
	"archive/tar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/assemble/oci"
)

// TestDockerArchiveRefused: archives in Docker's format that cannot be used.
func TestDockerArchiveRefused(t *testing.T) {
	big := strings.Repeat(" ", 5<<20)
	for _, tt := range []struct {
		name, image string
		files       map[string]string
		want        string
	}{
		{"nothing", "", nil, "it is neither an OCI image layout nor of Docker's format"},
		{"no JSON", "", map[string]string{"manifest.json": "["}, "its manifest.json is damaged: "},
		{"too large", "", map[string]string{"manifest.json": big}, "its manifest.json has 5242880 bytes"},
		{"no image", "", map[string]string{"manifest.json": "[]"}, "it holds no image"},
		{"no configuration", "", map[string]string{"manifest.json": `[{"Config":"c"}]`}, `the configuration "c": `},
		{"large configuration", "", map[string]string{"manifest.json": `[{"Config":"c"}]`, "c": big}, `the configuration "c": its c has 5242880 bytes`},
		{"outside", "", map[string]string{"manifest.json": `[{"Config":"../c"}]`}, `the configuration "../c": `},
		{"no layer", "", map[string]string{"manifest.json": `[{"Config":"c","Layers":["l"]}]`, "c": "{}"}, "l"},
		{"several", "", map[string]string{"manifest.json": `[{"Config":"c","RepoTags":["a:1"]},{"Config":"c","RepoTags":["b:1"]}]`, "c": "{}"},
			"it holds 2 images: a:1, b:1"},
		{"other name", "x:1", map[string]string{"manifest.json": `[{"Config":"c","RepoTags":["a:1"]}]`, "c": "{}"}, "it holds no image called x:1, but a:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.tar")
			f, err := os.Create(file)
			if err != nil {
				t.Fatal(err)
			}
			w := tar.NewWriter(f)
			for name, content := range tt.files {
				if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644}); err != nil {
					t.Fatal(err)
				}
				if _, err := w.Write([]byte(content)); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			_, err = oci.OpenDockerArchive(file, tt.image)
			if err == nil || !strings.HasPrefix(err.Error(), "cannot read "+file+": ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want %s", err, tt.want)
			}
		})
	}
}
