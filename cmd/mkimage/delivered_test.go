package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/mkimage/mkimage/internal/registrytest"
)

// TestDockerPulls pushes the README's image to docker-registry; Docker pulls and
// runs it, and skopeo finds the same digest.
func TestDockerPulls(t *testing.T) {
	tool(t, "docker", "skopeo")
	image := registrytest.Start(t, false) + "/team/hello"
	dir := t.TempDir()
	spec := helloAt(t, dir, image)
	printed := strings.TrimSpace(mkimage(t, "build", spec, "--push", "--platform", "linux/amd64,linux/arm64"))
	name, digest, _ := strings.Cut(printed, "@")
	if name != image+":1" {
		t.Errorf("mkimage prints %q", printed)
	}
	if got := runTool(t, "skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://"+image+":latest"); strings.TrimSpace(got) != digest {
		t.Errorf("skopeo finds %q, mkimage printed %q", got, digest)
	}
	runTool(t, "docker", "pull", "--quiet", image+"@"+digest)
	t.Cleanup(func() { exec.CommandContext(context.Background(), "docker", "rmi", "--force", image+"@"+digest).Run() })
	if got := runTool(t, "docker", "run", "--rm", "--network", "none", image+"@"+digest); got != "hello\n" {
		t.Errorf("the image says %q", got)
	}
}

// TestDockerLoads has the build load images into Docker by its API, one of
// several platforms among them.
func TestDockerLoads(t *testing.T) {
	tool(t, "docker")
	const image = "test.example/loaded"
	spec := helloAt(t, t.TempDir(), image)
	t.Cleanup(func() {
		exec.CommandContext(context.Background(), "docker", "rmi", "--force", image+":1", image+":latest").Run()
	})
	for _, platforms := range []string{"linux/amd64", "linux/arm64,linux/amd64"} {
		mkimage(t, "build", spec, "--load", "--platform", platforms)
		if got := runTool(t, "docker", "run", "--rm", "--network", "none", image+":latest"); got != "hello\n" {
			t.Errorf("%s: the image says %q", platforms, got)
		}
		runTool(t, "docker", "rmi", "--force", image+":1", image+":latest")
	}
	var stdout, stderr bytes.Buffer
	args := []string{"build", spec, "--load", "--platform", "linux/arm64,linux/riscv64", "--cache-dir", t.TempDir()}
	if run(t.Context(), args, &stdout, &stderr) != 1 || !strings.Contains(stderr.String(), "it has no image for the daemon's platform linux/amd64; choose one with --platform") {
		t.Errorf("without the daemon's platform: %s%s", &stdout, &stderr)
	}
}

// helloAt writes the spec of an image that says hello, and its program, and
// returns the spec.
func helloAt(t *testing.T, dir, image string) string {
	t.Helper()
	for name, content := range map[string]string{
		"go.mod":  "module hello\n\ngo 1.26\n",
		"main.go": "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n",
		"app.cue": fmt.Sprintf("name: %q\ntags: [\"1\", \"latest\"]\ngo: {package: \".\", path: \"/hello\"}\n", image),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "app.cue")
}

// TestPushToolsArchives pushes what other programs wrote: the digest is theirs.
func TestPushToolsArchives(t *testing.T) {
	tool(t, "docker", "skopeo")
	registry, dir := registrytest.Start(t, false), t.TempDir()
	mkimage(t, "build", helloAt(t, dir, "test.example/hello"), "--platform", "linux/amd64", "-o", "oci:"+dir+"/hello")
	copied := dir + "/skopeo.tar"
	runTool(t, "skopeo", "copy", "--quiet", "oci:"+dir+"/hello:1", "oci-archive:"+copied+":other")
	runTool(t, "skopeo", "copy", "--quiet", "oci:"+dir+"/hello:1", "docker-archive:"+dir+"/docker.tar:test.example/hello:1")
	want := strings.TrimSpace(runTool(t, "skopeo", "inspect", "--format", "{{.Digest}}", "oci-archive:"+copied))
	if got := pushed(t, copied, registry+"/a:1"); got != registry+"/a:1@"+want {
		t.Errorf("mkimage prints %q, skopeo %q", got, want)
	}
	name := load(t, dir+"/docker.tar")
	runTool(t, "docker", "save", "--output", dir+"/saved.tar", name)
	for i, archive := range []string{"docker-archive:" + dir + "/docker.tar", dir + "/saved.tar"} {
		image := fmt.Sprintf("%s/docker%d:1", registry, i)
		_, digest, _ := strings.Cut(pushed(t, archive, image), "@")
		if got := runTool(t, "skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://"+image); strings.TrimSpace(got) != digest {
			t.Errorf("%s: skopeo finds %q, mkimage printed %q", archive, got, digest)
		}
		if got := runTool(t, "docker", "run", "--rm", "--network", "none", image); got != "hello\n" {
			t.Errorf("%s: the image says %q", archive, got)
		}
		runTool(t, "docker", "rmi", "--force", image)
	}
}

// pushed pushes an archive and returns what is printed.
func pushed(t *testing.T, source, image string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"push", source, image}, &stdout, &stderr); status != 0 {
		t.Fatalf("mkimage push %s %s: status %d\n%s", source, image, status, &stderr)
	}
	return strings.TrimSpace(stdout.String())
}

// TestZstd has the zstd program unpack a layer, and skopeo read the image.
func TestZstd(t *testing.T) {
	tool(t, "zstd", "skopeo")
	dir := t.TempDir()
	mkimage(t, "build", helloAt(t, dir, "test.example/hello"), "--platform", "linux/amd64", "-o", "oci:"+dir+"/out", "--compression", "zstd")
	layer := strings.TrimSpace(runTool(t, "skopeo", "inspect", "--format", "{{index .Layers 0}}", "oci:"+dir+"/out:1"))
	blob := filepath.Join(dir, "out/blobs/sha256", strings.TrimPrefix(layer, "sha256:"))
	sum := sha256.Sum256([]byte(runTool(t, "zstd", "--decompress", "--stdout", blob)))
	config := runTool(t, "skopeo", "inspect", "--config", "oci:"+dir+"/out:1")
	if diffID := fmt.Sprintf("sha256:%x", sum); !strings.Contains(config, diffID) {
		t.Errorf("zstd unpacks the layer to %s, the configuration is\n%s", diffID, config)
	}
}

// TestEndedPush ends a push in the middle of an upload: the tag is not there,
// and the next push is right.
func TestEndedPush(t *testing.T) {
	s := registrytest.New(t)
	dir, begun := t.TempDir(), make(chan struct{})
	spec := filepath.Join(dir, "app.cue")
	text := fmt.Sprintf("name: %q\nplatforms: [\"linux/amd64\"]\nfiles: \"/noise\": source: \"noise\"\n", s.Host+"/app")
	for path, content := range map[string][]byte{spec: []byte(text), filepath.Join(dir, "noise"): noise(1 << 20)} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stall := registrytest.Stall(1000, time.Second)
	var once sync.Once
	s.Fail("PATCH upload", 2, func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		once.Do(func() { close(begun) })
		stall(w, r, registry)
	})
	push := process(t, "build", spec, "--push", "--cache-dir", dir+"/cache")
	var stderr bytes.Buffer
	push.Stderr = &stderr
	if err := push.Start(); err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := push.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := push.Wait(); err == nil || stderr.String() != "mkimage: interrupted while pushing; what has arrived stays there\n" {
		t.Errorf("%v, it says %q", err, &stderr)
	}
	if puts := s.Requests("PUT manifest"); len(puts) > 0 {
		t.Errorf("manifests were pushed: %v", puts)
	}
	s.Heal()
	again, err := process(t, "build", spec, "--push", "--cache-dir", dir+"/cache").Output()
	if err != nil {
		t.Fatal(err)
	}
	if ref, err := name.ParseReference(strings.TrimSpace(string(again))); err != nil {
		t.Error(err)
	} else if img, err := remote.Image(ref); err != nil || validate.Image(img) != nil {
		t.Errorf("%s: %v, %v", ref, err, validate.Image(img))
	}
}
