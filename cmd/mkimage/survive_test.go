package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mkimage/mkimage/internal/apktest"
)

// process returns the command mkimage as a process of its own: the test binary
// under the name that TestMain looks for.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Args = append([]string{"mkimage"}, args...)
	return cmd
}

// slowSpec writes a spec of a package whose download stalls, and returns the
// spec, the server, and what is closed when the download has begun.
func slowSpec(t *testing.T) (file string, server *apktest.Server, begun chan struct{}) {
	t.Helper()
	repo := apktest.NewRepo().Add(apktest.Package{
		Name: "large", Files: []apktest.File{apktest.Regular("srv/large", strings.Repeat("large\n", 100_000))},
	})
	server, begun = repo.Serve(t), make(chan struct{})
	server.Fail(".apk", 1, func(w http.ResponseWriter, r *http.Request, content []byte) {
		close(begun)
		apktest.StallAfter(100)(w, r, content)
	})
	dir := t.TempDir()
	repo.WriteKey(t, dir)
	file = filepath.Join(dir, "large.cue")
	text := fmt.Sprintf("name: \"large\"\nplatforms: [\"linux/amd64\"]\napk: {repositories: [%q], keys: [%q], packages: [\"large\"]}\n",
		server.URL, repo.Key.Name)
	write(t, file, text)
	return file, server, begun
}

// TestEndedBuild ends builds in the middle of a download: nothing is written,
// and the same cache serves the next build.
func TestEndedBuild(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			file, server, begun := slowSpec(t)
			cache := t.TempDir()
			build := process(t, "build", file, "--cache-dir", cache)
			var stderr bytes.Buffer
			build.Stderr = &stderr
			if err := build.Start(); err != nil {
				t.Fatal(err)
			}
			<-begun
			if err := build.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			err := build.Wait()
			if err == nil {
				t.Fatal("the build that was ended says that it succeeded")
			}
			if want := "mkimage: interrupted, nothing was written\n"; signal != syscall.SIGKILL && stderr.String() != want {
				t.Errorf("it says %q, want %q", &stderr, want)
			}
			left, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*.tar*"))
			if err != nil || len(left) > 0 {
				t.Errorf("it leaves %v, %v", left, err)
			}
			server.Heal()
			if again, afresh := runSpec(t, file, cache), runSpec(t, file, t.TempDir()); again != afresh {
				t.Errorf("with the cache it left: %q, with an empty one: %q", again, afresh)
			}
		})
	}
}

func runSpec(t *testing.T, file, cache string) string {
	t.Helper()
	out, err := process(t, "build", file, "--cache-dir", cache).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestFullDisk builds onto a file system that has no room: one error, and
// nothing left behind.
func TestFullDisk(t *testing.T) {
	small := t.TempDir()
	if runtime.GOOS != "linux" || exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small).Run() != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("cannot mount a small file system")
		}
		t.Skip("cannot mount a small file system here: this needs root on Linux")
	}
	defer exec.Command("umount", small).Run()
	spec := filepath.Join(t.TempDir(), "big.cue")
	source := filepath.Join(filepath.Dir(spec), "noise")
	write(t, source, string(noise(1<<20)))
	write(t, spec, "name: \"big\"\nfiles: \"/noise\": source: \"noise\"\n")
	for _, out := range []string{filepath.Join(small, "big.tar"), filepath.Join(small, "big") + "/"} {
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), []string{"build", spec, "-o", out}, &stdout, &stderr)
		if status != 1 || stdout.Len() > 0 || strings.Count(stderr.String(), "\n") != 1 ||
			!strings.Contains(stderr.String(), "mkimage: cannot write "+out) || !strings.Contains(stderr.String(), "no space left") {
			t.Errorf("status %d, prints %q, says %q", status, &stdout, &stderr)
		}
		if left, err := os.ReadDir(small); err != nil || len(left) > 0 {
			t.Errorf("%s leaves %v, %v", out, left, err)
		}
	}
}

// TestEndedEvaluation ends a command in what cannot be interrupted: a spec that
// CUE would evaluate for days.
func TestEndedEvaluation(t *testing.T) {
	file := filepath.Join(t.TempDir(), "endless.cue")
	write(t, file, "_l: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]\n"+
		"name: \"x\\(len([for a in _l for b in _l for c in _l for d in _l for e in _l for f in _l for g in _l for h in _l {a}]))\"\n")
	vet := process(t, "vet", file)
	if err := vet.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- vet.Wait() }()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case err := <-ended:
			if err == nil {
				t.Error("the command says that it succeeded")
			}
			return
		case <-again.C:
			vet.Process.Signal(os.Interrupt)
		}
	}
}

// TestWords checks what is printed when results cannot be, and that words of
// others do not speak to the terminal.
func TestWords(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	var stderr bytes.Buffer
	if status := run(t.Context(), []string{"version"}, full, &stderr); status != 1 ||
		stderr.String() != "mkimage: cannot write to standard output: no space left on device\n" {
		t.Errorf("status %d, says %q", status, &stderr)
	}
	stderr.Reset()
	report(&stderr, t.Context(), errors.New("cannot run \x1b[2J\r\u009b: no\n\tway"))
	if want := "mkimage: cannot run \\x1b[2J\\r\\u009b: no\n\tway\n"; stderr.String() != want {
		t.Errorf("says %q, want %q", &stderr, want)
	}
}

// noise returns bytes that do not compress, the same each time.
func noise(n int) []byte {
	b := make([]byte, n)
	for i, x := 0, uint64(1); i < n; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}
