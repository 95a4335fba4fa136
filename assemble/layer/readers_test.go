package layer_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/mkimage/mkimage/assemble/tree"
)

// TestRegistryReader has another program's library read and judge a layer.
func TestRegistryReader(t *testing.T) {
	b, packages := big(t)
	stream, info := b.write(packages...)
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(stream)), nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Layer(l); err != nil {
		t.Error(err)
	}
	digest, err := l.Digest()
	if err != nil || digest != info.Digest {
		t.Errorf("digest %v, error %v, want %v", digest, err, info.Digest)
	}
	diffID, err := l.DiffID()
	if err != nil || diffID != info.DiffID {
		t.Errorf("diffID %v, error %v, want %v", diffID, err, info.DiffID)
	}
}

// TestGNUTar lets GNU tar and gzip unpack a layer.
func TestGNUTar(t *testing.T) {
	if out, err := exec.Command("tar", "--version").Output(); err != nil || !bytes.Contains(out, []byte("GNU tar")) {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no GNU tar")
		}
		t.Skip("there is no GNU tar")
	}
	b, packages := big(t)
	b.link("usr/share/a", "usr/share/aa")
	b.add("bin/sh", &tree.Node{Kind: tree.Symlink, Target: "/usr/bin/zsh"})
	b.file("etc/"+strings.Repeat("x", 200), "long name")
	stream, _ := b.write(packages...)
	dir := t.TempDir()
	file := filepath.Join(dir, "layer.tar.gz")
	if err := os.WriteFile(file, stream, 0o666); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "root")
	if err := os.Mkdir(root, 0o777); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("tar", "-xzf", file, "-C", root, "--no-same-owner").CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("tar: %v: %s", err, out)
	}
	for path, want := range map[string]string{
		"usr/share/aa": text(1, 3<<19), "etc/generated": text(4, 2<<19+5), "etc/" + strings.Repeat("x", 200): "long name",
	} {
		if got, err := os.ReadFile(filepath.Join(root, path)); err != nil || string(got) != want {
			t.Errorf("%s has %d bytes, want %d, error %v", path, len(got), len(want), err)
		}
	}
	if target, err := os.Readlink(filepath.Join(root, "bin/sh")); err != nil || target != "/usr/bin/zsh" {
		t.Errorf("bin/sh leads to %q, error %v", target, err)
	}
	a, err := os.Stat(filepath.Join(root, "usr/share/a"))
	if err != nil {
		t.Fatal(err)
	}
	aa, err := os.Stat(filepath.Join(root, "usr/share/aa"))
	if err != nil || !os.SameFile(a, aa) {
		t.Errorf("usr/share/a and aa are not one file, error %v", err)
	}
	if a.ModTime().Unix() != 1_000_000 {
		t.Errorf("usr/share/a was modified at %d", a.ModTime().Unix())
	}
}
