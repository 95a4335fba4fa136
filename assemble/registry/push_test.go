package registry_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/mkimage/mkimage/assemble/registry"
	"github.com/mkimage/mkimage/internal/registrytest"
)

func TestPushImageAndIndex(t *testing.T) {
	s := registrytest.New(t)
	mustPush(t, newClient(), image(t, "amd64", noise(1, 1000)), s.Host+"/a:1", s.Host+"/a:2", s.Host+"/b/c")
	mustPush(t, newClient(), index(t), s.Host+"/index:1")
	mustPush(t, newClient(), index(t), s.Host+"/index@"+digest(t, index(t)))
}

// TestPushAgain: what is there is not sent again, neither in a new command nor
// for another tag.
func TestPushAgain(t *testing.T) {
	s := registrytest.New(t)
	x := index(t)
	mustPush(t, newClient(), x, s.Host+"/a:1")
	if n := len(s.Requests("PATCH upload")); n != 4 {
		t.Errorf("%d blobs were sent, want 2 layers and 2 configurations", n)
	}
	s.Heal()
	mustPush(t, newClient(), x, s.Host+"/a:1", s.Host+"/a:2")
	if n := len(s.Requests("POST upload")); n != 0 {
		t.Errorf("%d blobs were sent again", n)
	}
	if n := len(s.Requests("HEAD blob")); n != 4 {
		t.Errorf("%d blobs were asked for, want 4", n)
	}
}

// TestOrder: a tag is written last, when all that it leads to is there.
func TestOrder(t *testing.T) {
	s := registrytest.New(t)
	x := index(t)
	subject, err := partial.Descriptor(x)
	if err != nil {
		t.Fatal(err)
	}
	referrer := mutate.Subject(image(t, "amd64", noise(7, 10)), *subject).(v1.Image)
	err = newClient().Push(t.Context(), registry.Image{
		Names: []string{s.Host + "/a:1"}, Manifest: x, Referrers: []v1.Image{referrer},
	})
	if err != nil {
		t.Fatal(err)
	}
	puts := s.Requests("PUT manifest")
	if last := puts[len(puts)-1].Path; last != "/v2/a/manifests/1" {
		t.Errorf("the last manifest is %s", last)
	}
	repository, err := name.NewRepository(s.Host + "/a")
	if err != nil {
		t.Fatal(err)
	}
	list, err := remote.Referrers(repository.Digest(digest(t, x)))
	if err != nil {
		t.Fatal(err)
	}
	m, err := list.IndexManifest()
	if err != nil || len(m.Manifests) != 1 || m.Manifests[0].Digest.String() != digest(t, referrer) {
		t.Errorf("the referrers are %v, %v; want %s", m, err, digest(t, referrer))
	}
}

// TestPassingFaults: what can pass is tried again, and the image is right.
func TestPassingFaults(t *testing.T) {
	for _, test := range []struct {
		name, kind string
		times      int
		fault      registrytest.Fault
	}{
		{"busy at first", "GET ping", 2, registrytest.Status(503)},
		{"rate limit", "HEAD blob", 2, registrytest.Status(429, "Retry-After", "0")},
		{"error before upload", "POST upload", 2, registrytest.Status(500)},
		{"hangs up before upload", "POST upload", 2, registrytest.HangUp},
		{"error in upload", "PATCH upload", 2, registrytest.Status(502)},
		{"hangs up in upload", "PATCH upload", 2, registrytest.HangUp},
		{"cut in upload", "PATCH upload", 2, registrytest.CutAfter(500)},
		{"stalls in upload", "PATCH upload", 1, registrytest.Stall(10, time.Second)},
		{"other bytes arrive", "PATCH upload", 2, registrytest.Garble},
		{"hangs up at the end", "PUT upload", 2, registrytest.HangUp},
		{"upload lost", "PUT upload", 2, registrytest.Answer(404, `{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}`)},
		{"error for a manifest", "PUT manifest", 3, registrytest.Status(500)},
		{"hangs up for a manifest", "PUT manifest", 3, registrytest.HangUp},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := registrytest.New(t)
			s.Fail(test.kind, test.times, test.fault)
			c := newClient()
			c.Parallel = 1
			c.StallLimit = 50 * time.Millisecond
			mustPush(t, c, image(t, "amd64", noise(1, 100_000)), s.Host+"/a:1")
		})
	}
}

// TestLastingFaults: what lasts is said once, with the reason and the way out,
// after a bounded number of attempts.
func TestLastingFaults(t *testing.T) {
	for _, test := range []struct {
		name, kind string
		fault      registrytest.Fault
		want       string // without "cannot push to HOST/a:1: "
		attempts   int
	}{
		{"no registry", "GET ping", registrytest.Status(404), "the registry answers 404 Not Found; HOST may be no registry", 1},
		{"locked", "HEAD blob", registrytest.Answer(401, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`),
			`the registry answers 401 Unauthorized; log in with "docker login HOST"`, 1},
		{"denied", "POST upload", registrytest.Answer(403, `{"errors":[{"code":"DENIED","message":"quota\nexceeded"}]}`),
			`the registry answers 403 Forbidden: DENIED quota exceeded; log in with "docker login HOST"`, 1},
		{"no repository", "POST upload", registrytest.Answer(404, `{"errors":[{"code":"NAME_UNKNOWN","message":"no such project"}]}`),
			"the registry answers 404 Not Found: NAME_UNKNOWN no such project; the repository HOST/a may have to be made first", 1},
		{"limit", "PUT manifest", registrytest.Answer(429, `{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}`),
			"the registry answers 429 Too Many Requests: TOOMANYREQUESTS slow down; try again: what has arrived is not sent again", 4},
		{"error", "POST upload", registrytest.Status(500), "the registry answers 500 Internal Server Error; try again: what has arrived is not sent again", 4},
		{"hangs up", "POST upload", registrytest.HangUp, "the server closes the connection without an answer; try again: what has arrived is not sent again", 4},
		{"upload fails", "PATCH upload", registrytest.Status(500), "the registry answers 500 Internal Server Error; try again: what has arrived is not sent again", 4},
		{"other bytes arrive", "PATCH upload", registrytest.Garble, "the registry answers 400 Bad Request: DIGEST_INVALID digest does not match contents", 4},
		{"too large", "PATCH upload", registrytest.Status(413), "the registry answers 413 Request Entity Too Large", 1},
		{"no place", "POST upload", registrytest.Status(202), "the registry does not say where to upload to; HOST may be no registry, or something on the way to it interferes", 1},
		{"bad manifest", "PUT manifest", registrytest.Answer(400, `{"errors":[{"code":"MANIFEST_INVALID"}]}`),
			"the registry answers 400 Bad Request: MANIFEST_INVALID", 1},
		{"gives back other bytes", "GET manifest", registrytest.Answer(200, `{}`, "Content-Type", "application/vnd.oci.image.manifest.v1+json"),
			"the registry does not give back the manifest that it took; HOST may be no registry, or something on the way to it interferes", 1},
		{"gives back nothing", "GET manifest", registrytest.Status(404), "the registry answers 404 Not Found", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := registrytest.New(t)
			s.Fail(test.kind, -1, test.fault)
			c := newClient()
			c.Parallel = 1
			err := c.Push(t.Context(), registry.Image{Names: []string{s.Host + "/a:1"}, Manifest: image(t, "amd64", noise(1, 100_000))})
			want := strings.ReplaceAll("cannot push to HOST/a:1: "+test.want, "HOST", s.Host)
			if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is\n%v, want\n%s", err, want)
			}
			if n := len(s.Requests(test.kind)); n != test.attempts {
				t.Errorf("%d attempts, want %d", n, test.attempts)
			}
		})
	}
}

// TestResume: an upload that breaks off goes on where the registry says that it
// is, more often than it would start again.
func TestResume(t *testing.T) {
	s := registrytest.NewResumable(t)
	const cuts, size = 6, 12 << 20
	s.Fail("PATCH upload", cuts, registrytest.CutAfter(3<<19))
	c := newClient()
	c.Parallel = 1
	mustPush(t, c, image(t, "amd64", noise(1, size)), s.Host+"/a:1")
	if n := len(s.Requests("POST upload")); n != 2 {
		t.Errorf("%d uploads were begun, want those of a layer and a configuration", n)
	}
	resumed := 0
	for _, r := range s.Requests("PATCH upload") {
		if r.Header.Get("Content-Range") != "" {
			resumed++
		}
	}
	if want := cuts - 1; resumed != want { // the first had all of the configuration
		t.Errorf("%d attempts went on, want %d", resumed, want)
	}
}

// TestRetryAfter: the pause is at least what the registry asks for.
func TestRetryAfter(t *testing.T) {
	s := registrytest.New(t)
	s.Fail("HEAD blob", 1, registrytest.Status(429, "Retry-After", "1"))
	begun := time.Now()
	mustPush(t, newClient(), image(t, "amd64", nil), s.Host+"/a:1")
	if d := time.Since(begun); d < time.Second {
		t.Errorf("the second attempt came after %s", d)
	}
}

// TestChangedLayer: a layer that is not what the manifest says ends the push
// before the registry has it.
func TestChangedLayer(t *testing.T) {
	s := registrytest.New(t)
	img := changedImage{image(t, "amd64", noise(1, 1000))}
	err := newClient().Push(t.Context(), registry.Image{Names: []string{s.Host + "/a:1"}, Manifest: img})
	if err == nil || !strings.Contains(err.Error(), "is not what its digest says") {
		t.Errorf("the error is %v", err)
	}
	if len(s.Requests("PUT manifest")) > 0 {
		t.Error("the manifest was sent")
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"":           `cannot push to ""`,
		"A/b":        `cannot push to "A/b": it is not a name such as ghcr.io/acme/web:1.0`,
		"a:b:c":      `cannot push to "a:b:c"`,
		"host:1/a:?": `cannot push to "host:1/a:?"`,
		"http://a/b": `cannot push to "http://a/b"`,
		"localhost:1/a@sha256:" + strings.Repeat("0", 64): "the image's digest is sha256:",
	} {
		err := newClient().Push(t.Context(), registry.Image{Names: []string{name}, Manifest: image(t, "amd64", nil)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	s := registrytest.New(t)
	if err := newClient().Check(t.Context(), []string{s.Host + "/a:1"}); err != nil {
		t.Error(err)
	}
	s.Fail("GET ping", -1, registrytest.Status(404))
	if err := newClient().Check(t.Context(), []string{s.Host + "/a:1"}); err == nil {
		t.Error("a server that is no registry was accepted")
	}
}

func TestCancel(t *testing.T) {
	s := registrytest.New(t)
	err := newClient().Push(cancelled(t), registry.Image{Names: []string{s.Host + "/a:1"}, Manifest: index(t)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.Fail("PATCH upload", -1, func(http.ResponseWriter, *http.Request, http.Handler) {
		cancel()
		panic(http.ErrAbortHandler)
	})
	err = newClient().Push(ctx, registry.Image{Names: []string{s.Host + "/a:1"}, Manifest: index(t)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}
