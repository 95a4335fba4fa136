package oci_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/spec"
)

const created = 1_700_000_000 // 2023-11-14T22:13:20Z

func platform(t testing.TB, s string) spec.Platform {
	t.Helper()
	p, err := apk.ParsePlatform(s)
	if err != nil {
		t.Fatal(err)
	}
	return spec.Platform{Platform: p}
}

// writeLayer writes a layer with one file, or none where content is empty.
func writeLayer(t testing.TB, content string) oci.Layer {
	t.Helper()
	root := tree.New()
	if content != "" {
		if _, err := root.WriteFile("hello", tree.Bytes(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l := oci.Layer{Path: filepath.Join(t.TempDir(), "layer")}
	f, err := os.Create(l.Path)
	if err != nil {
		t.Fatal(err)
	}
	if l.Info, err = layer.Write(context.Background(), f, root, layer.Options{Epoch: created}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return l
}

// web is a spec that sets everything that goes into a configuration.
func web() *spec.Image {
	str := func(s ...string) (list []spec.String) {
		for _, v := range s {
			list = append(list, spec.String{Value: v})
		}
		return list
	}
	pairs := func(s ...string) (list []spec.Pair) {
		for i := 0; i < len(s); i += 2 {
			list = append(list, spec.Pair{Name: s[i], Value: s[i+1]})
		}
		return list
	}
	return &spec.Image{
		Name:        spec.String{Value: "registry.example/acme/web"},
		Tags:        str("1.4.2", "1"),
		User:        spec.ProcessUser{User: "web", Group: "www"},
		Env:         pairs("LANG", "C.UTF-8", "PORT", "8080"),
		Entrypoint:  str("/usr/bin/web"),
		Cmd:         str("--config", "/etc/web.yaml"),
		Workdir:     spec.String{Value: "/srv"},
		Ports:       str("8080/tcp", "53/udp"),
		Volumes:     str("/var/lib/web"),
		Labels:      pairs("a", "<1>", "b", "2"),
		Annotations: pairs("org.opencontainers.image.source", "https://git.example/web"),
		StopSignal:  spec.String{Value: "SIGTERM"},
		Healthcheck: &spec.Healthcheck{
			Test: str("CMD", "/usr/bin/web", "health"), Interval: 30 * time.Second,
			Timeout: time.Second, StartPeriod: 2 * time.Second, StartInterval: 3 * time.Second, Retries: 4,
		},
	}
}

// image makes the image of one platform, whose file names that.
func image(t testing.TB, s *spec.Image, platformName string) v1.Image {
	t.Helper()
	img, err := oci.NewImage(s, oci.Options{
		Platform: platform(t, platformName), Created: created, Layer: writeLayer(t, "hello from "+platformName+"\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// release makes a release of s for the platforms.
func release(t testing.TB, s *spec.Image, platforms ...string) *oci.Release {
	t.Helper()
	var images []v1.Image
	for _, p := range platforms {
		images = append(images, image(t, s, p))
	}
	r, err := oci.NewRelease(s, nil, images...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
