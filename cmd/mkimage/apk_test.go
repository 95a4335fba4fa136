package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/internal/apktest"
)

// TestApkInImage has Alpine's own apk, in a container, work on an image as on
// an installation that it made itself.
func TestApkInImage(t *testing.T) {
	tool(t, "docker")
	name := load(t, labImage(t, `"alpine-base", "openssh-server"`, "user: \"root\"\n"))
	lab := filepath.Join(apktest.Alpine(t), "lab")
	apk := func(t *testing.T, script string) string {
		t.Helper()
		return runTool(t, "docker", "run", "--rm", "--network", "none", "--volume", lab+":/lab:ro", name, "sh", "-ec", script)
	}

	t.Run("info", func(t *testing.T) {
		resolved := mkimage(t, "resolve", "--repository", lab, "--key", filepath.Join(apktest.Alpine(t), "keys", "lab.rsa.pub"),
			"--platform", "linux/amd64", "--", "alpine-base", "openssh-server")
		want := strings.Fields(strings.ReplaceAll(resolved, "=", "-"))
		got := strings.Fields(apk(t, "apk info -v"))
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("apk finds %v\nwhat was resolved is %v", got, want)
		}
	})
	// What scripts made of protected paths is all that may differ.
	t.Run("audit", func(t *testing.T) {
		if got := apk(t, "apk audit --system"); got != "" {
			t.Errorf("apk audit says:\n%s", got)
		}
	})
	t.Run("fix", func(t *testing.T) {
		if got := apk(t, "apk --no-network --repository /lab fix && apk --no-network --repository /lab upgrade"); strings.Contains(got, "ERROR") {
			t.Errorf("apk fix says:\n%s", got)
		}
	})
	t.Run("add and del", func(t *testing.T) {
		got := apk(t, "apk --no-network --repository /lab add jq && jq --version && apk del jq && ! test -e /usr/bin/jq && grep -c . /etc/apk/world")
		for _, want := range []string{"Installing jq (1.7.1-r0)", "jq-1.7.1", "Purging jq (1.7.1-r0)"} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in:\n%s", want, got)
			}
		}
		if strings.Contains(got, "ERROR") {
			t.Errorf("apk says:\n%s", got)
		}
	})
	t.Run("del what the spec asked for", func(t *testing.T) {
		got := apk(t, "apk del openssh-server && ! test -e /usr/sbin/sshd && cat /etc/apk/world")
		if !strings.HasSuffix(got, "\nalpine-base\n") {
			t.Errorf("the world after it is not alpine-base alone:\n%s", got)
		}
	})
}

// TestDockerRunsSSHD runs the example of a server from packages, without root,
// and reads its greeting.
func TestDockerRunsSSHD(t *testing.T) {
	tool(t, "docker")
	lab := filepath.Join(apktest.Alpine(t), "lab")
	dir := t.TempDir()
	key := filepath.Join(dir, "key.cue")
	write(t, key, "apk: keys: [\""+filepath.Join(apktest.Alpine(t), "keys", "lab.rsa.pub")+"\"]\n")
	archive := filepath.Join(dir, "sshd.tar")
	const release = "https://dl-cdn.alpinelinux.org/alpine/v3.19/"
	mkimage(t, "build", "../../examples/sshd/app.cue", key, "--platform", "linux/amd64", "-o", archive,
		"--mirror", release+"main="+lab, "--mirror", release+"community="+lab)
	name, port := load(t, archive), freePort(t)
	id := strings.TrimSpace(runTool(t, "docker", "run", "--detach", "--rm", "--network", "host", name, "-p", port))
	t.Cleanup(func() { exec.Command("docker", "kill", id).Run() })
	if got := greeting(t, "127.0.0.1:"+port); !strings.HasPrefix(got, "SSH-2.0-OpenSSH_9.6") {
		t.Errorf("the server greets with %q\n%s", got, runTool(t, "docker", "logs", id))
	}
}
