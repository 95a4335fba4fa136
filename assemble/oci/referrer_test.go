package oci_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/mkimage/mkimage/assemble/oci"
)

// attached is a release with a document about each of its images, and the
// referrers that it got.
func attached(t *testing.T, platforms ...string) (*oci.Release, []v1.Image) {
	t.Helper()
	r := release(t, web(), platforms...)
	for _, img := range r.Images() {
		referrer, err := oci.NewReferrer(img, oci.Document{Type: "application/spdx+json", Name: "web.spdx.json", Content: []byte("{\"a\": 1}\n")})
		if err != nil {
			t.Fatal(err)
		}
		r.Attach(referrer)
	}
	return r, r.Referrers()
}

func TestReferrer(t *testing.T) {
	r, referrers := attached(t, "linux/amd64")
	subject, err := r.Image().Digest()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := referrers[0].RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	size, err := r.Image().Size()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",` +
		`"config":{"mediaType":"application/vnd.oci.empty.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},` +
		`"layers":[{"mediaType":"application/spdx+json","size":9,"digest":"sha256:e8c628edc9968ef0c668f54e0ba2636b35503357eb1aca0ddc828aeace432f67","annotations":{"org.opencontainers.image.title":"web.spdx.json"}}],` +
		`"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":SIZE,"digest":"SUBJECT"},"artifactType":"application/spdx+json"}`
	want = strings.NewReplacer("SIZE", jsonText(t, size), "SUBJECT", subject.String()).Replace(want)
	if string(raw) != want {
		t.Errorf("the manifest is %s\nwant %s", raw, want)
	}
}

func jsonText(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestReferrersWritten has layouts list referrers after the names, without one
// of their own, and leaves Docker's form and the image as they were.
func TestReferrersWritten(t *testing.T) {
	r, referrers := attached(t, "linux/amd64", "linux/arm64")
	_, got := entries(t, archive(t, r))
	_, plain := entries(t, archive(t, release(t, web(), "linux/amd64", "linux/arm64")))
	if !bytes.Equal(got["manifest.json"], plain["manifest.json"]) {
		t.Errorf("manifest.json is %s, without referrers %s", got["manifest.json"], plain["manifest.json"])
	}
	folder := filepath.Join(t.TempDir(), "layout")
	if err := oci.WriteFolder(context.Background(), folder, r); err != nil {
		t.Fatal(err)
	}
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	m, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.Tags()) + len(referrers); len(m.Manifests) != n {
		t.Fatalf("index.json has %d manifests, want %d", len(m.Manifests), n)
	}
	for i, referrer := range referrers {
		d := m.Manifests[len(r.Tags())+i]
		digest, err := referrer.Digest()
		if err != nil || d.Digest != digest || d.ArtifactType != "application/spdx+json" || len(d.Annotations) > 0 || d.Platform != nil {
			t.Errorf("referrer %d is listed as %+v, %v", i, d, err)
		}
		img, err := index.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		layers, err := img.Layers()
		if err != nil || len(layers) != 1 {
			t.Fatalf("%d layers, %v", len(layers), err)
		}
		content, err := layers[0].Compressed()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(content)
		if err != nil || string(text) != "{\"a\": 1}\n" {
			t.Errorf("the document is %q, %v", text, err)
		}
	}
}

// TestReferrersPushed pushes to registries with and without the referrers API;
// for those without, the library keeps the list under a tag.
func TestReferrersPushed(t *testing.T) {
	for _, api := range []bool{true, false} {
		server := httptest.NewServer(registry.New(registry.WithReferrersSupport(api), registry.Logger(log.New(io.Discard, "", 0))))
		defer server.Close()
		repository, err := name.NewRepository(strings.TrimPrefix(server.URL, "http://") + "/web")
		if err != nil {
			t.Fatal(err)
		}
		r, referrers := attached(t, "linux/amd64")
		if err := remote.Write(repository.Tag("1"), r.Image()); err != nil {
			t.Fatal(err)
		}
		referrer, err := referrers[0].Digest()
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(repository.Digest(referrer.String()), referrers[0]); err != nil {
			t.Fatal(err)
		}
		subject, err := r.Image().Digest()
		if err != nil {
			t.Fatal(err)
		}
		found, err := remote.Referrers(repository.Digest(subject.String()))
		if err != nil {
			t.Fatal(err)
		}
		m, err := found.IndexManifest()
		if err != nil || len(m.Manifests) != 1 || m.Manifests[0].Digest != referrer {
			t.Fatalf("with the referrers API %v: found %+v, %v", api, m, err)
		}
		// This registry's API takes the configuration's type for the artifact's.
		if got := m.Manifests[0].ArtifactType; !api && got != "application/spdx+json" {
			t.Errorf("the artifact type is %q", got)
		}
	}
}

// TestReferrersRead has skopeo and umoci find the image beside what is
// attached. Where there is more than one manifest, the tag tells which.
func TestReferrersRead(t *testing.T) {
	r, _ := attached(t, "linux/amd64")
	path := archive(t, r)
	for _, source := range []string{"oci-archive:" + path + ":1.4.2", "docker-archive:" + path + ":registry.example/acme/web:1"} {
		if out := run(t, "skopeo", "inspect", source); !strings.Contains(out, `"Architecture": "amd64"`) {
			t.Errorf("%s: %s", source, out)
		}
	}
	folder := filepath.Join(t.TempDir(), "layout")
	if err := oci.WriteFolder(context.Background(), folder, r); err != nil {
		t.Fatal(err)
	}
	if out := run(t, "umoci", "stat", "--image", folder+":1.4.2"); !strings.Contains(out, "mkimage") {
		t.Errorf("umoci: %s", out)
	}
}

// TestReferrersInDocker loads an archive with referrers, of which Docker knows
// nothing, into a real one.
func TestReferrersInDocker(t *testing.T) {
	if out, err := exec.Command("docker", "version", "--format", "{{.Server.Version}}").CombinedOutput(); err != nil {
		absent(t, "there is no Docker daemon: "+strings.TrimSpace(string(out)))
	}
	r, _ := attached(t, "linux/amd64")
	out := run(t, "docker", "load", "-i", archive(t, r))
	names := r.Tags()
	defer run(t, "docker", append([]string{"image", "rm"}, names...)...)
	for _, name := range names {
		if !strings.Contains(out, "Loaded image: "+name) {
			t.Errorf("docker load does not tell of %s: %s", name, out)
		}
	}
}
