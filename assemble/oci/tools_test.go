package oci_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/spec"
)

// run runs a program that reads images. Where it is absent, the test is
// skipped, and fails in continuous integration, which has all of them.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		absent(t, "there is no "+name)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func absent(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func TestSkopeo(t *testing.T) {
	path := archive(t, release(t, web(), "linux/amd64", "linux/arm64"))
	for _, source := range []string{"oci-archive:" + path + ":1.4.2", "docker-archive:" + path + ":registry.example/acme/web:1"} {
		var image struct {
			Architecture string
			Os           string
			Env          []string
		}
		out := run(t, "skopeo", "--override-os", "linux", "--override-arch", "amd64", "inspect", source)
		if err := json.Unmarshal([]byte(out), &image); err != nil {
			t.Fatal(err)
		}
		if image.Os != "linux" || image.Architecture != "amd64" || len(image.Env) != 3 {
			t.Errorf("%s: %+v", source, image)
		}
	}
}

func TestUmoci(t *testing.T) {
	dir := t.TempDir()
	folder, bundle := filepath.Join(dir, "layout"), filepath.Join(dir, "bundle")
	s := web()
	s.User = spec.ProcessUser{User: "65532"} // umoci looks names up
	if err := oci.WriteFolder(context.Background(), folder, release(t, s, "linux/amd64")); err != nil {
		t.Fatal(err)
	}
	run(t, "umoci", "unpack", "--rootless", "--image", folder+":1", bundle)
	content, err := os.ReadFile(filepath.Join(bundle, "rootfs", "hello"))
	if err != nil || string(content) != "hello from linux/amd64\n" {
		t.Errorf("the file has %q, error %v", content, err)
	}
}

// TestDocker loads an archive into a real Docker: two platforms of one image
// and an image without files.
func TestDocker(t *testing.T) {
	if out, err := exec.Command("docker", "version", "--format", "{{.Server.Version}}").CombinedOutput(); err != nil {
		absent(t, "there is no Docker daemon: "+strings.TrimSpace(string(out)))
	}
	s := web()
	s.Name.Value, s.Tags = "mkimage-test/web", []spec.String{{Value: "1"}, {Value: "2"}}
	empty := &spec.Image{Name: spec.String{Value: "mkimage-test/empty"}}
	img, err := oci.NewImage(empty, oci.Options{Platform: platform(t, "linux/amd64"), Created: created, Layer: writeLayer(t, "")})
	if err != nil {
		t.Fatal(err)
	}
	nothing, err := oci.NewRelease(empty, nil, img)
	if err != nil {
		t.Fatal(err)
	}
	path := archive(t, release(t, s, "linux/amd64", "linux/arm64"), nothing)
	names := []string{"mkimage-test/web:1", "mkimage-test/web:2", "mkimage-test/empty:latest"}
	out := run(t, "docker", "load", "-i", path)
	for _, name := range names {
		if !strings.Contains(out, "Loaded image: "+name) {
			t.Errorf("docker load does not tell of %s: %s", name, out)
		}
	}
	defer run(t, "docker", append([]string{"image", "rm"}, names...)...)
	got := run(t, "docker", "image", "inspect", "--format", "{{.Os}}/{{.Architecture}} {{.Created}} {{.Config.User}} {{.Config.Healthcheck.Interval}}", names[0])
	if want := "linux/amd64 2023-11-14T22:13:20Z web:www 30s\n"; got != want {
		t.Errorf("Docker has %q, want %q", got, want)
	}
}
