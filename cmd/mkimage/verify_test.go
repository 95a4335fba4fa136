package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/assemble/registry"
	"github.com/mkimage/mkimage/internal/registrytest"
)

// TestVerifyRegistry compares what a real registry has under a name, and finds
// there what is attached to it.
func TestVerifyRegistry(t *testing.T) {
	reference := registrytest.Start(t, false) + "/acme/web:1"
	dir := t.TempDir()
	spec := filepath.Join(dir, "app.cue")
	write(t, spec, `name: "web", platforms: ["linux/amd64"], env: A: *"1" | string`)
	layout := filepath.Join(dir, "web") + "/"
	mkimage(t, "build", spec, "-o", layout, "--attach", "sbom,provenance")
	pushed := push(t, layout, reference)
	if got := mkimage(t, "verify", reference, "--spec", spec); !strings.HasPrefix(got, reference+"@sha256:") || !strings.HasSuffix(got, " is what "+spec+" gives\n") {
		t.Errorf("verify prints %q", got)
	}
	checkReferrers(t, reference, pushed)
	other := filepath.Join(dir, "other.cue")
	write(t, other, `env: A: "2"`)
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"verify", reference, "--spec", spec, "--spec", other, "--cache-dir", dir}, &stdout, &stderr)
	want := "configuration config Env[1]: image \"A=1\", rebuilt \"A=2\"\n"
	if status != 1 || stdout.String() != want {
		t.Errorf("status %d, printed %q, said %q", status, &stdout, &stderr)
	}
}

// push pushes the first image of a layout or archive, with what is attached.
func push(t *testing.T, path, reference string) registry.Image {
	t.Helper()
	l, err := oci.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	pushed := registry.Image{Names: []string{reference}}
	for i, d := range l.Manifests {
		img, err := l.Image(d)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			pushed.Manifest = img
		} else {
			pushed.Referrers = append(pushed.Referrers, img)
		}
	}
	client := &registry.Client{}
	if err := client.Push(t.Context(), pushed); err != nil {
		t.Fatal(err)
	}
	return pushed
}

// checkReferrers asks a registry for what refers to an image, as other programs
// do.
func checkReferrers(t *testing.T, reference string, pushed registry.Image) {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := pushed.Manifest.Digest()
	if err != nil {
		t.Fatal(err)
	}
	found, err := remote.Referrers(ref.Context().Digest(digest.String()))
	if err != nil {
		t.Fatal(err)
	}
	m, err := found.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, d := range m.Manifests {
		types = append(types, d.ArtifactType)
	}
	slices.Sort(types)
	want := []string{"application/spdx+json", "application/vnd.cyclonedx+json", "application/vnd.in-toto+json"}
	if !slices.Equal(types, want) {
		t.Errorf("the registry knows of %q, want %q", types, want)
	}
}
