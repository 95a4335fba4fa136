package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// step is one row of the table.
type step struct {
	name   string
	before func() error // not measured; nil: nothing
	args   []string
	apko   []string // nil: apko has nothing like it
}

// world returns the packages of the image: 24 asked for, which come to 112 MB.
func world() []string {
	return []string{
		"alpine-base", "openssh", "git", "jq", "binutils", "coreutils", "make", "libstdc++-dev", "musl-dev", "zstd-dev", "ipmitool", "lshw",
		"wpa_supplicant", "chrony", "libgfortran", "linux-headers", "pciutils", "wget", "gnutls", "p11-kit", "gptfdisk", "dosfstools",
		"openntpd", "ppp-daemon",
	}
}

func (b *bencher) path(name string) string { return filepath.Join(b.dir, name) }

// writeInputs writes the same image for both programs.
func (b *bencher) writeInputs() error {
	keys, err := filepath.Glob(filepath.Join(b.alpine, "keys", "*.pub"))
	if err != nil {
		return err
	}
	repository := []string{filepath.Join(b.alpine, "lab")}
	b.spec = map[string]any{
		"name": "example.com/bench", "platforms": []string{"linux/amd64"}, "user": "root",
		"apk":   map[string]any{"repositories": repository, "keys": keys, "packages": world()},
		"files": map[string]any{"/etc/app.conf": map[string]string{"source": b.path("app.conf")}},
	}
	if err := b.touch(0); err != nil {
		return err
	}
	if err := writeJSON(b.path("image.cue"), b.spec); err != nil {
		return err
	}
	// JSON is CUE, and YAML too.
	return writeJSON(b.path("apko.yaml"), map[string]any{
		"archs":    []string{"x86_64"},
		"contents": map[string]any{"repositories": repository, "keyring": keys, "packages": world()},
	})
}

// touch writes the n-th content of the image's own file.
func (b *bencher) touch(n int) error {
	return os.WriteFile(b.path("app.conf"), fmt.Appendf(nil, "answer = %d\n", n), 0o644)
}

func writeJSON(path string, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

// steps returns the rows that compare one image in different states.
func (b *bencher) steps() []step {
	build := []string{"build", b.path("image.cue"), "-o", b.path("image.tar"), "--cache-dir", b.path("cache")}
	apko := []string{"build", b.path("apko.yaml"), "example.com/bench:1", b.path("apko.tar"), "--arch", "x86_64", "--sbom=false",
		"--cache-dir", b.path("apko-cache")}
	resolve := []string{"resolve", "--platform", "linux/amd64", "--cache-dir", b.path("index-cache"),
		"--repository", filepath.Join(b.alpine, "v3.19/main"), "--repository", filepath.Join(b.alpine, "v3.19/community"),
		"--", "nginx", "git", "openssh"}
	changes := 0
	return []step{
		{"cold: empty caches", func() error {
			return firstError(os.RemoveAll(b.path("cache")), os.RemoveAll(b.path("apko-cache")))
		}, build, apko},
		{"warm: one file changed", func() error {
			changes++
			return b.touch(changes)
		}, build, apko},
		{"unchanged", nil, build, apko},
		{"resolve, indexes of 23,030 packages new", func() error { return os.RemoveAll(b.path("index-cache")) }, resolve, nil},
		{"resolve, indexes seen", nil, resolve, nil},
		{"version: start of the process", nil, []string{"version"}, nil},
	}
}

func firstError(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

// measureImages measures a build of n images of the same packages, each with a
// file of its own: with an empty cache, and again with each file changed.
func (b *bencher) measureImages(ctx context.Context, n int) error {
	root := b.path("images")
	write := func(content string) error {
		for i := range n {
			dir := filepath.Join(root, fmt.Sprintf("image%d", i))
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			b.spec["name"] = fmt.Sprintf("example.com/image%d", i)
			b.spec["files"] = map[string]any{"/etc/app.conf": map[string]string{"content": content}}
			if err := writeJSON(filepath.Join(dir, "image.cue"), b.spec); err != nil {
				return err
			}
		}
		return nil
	}
	if err := firstError(os.RemoveAll(root), write("first")); err != nil {
		return err
	}
	args := []string{"build", root + "/...", "--cache-dir", b.path("images-cache")}
	times := 0
	defer os.RemoveAll(root)
	return firstError(
		b.measure(ctx, step{fmt.Sprintf("%d images, cold", n), func() error { return os.RemoveAll(b.path("images-cache")) }, args, nil}),
		b.measure(ctx, step{fmt.Sprintf("%d images, each changed", n), func() error {
			times++
			return write(fmt.Sprint(times))
		}, args, nil}),
		b.measure(ctx, step{fmt.Sprintf("%d images, unchanged", n), nil, args, nil}),
	)
}
