package registry_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	ours "github.com/mkimage/mkimage/assemble/registry"
)

// TestPull gets back what was pushed.
func TestPull(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	one := image(t, "amd64", noise(1, 1000))
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: one})
	client := newClient()
	for name, m := range map[string]ours.Manifest{host + "/web:1": one, host + "/web:2": index} {
		if err := client.Push(t.Context(), ours.Image{Names: []string{name}, Manifest: m}); err != nil {
			t.Fatal(err)
		}
		got, err := client.Pull(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := m.Digest()
		if err != nil {
			t.Fatal(err)
		}
		if digest, err := got.Digest(); err != nil || digest != want {
			t.Errorf("%s has the digest %s, %v, want %s", name, digest, err, want)
		}
		switch got := got.(type) {
		case v1.Image:
			err = validate.Image(got)
		case v1.ImageIndex:
			err = validate.Index(got)
		}
		if err != nil {
			t.Error(err)
		}
	}
	for name, want := range map[string]string{
		host + "/web:3":    "cannot pull " + host + "/web:3: the registry answers 404 Not Found: MANIFEST_UNKNOWN Unknown manifest; there is no such image",
		host + "/absent:1": "cannot pull " + host + "/absent:1: the registry answers 404 Not Found: NAME_UNKNOWN Unknown name; there is no such image",
		"A b":              "cannot pull \"A b\": it is not a name such as ghcr.io/acme/web:1.0: ",
	} {
		if _, err := client.Pull(t.Context(), name); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Pull(ended, host+"/web:1"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context's end: %v", err)
	}
}
