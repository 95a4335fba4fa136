package oci_test

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/mkimage/mkimage/assemble/oci"
)

// TestOpen reads what was written, in both forms.
func TestOpen(t *testing.T) {
	r, _ := attached(t, "linux/amd64")
	folder := filepath.Join(t.TempDir(), "layout")
	if err := oci.WriteFolder(context.Background(), folder, r); err != nil {
		t.Fatal(err)
	}
	want, err := r.Image().Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{archive(t, r), folder} {
		l, err := oci.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if len(l.Manifests) != 3 || strings.Join(oci.Names(l.Manifests[0]), " ") != "registry.example/acme/web:1.4.2 1.4.2" || len(oci.Names(l.Manifests[2])) != 0 {
			t.Fatalf("%s lists %+v", path, l.Manifests)
		}
		img, err := l.Image(l.Manifests[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Image(img); err != nil {
			t.Error(err)
		}
		if got, err := img.Digest(); err != nil || got != want {
			t.Errorf("digest %s, %v, want %s", got, err, want)
		}
	}
}

func TestOpenIndex(t *testing.T) {
	r := release(t, web(), "linux/amd64", "linux/arm64")
	l, err := oci.Open(archive(t, r))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	raw, m, err := l.Index(l.Manifests[0])
	if err != nil {
		t.Fatal(err)
	}
	want, err := r.Index().RawManifest()
	if err != nil || !bytes.Equal(raw, want) || len(m.Manifests) != 2 {
		t.Errorf("the index is %s, %v", raw, err)
	}
	if _, err := l.Image(m.Manifests[1]); err != nil {
		t.Error(err)
	}
}

// TestOpenRefuses names what is wrong.
func TestOpenRefuses(t *testing.T) {
	good, err := os.ReadFile(archive(t, release(t, web(), "linux/amd64")))
	if err != nil {
		t.Fatal(err)
	}
	for want, content := range map[string][]byte{
		"it is no tar archive":             []byte("hello"),
		"there is no index.json in it":     tarOf(t, map[string]string{"manifest.json": "[]"}),
		"its index.json is damaged":        tarOf(t, map[string]string{"index.json": "{"}),
		"its index.json has 4194305 bytes": tarOf(t, map[string]string{"index.json": strings.Repeat(" ", 4<<20+1)}),
		"the archive is damaged":           good[:1124],
	} {
		path := filepath.Join(t.TempDir(), "image.tar")
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := oci.Open(path); err == nil || !strings.HasPrefix(err.Error(), "cannot read "+path+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := oci.Open(filepath.Join(t.TempDir(), "absent")); err == nil || !strings.HasSuffix(err.Error(), "absent: no such file or directory") {
		t.Errorf("of an absent file: %v", err)
	}
}

// TestOpenDamaged finds blobs that are not what their descriptors say.
func TestOpenDamaged(t *testing.T) {
	r := release(t, web(), "linux/amd64")
	layers, err := r.Image().Layers()
	if err != nil {
		t.Fatal(err)
	}
	layer, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := r.Image().Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		blob, want string
		change     func(b []byte) []byte
	}{
		{layer.Hex, "is damaged: what is there has the SHA-256", func(b []byte) []byte { return append([]byte{b[0] ^ 1}, b[1:]...) }},
		{manifest.Hex, "is damaged: what is there has the SHA-256", func(b []byte) []byte { return bytes.ToUpper(b) }},
		{layer.Hex, "bytes where its descriptor says", func(b []byte) []byte { return b[:len(b)-1] }},
		{layer.Hex, "is not in it", nil},
	} {
		folder := filepath.Join(t.TempDir(), "layout")
		if err := oci.WriteFolder(context.Background(), folder, r); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "blobs", "sha256", c.blob)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if c.change == nil {
			err = os.Remove(path)
		} else {
			err = os.WriteFile(path, c.change(content), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := readAll(folder); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// readAll reads the first image of a layout with its layers.
func readAll(path string) error {
	l, err := oci.Open(path)
	if err != nil {
		return err
	}
	defer l.Close()
	if len(l.Manifests) == 0 {
		return nil
	}
	img, err := l.Image(l.Manifests[0])
	if err != nil {
		return err
	}
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	for _, layer := range layers {
		content, err := layer.Compressed()
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, content)
		if content.Close(); err != nil {
			return err
		}
	}
	return nil
}

func tarOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, content := range files {
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
	return out.Bytes()
}

// FuzzOpen reads any archive to its end or to an error.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("hello"))
	r := release(f, web(), "linux/amd64")
	path := filepath.Join(f.TempDir(), "good.tar")
	if err := oci.WriteArchive(context.Background(), path, r); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "image.tar")
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := readAll(path); err != nil {
			t.Skip(err)
		}
	})
}
