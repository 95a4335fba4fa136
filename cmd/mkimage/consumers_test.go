package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mkimage/mkimage/internal/apktest"
)

// tool skips a test that needs a program which is not here; with CI set it
// fails instead, so that CI proves what it says it does.
func tool(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		err := exec.CommandContext(t.Context(), name, "--version").Run()
		if err == nil && name == "docker" {
			err = exec.CommandContext(t.Context(), name, "info").Run()
		}
		if err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is needed: %v", name, err)
		}
		t.Skipf("%s is not here: %v", name, err)
	}
}

// runTool runs a program and returns what it prints.
func runTool(t *testing.T, name string, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String()
}

// mkimage runs a command line in process and returns its standard output.
func mkimage(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args = append([]string{args[0], "--cache-dir", t.TempDir()}, args[1:]...)
	if status := run(t.Context(), args, &stdout, &stderr); status != 0 {
		t.Fatalf("mkimage %s: status %d\n%s", strings.Join(args, " "), status, &stderr)
	}
	return stdout.String()
}

// labImage builds an image of real packages and returns its archive.
func labImage(t *testing.T, packages, rest string) string {
	t.Helper()
	dir, lab := t.TempDir(), apktest.Alpine(t)
	text := fmt.Sprintf("name: \"test.example/lab\"\napk: {\n\trepositories: [%q]\n\tkeys: [%q]\n\tpackages: [%s]\n}\n%s",
		filepath.Join(lab, "lab"), filepath.Join(lab, "keys", "lab.rsa.pub"), packages, rest)
	file := filepath.Join(dir, "lab.cue")
	write(t, file, text)
	mkimage(t, "build", file, "--platform", "linux/amd64")
	return filepath.Join(dir, "lab.tar")
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// load loads an archive into Docker for the length of the test and returns the
// image's name.
func load(t *testing.T, archive string) string {
	t.Helper()
	said := runTool(t, "docker", "load", "--quiet", "--input", archive)
	name := strings.TrimSpace(strings.TrimPrefix(said, "Loaded image:"))
	t.Cleanup(func() {
		exec.CommandContext(context.Background(), "docker", "rmi", "--force", name).Run()
	})
	return name
}

// TestDockerRunsPackages runs programs of real Alpine packages in containers.
func TestDockerRunsPackages(t *testing.T) {
	tool(t, "docker")
	archive := labImage(t, `"alpine-baselayout", "busybox", "jq", "git", "openssh-client-default"`, "")
	name := load(t, archive)
	for want, command := range map[string]string{
		"BusyBox v1.36.1": "busybox",
		"jq-1.7.1":        "jq --version",
		"OpenSSH_9.6p1":   "ssh -V",
		"git version 2.":  "git --version",
		"uid=65532(nonroot) gid=65532(nonroot) groups=65532(nonroot)": "id",
	} {
		args := append([]string{"run", "--rm", "--network", "none", name}, strings.Fields(command)...)
		out, err := exec.CommandContext(t.Context(), "docker", args...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, want %q in:\n%s", command, err, want, out)
		}
	}
}

// TestDockerRunsHello builds the README's image and asks its server.
func TestDockerRunsHello(t *testing.T) {
	tool(t, "docker")
	archive := filepath.Join(t.TempDir(), "hello.tar")
	mkimage(t, "build", "../../examples/hello/app.cue", "-o", archive)
	name := load(t, archive)
	port := freePort(t)
	id := strings.TrimSpace(runTool(t, "docker", "run", "--detach", "--rm", "--network", "host", "--env", "PORT="+port, name))
	t.Cleanup(func() { exec.CommandContext(context.Background(), "docker", "kill", id).Run() })
	if got, want := ask200(t, "http://127.0.0.1:"+port), "hello from mkimage, user 65532\n"; got != want {
		t.Errorf("the server says %q, want %q", got, want)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// ask200 asks until a server that is starting answers.
func ask200(t *testing.T, url string) string {
	t.Helper()
	for range 100 {
		res, err := http.Get(url)
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", url, res.Status, err)
		}
		return string(body)
	}
	t.Fatalf("nothing answers at %s", url)
	return ""
}

// TestTools has skopeo and umoci, which know nothing of mkimage, read what it
// writes in every form.
func TestTools(t *testing.T) {
	tool(t, "skopeo", "umoci")
	dir := t.TempDir()
	archive, folder := filepath.Join(dir, "hello.tar"), filepath.Join(dir, "hello")+"/"
	printed := mkimage(t, "build", "../../examples/hello/app.cue", "-o", archive)
	if again := mkimage(t, "build", "../../examples/hello/app.cue", "-o", folder); again != printed {
		t.Errorf("the folder is %q, the archive %q", again, printed)
	}
	_, digest, _ := strings.Cut(strings.TrimSpace(printed), "@")
	for _, source := range []string{"oci-archive:" + archive, "oci:" + folder} {
		if got := runTool(t, "skopeo", "inspect", "--format", "{{.Digest}}", source); strings.TrimSpace(got) != digest {
			t.Errorf("%s: skopeo finds %q, mkimage printed %q", source, got, digest)
		}
	}
	if got := runTool(t, "skopeo", "inspect", "--config", "docker-archive:"+archive); !strings.Contains(got, "/usr/bin/hello") {
		t.Errorf("docker-archive: no entrypoint in %s", got)
	}
	bundle := filepath.Join(dir, "bundle")
	runTool(t, "umoci", "unpack", "--rootless", "--image", filepath.Clean(folder)+":1.0", bundle)
	passwd, err := os.ReadFile(filepath.Join(bundle, "rootfs/etc/passwd"))
	if err != nil || !strings.HasPrefix(string(passwd), "nonroot:x:65532:65532:") {
		t.Errorf("umoci unpacks etc/passwd as %q, %v", passwd, err)
	}
}

// greeting returns the first line that a server sends once it is up.
func greeting(t *testing.T, address string) string {
	t.Helper()
	for range 100 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		defer c.Close()
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
	t.Fatalf("nothing answers at %s", address)
	return ""
}
