package oci_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/spec"
)

func indent(t *testing.T, raw []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "\t"); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// configJSON is the configuration of web for linux/arm/v7.
const configJSON = `{
	"architecture": "arm",
	"created": "2023-11-14T22:13:20Z",
	"history": [
		{
			"created": "2023-11-14T22:13:20Z",
			"created_by": "mkimage"
		}
	],
	"os": "linux",
	"rootfs": {
		"type": "layers",
		"diff_ids": [
			"DIFFID"
		]
	},
	"variant": "v7",
	"config": {
		"Cmd": [
			"--config",
			"/etc/web.yaml"
		],
		"Entrypoint": [
			"/usr/bin/web"
		],
		"Env": [
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"LANG=C.UTF-8",
			"PORT=8080"
		],
		"Labels": {
			"a": "\u003c1\u003e",
			"b": "2"
		},
		"User": "web:www",
		"Volumes": {
			"/var/lib/web": {}
		},
		"WorkingDir": "/srv",
		"ExposedPorts": {
			"53/udp": {},
			"8080/tcp": {}
		},
		"StopSignal": "SIGTERM",
		"Healthcheck": {
			"Test": [
				"CMD",
				"/usr/bin/web",
				"health"
			],
			"Interval": 30000000000,
			"Timeout": 1000000000,
			"StartPeriod": 2000000000,
			"Retries": 4,
			"StartInterval": 3000000000
		}
	}
}`

func TestConfig(t *testing.T) {
	l := writeLayer(t, "hello")
	img, err := oci.NewImage(web(), oci.Options{Platform: platform(t, "linux/arm/v7"), Created: created, Layer: l})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := img.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got := indent(t, raw); got != strings.Replace(configJSON, "DIFFID", l.DiffID.String(), 1) {
		t.Errorf("the configuration is\n%s", got)
	}
}

func TestConfigOfLittle(t *testing.T) {
	s := &spec.Image{
		Name: spec.String{Value: "web"},
		Env:  []spec.Pair{{Name: "A", Value: "b"}, {Name: "PATH", Value: "/bin"}},
	}
	img, err := oci.NewImage(s, oci.Options{Platform: platform(t, "linux/amd64"), User: "65532:65532", Layer: writeLayer(t, "")})
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(img); err != nil {
		t.Error(err)
	}
	raw, err := img.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if _, config, _ := strings.Cut(string(raw), `"config":`); config != `{"Env":["A=b","PATH=/bin"],"User":"65532:65532"}}` {
		t.Errorf("the configuration is %s", config)
	}
	if !strings.Contains(string(raw), `"created":"1970-01-01T00:00:00Z"`) {
		t.Errorf("the date is not the epoch: %s", raw)
	}
}

func TestManifest(t *testing.T) {
	img := image(t, web(), "linux/amd64")
	if err := validate.Image(img); err != nil {
		t.Error(err)
	}
	raw, err := img.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	l := writeLayer(t, "hello from linux/amd64\n")
	config, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	want := `{
	"schemaVersion": 2,
	"mediaType": "application/vnd.oci.image.manifest.v1+json",
	"config": {
		"mediaType": "application/vnd.oci.image.config.v1+json",
		"size": 768,
		"digest": "` + config.String() + `"
	},
	"layers": [
		{
			"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
			"size": 118,
			"digest": "` + l.Digest.String() + `"
		}
	],
	"annotations": {
		"io.github.mkimage.layer-encoding": "1",
		"org.opencontainers.image.source": "https://git.example/web"
	}
}`
	if got := indent(t, raw); got != want {
		t.Errorf("the manifest is\n%s", got)
	}
}

func TestIndex(t *testing.T) {
	r := release(t, web(), "linux/arm/v7", "linux/amd64")
	if err := validate.Index(r.Index()); err != nil {
		t.Error(err)
	}
	m, err := r.Index().IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for i, d := range m.Manifests {
		platforms = append(platforms, d.Platform.String())
		if digest, err := r.Images()[i].Digest(); err != nil || digest != d.Digest {
			t.Errorf("image %d has the digest %v, error %v, in the index %v", i, digest, err, d.Digest)
		}
	}
	if got := strings.Join(platforms, " "); got != "linux/arm/v7 linux/amd64" {
		t.Errorf("the index has the platforms %s", got)
	}
	if m.Annotations["org.opencontainers.image.source"] == "" {
		t.Error("the index has no annotations")
	}
	digest, err := r.Index().Digest()
	if err != nil {
		t.Fatal(err)
	}
	reference, err := r.Reference()
	if want := "registry.example/acme/web:1.4.2@" + digest.String(); err != nil || reference != want {
		t.Errorf("the reference is %s, error %v, want %s", reference, err, want)
	}
	if r.Image() != nil {
		t.Error("a release for two platforms has one image")
	}
}

func TestRelease(t *testing.T) {
	s := web()
	img := image(t, s, "linux/amd64")
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		spec, given []string
		want        string
	}{
		{[]string{"1"}, []string{"dev", "2"}, "registry.example/acme/web:dev"},
		{[]string{"1", "0"}, nil, "registry.example/acme/web:1"},
		{nil, nil, "registry.example/acme/web:latest"},
	} {
		s.Tags = nil
		for _, tag := range tt.spec {
			s.Tags = append(s.Tags, spec.String{Value: tag})
		}
		r, err := oci.NewRelease(s, tt.given, img)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Reference(); err != nil || got != tt.want+"@"+digest.String() {
			t.Errorf("the reference is %s, error %v, want %s", got, err, tt.want)
		}
		if r.Index() != nil || r.Image() != img {
			t.Error("a release for one platform has an index")
		}
	}
	for want, images := range map[string][]v1.Image{
		"internal error: registry.example/acme/web has no image":            nil,
		"internal error: the platform linux/amd64 occurs twice in an index": {img, img},
	} {
		if _, err := oci.NewRelease(s, nil, images...); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
