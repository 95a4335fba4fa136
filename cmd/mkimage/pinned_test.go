package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/assemble/oci"
)

// TestPinned pins whole images for each version of the layer encoding: the one
// of files alone, and one of real packages with scripts. A change of these is
// a decision: a new version of the encoding, or a note for those who rebuild.
func TestPinned(t *testing.T) {
	pinned := map[int]struct{ files, packages string }{
		1: {
			files:    "sha256:a284892a79b7c174fa1c41c7b2e5e5e17891d088ce50c097213d0f9bb83af56d",
			packages: "sha256:d4c2b8b79a107c7fba1c2b0af6d00ca6511499ec1835f54efd47f62d60b4b0a6",
		},
	}
	want, ok := pinned[layer.Version]
	if !ok {
		t.Fatalf("the images of layer encoding %d are not pinned", layer.Version)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	t.Run("files", func(t *testing.T) {
		dir := t.TempDir()
		spec := filepath.Join(dir, "app.cue")
		write(t, spec, `
name: "registry.example/acme/web", tags: ["1"], platforms: ["linux/amd64", "linux/arm/v7"]
users: web: {uid: 10001, home: "/var/lib/web"}
files: {
	"/var/lib/web": {directory: true, mode: "0750", owner: "web:web"}
	"/etc/motd": content: "hello\n"
	"/etc/`+strings.Repeat("long", 30)+`": content: "a name for a PAX header\n"
	"/etc/link": symlink: "motd"
}
user: "web", env: PORT: "8080", ports: ["8080/tcp"], labels: a: "<b>"
annotations: "org.opencontainers.image.source": "https://git.example/web"
`)
		checkPin(t, mkimage(t, "build", spec, "-o", filepath.Join(dir, "web.tar")), want.files)
	})
	t.Run("packages", func(t *testing.T) {
		archive := labImage(t, `"alpine-baselayout", "busybox", "openssh-server", "ca-certificates"`, "")
		l, err := oci.Open(archive)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		checkPin(t, "@"+l.Manifests[0].Digest.String(), want.packages)
	})
}

func checkPin(t *testing.T, printed, want string) {
	t.Helper()
	if _, got, _ := strings.Cut(strings.TrimSpace(printed), "@"); got != want {
		t.Errorf("the image's digest is %s, pinned is %s", got, want)
	}
}
