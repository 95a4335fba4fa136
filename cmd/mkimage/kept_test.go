package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mkimage/mkimage/internal/apktest"
)

// keptSpec writes a spec of two packages of some size in a folder, and returns
// the spec.
func keptSpec(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	repo := apktest.NewRepo()
	for _, name := range []string{"one", "two"} {
		repo.Add(apktest.Package{Name: name, Files: []apktest.File{
			apktest.Regular("srv/"+name, string(noise(3<<20))), apktest.Regular("etc/"+name, name),
		}})
	}
	for name, content := range repo.Files() {
		path := filepath.Join(dir, "repo", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, path, string(content))
	}
	repo.WriteKey(t, dir)
	file := filepath.Join(dir, "app.cue")
	write(t, file, fmt.Sprintf("name: \"app\"\nplatforms: [\"linux/amd64\"]\nuser: \"root\"\n"+
		"apk: {repositories: [\"repo\"], keys: [%q], packages: [\"one\", \"two\"]}\n", repo.Key.Name))
	return file
}

// buildKept builds a spec with a cache to a new file and returns its content.
func buildKept(t *testing.T, file, cacheDir string) []byte {
	t.Helper()
	output := filepath.Join(t.TempDir(), "app.tar")
	if out, err := process(t, "build", file, "-o", output, "--cache-dir", cacheDir).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
		return nil
	}
	content, err := os.ReadFile(output)
	if err != nil {
		t.Error(err)
	}
	return content
}

// TestDamagedKept damages each file of a full cache in turn: the next build is
// the same, and so is the one after it.
func TestDamagedKept(t *testing.T) {
	file, dir := keptSpec(t), t.TempDir()
	want := buildKept(t, file, dir)
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(files) < 6 {
		t.Fatalf("the cache has %q, error %v", files, err)
	}
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, string(apktest.Flip(content, len(content)/2)))
		for range 2 {
			if !bytes.Equal(buildKept(t, file, dir), want) {
				t.Errorf("with a damaged %s the image is another", path)
			}
		}
	}
}

// TestKilledKept kills builds at many moments: the cache that they leave serves
// the next one.
func TestKilledKept(t *testing.T) {
	file := keptSpec(t)
	want := buildKept(t, file, t.TempDir())
	dir := t.TempDir()
	for i := range 12 {
		build := process(t, "build", file, "-o", filepath.Join(t.TempDir(), "app.tar"), "--cache-dir", dir)
		if err := build.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 15 * time.Millisecond)
		build.Process.Kill()
		build.Wait()
	}
	if !bytes.Equal(buildKept(t, file, dir), want) {
		t.Error("after killed builds the image is another")
	}
}

// TestKeptTogether: builds that share a new cache, while it is pruned again and
// again, come to the same.
func TestKeptTogether(t *testing.T) {
	file, dir := keptSpec(t), t.TempDir()
	want := buildKept(t, file, t.TempDir())
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			for range 2 {
				if !bytes.Equal(buildKept(t, file, dir), want) {
					t.Error("the image is another")
				}
				if out, err := process(t, "cache", "prune", "--max-size", "0", "--cache-dir", dir).CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			}
		})
	}
	group.Wait()
}
