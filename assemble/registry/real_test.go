package registry_test

import (
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/mkimage/mkimage/assemble/registry"
	"github.com/mkimage/mkimage/internal/registrytest"
)

// TestRealRegistry pushes to docker-registry: images, an index, and a blob
// that another repository has, which is mounted.
func TestRealRegistry(t *testing.T) {
	s := registrytest.Before(t, registrytest.Start(t, false))
	c, x := newClient(), index(t)
	mustPush(t, c, image(t, "amd64", noise(3, 1000)), s.Host+"/a:1")
	mustPush(t, c, x, s.Host+"/b/c:1", s.Host+"/b/c:2")
	s.Heal()
	mustPush(t, c, x, s.Host+"/mounted/by/name:1")
	if n := len(s.Requests("PATCH upload")); n != 0 {
		t.Errorf("%d blobs were sent that another repository has", n)
	}
	for _, r := range s.Requests("POST upload") {
		if r.Query.Get("from") != "b/c" {
			t.Errorf("a blob was asked for as %v", r.Query)
		}
	}
}

// TestRealReferrers: docker-registry has no referrers API, so that a tag lists
// what refers to an image.
func TestRealReferrers(t *testing.T) {
	host := registrytest.Start(t, false)
	img := image(t, "amd64", noise(3, 1000))
	subject, err := partial.Descriptor(img)
	if err != nil {
		t.Fatal(err)
	}
	var referrers []v1.Image
	for i := range 2 {
		referrers = append(referrers, mutate.Subject(image(t, "amd64", noise(uint32(i), 10)), *subject).(v1.Image))
	}
	for range 2 { // the second time nothing changes
		err := newClient().Push(t.Context(), registry.Image{Names: []string{host + "/a:1"}, Manifest: img, Referrers: referrers})
		if err != nil {
			t.Fatal(err)
		}
		tag, err := name.NewTag(host + "/a:" + strings.Replace(digest(t, img), ":", "-", 1))
		if err != nil {
			t.Fatal(err)
		}
		list, err := remote.Index(tag)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := list.IndexManifest(); err != nil || len(m.Manifests) != 2 {
			t.Errorf("the tag lists %+v, %v", m, err)
		}
	}
}

// TestBrokenUpload: docker-registry takes nothing more of an upload that broke
// off, so that it starts again.
func TestBrokenUpload(t *testing.T) {
	s := registrytest.Before(t, registrytest.Start(t, false))
	s.Fail("PATCH upload", 2, registrytest.CutAfter(3<<19))
	mustPush(t, newClient(), image(t, "amd64", noise(1, 4<<20)), s.Host+"/a:1")
}

// TestLocked: docker-registry that asks for a password.
func TestLocked(t *testing.T) {
	host := registrytest.Start(t, true)
	img := registry.Image{Names: []string{host + "/a:1"}, Manifest: index(t)}
	for want, k := range map[string]keychain{
		`log in with "docker login ` + host + `"`:           {},
		`the credentials for ` + host + ` are not accepted`: {registrytest.User, "wrong-1"},
	} {
		c := newClient()
		c.Keychain = k
		err := c.Push(t.Context(), img)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "wrong-1") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	c := newClient()
	c.Keychain = keychain{registrytest.User, registrytest.Password}
	if err := c.Push(t.Context(), img); err != nil {
		t.Fatal(err)
	}
	auth := remote.WithAuth(&authn.Basic{Username: registrytest.User, Password: registrytest.Password})
	if got := pull(t, host+"/a:1", auth); got != digest(t, img.Manifest) {
		t.Errorf("it leads to %s", got)
	}
}
