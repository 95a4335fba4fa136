package oci_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/spec"
)

// archive writes releases to a file and returns its path.
func archive(t *testing.T, releases ...*oci.Release) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.tar")
	if err := oci.WriteArchive(context.Background(), path, releases...); err != nil {
		t.Fatal(err)
	}
	return path
}

// entries reads an archive: its names in order, and contents by name.
func entries(t *testing.T, path string) (names []string, contents map[string][]byte) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	contents = map[string][]byte{}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			return names, contents
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname+h.Gname != "" || h.ModTime.Unix() != 0 || h.Format != tar.FormatUSTAR {
			t.Errorf("the entry %s tells about the machine: %+v", h.Name, h)
		}
		names = append(names, h.Name)
		if contents[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

// names returns what a folder holds, sorted.
func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

func TestArchive(t *testing.T) {
	r := release(t, web(), "linux/amd64", "linux/arm64")
	path := archive(t, r)
	order, contents := entries(t, path)
	if want := []string{"oci-layout", "index.json", "manifest.json", "blobs/", "blobs/sha256/"}; !slices.Equal(order[:5], want) {
		t.Errorf("the archive starts with %v", order[:5])
	}
	if blobs := order[5:]; len(blobs) != 7 || !slices.IsSorted(blobs) {
		t.Errorf("the archive has not 2 layers, 2 configurations, 2 manifests and an index, sorted: %v", blobs)
	}
	if got := string(contents["oci-layout"]); got != `{"imageLayoutVersion":"1.0.0"}` {
		t.Errorf("oci-layout is %s", got)
	}
	var docker []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(contents["manifest.json"], &docker); err != nil || len(docker) != 2 {
		t.Fatalf("manifest.json has %d images, error %v", len(docker), err)
	}
	if want := []string{"registry.example/acme/web:1.4.2", "registry.example/acme/web:1"}; !slices.Equal(docker[0].RepoTags, want) {
		t.Errorf("the first image has the names %v", docker[0].RepoTags)
	}
	if docker[1].RepoTags != nil {
		t.Errorf("the second image has the names %v too", docker[1].RepoTags)
	}
	for _, image := range docker {
		for _, blob := range append(image.Layers, image.Config) {
			if _, ok := contents[blob]; !ok {
				t.Errorf("manifest.json names %s, which is not there", blob)
			}
		}
	}
	var index v1.IndexManifest
	if err := json.Unmarshal(contents["index.json"], &index); err != nil {
		t.Fatal(err)
	}
	digest, err := r.Index().Digest()
	if err != nil {
		t.Fatal(err)
	}
	for i, tag := range []string{"1.4.2", "1"} {
		d := index.Manifests[i]
		if d.Digest != digest || d.Annotations["org.opencontainers.image.ref.name"] != tag ||
			d.Annotations["io.containerd.image.name"] != "registry.example/acme/web:"+tag {
			t.Errorf("index.json has %+v for the tag %s", d, tag)
		}
	}
}

// TestReadByOthers has another program's library read both forms.
func TestReadByOthers(t *testing.T) {
	single := release(t, web(), "linux/amd64")
	img, err := tarball.ImageFromPath(archive(t, single), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(img); err != nil {
		t.Error(err)
	}
	name, err := img.ConfigName()
	want, err2 := single.Image().ConfigName()
	if err := errors.Join(err, err2); err != nil || name != want {
		t.Errorf("Docker's form has the configuration %v, want %v, error %v", name, want, err)
	}

	dir := filepath.Join(t.TempDir(), "layout")
	r := release(t, web(), "linux/amd64", "linux/arm64")
	if err := oci.WriteFolder(context.Background(), dir, r); err != nil {
		t.Fatal(err)
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := r.Index().Digest()
	if err != nil {
		t.Fatal(err)
	}
	inner, err := index.ImageIndex(digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(inner); err != nil {
		t.Error(err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"blobs", "index.json", "oci-layout"}) {
		t.Errorf("the folder holds %v", got)
	}
}

// TestSameOutput writes twice, from layers in other places, with another
// umask.
func TestSameOutput(t *testing.T) {
	first, err := os.ReadFile(archive(t, release(t, web(), "linux/amd64", "linux/arm64")))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Umask(syscall.Umask(0o077))
	second, err := os.ReadFile(archive(t, release(t, web(), "linux/amd64", "linux/arm64")))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("the same images make another archive")
	}
}

func TestSeveralReleases(t *testing.T) {
	api := web()
	api.Name.Value, api.Tags = "api", []spec.String{{Value: "1"}}
	_, contents := entries(t, archive(t, release(t, web(), "linux/amd64"), release(t, api, "linux/amd64")))
	var index v1.IndexManifest
	if err := json.Unmarshal(contents["index.json"], &index); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range index.Manifests {
		got = append(got, fmt.Sprintf("%s %s %s", d.Platform, d.Annotations["org.opencontainers.image.ref.name"], d.Annotations["io.containerd.image.name"]))
	}
	want := []string{
		"linux/amd64 registry.example/acme/web:1.4.2 registry.example/acme/web:1.4.2",
		"linux/amd64 registry.example/acme/web:1 registry.example/acme/web:1",
		"linux/amd64 api:1 docker.io/library/api:1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("index.json names\n%s", strings.Join(got, "\n"))
	}
	err := oci.WriteArchive(context.Background(), filepath.Join(t.TempDir(), "x"), release(t, api, "linux/amd64"), release(t, api, "linux/arm64"))
	if err == nil || !strings.HasSuffix(err.Error(), "/x: two images are called api:1") {
		t.Errorf("two releases of one name: %v", err)
	}
}

func TestQualifiedNames(t *testing.T) {
	for name, want := range map[string]string{
		"web":                  "docker.io/library/web:1.4.2",
		"acme/web":             "docker.io/acme/web:1.4.2",
		"docker.io/web":        "docker.io/library/web:1.4.2",
		"docker.io/acme/web":   "docker.io/acme/web:1.4.2",
		"localhost/web":        "localhost/web:1.4.2",
		"localhost:5000/web":   "localhost:5000/web:1.4.2",
		"registry.example/a/b": "registry.example/a/b:1.4.2",
	} {
		s := web()
		s.Name.Value = name
		_, contents := entries(t, archive(t, release(t, s, "linux/amd64")))
		if !bytes.Contains(contents["index.json"], []byte(`"io.containerd.image.name":"`+want+`"`)) {
			t.Errorf("%s is not %s in %s", name, want, contents["index.json"])
		}
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	first, second := release(t, web(), "linux/amd64"), release(t, web(), "linux/arm64")
	folder, file, link := filepath.Join(dir, "layout"), filepath.Join(dir, "out.tar"), filepath.Join(dir, "link.tar")
	if err := errors.Join(os.WriteFile(file, nil, 0o666), os.Symlink("out.tar", link), os.Mkdir(folder, 0o777)); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*oci.Release{first, second} {
		digest, err := r.Image().Digest()
		if err != nil {
			t.Fatal(err)
		}
		if err := oci.WriteFolder(context.Background(), folder+"/", r); err != nil {
			t.Fatal(err)
		}
		index, err := os.ReadFile(filepath.Join(folder, "index.json"))
		if err != nil || !bytes.Contains(index, []byte(digest.Hex)) {
			t.Errorf("the folder has not %v, error %v", digest, err)
		}
		if blobs := names(t, filepath.Join(folder, "blobs", "sha256")); len(blobs) != 3 {
			t.Errorf("the folder has blobs of before: %v", blobs)
		}
		if err := oci.WriteArchive(context.Background(), link, r); err != nil {
			t.Fatal(err)
		}
		if _, contents := entries(t, file); !bytes.Contains(contents["index.json"], []byte(digest.Hex)) {
			t.Errorf("the archive has not %v", digest)
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"layout", "link.tar", "out.tar"}) {
		t.Errorf("something was left behind: %v", got)
	}
}

func TestRefusedOutputs(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	err := errors.Join(
		os.MkdirAll(at("full/blobs"), 0o777), os.WriteFile(at("full/oci-layout"), nil, 0o666), os.WriteFile(at("full/notes"), nil, 0o666),
		os.MkdirAll(at("blobs-only/blobs"), 0o777), os.WriteFile(at("file"), []byte("kept"), 0o666), syscall.Mkfifo(at("pipe"), 0o666),
		os.Symlink("nowhere", at("link")),
	)
	if err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprint(names(t, dir), names(t, at("full")))
	r := release(t, web(), "linux/amd64")
	archives := map[string]string{
		"full":   "it is a folder; end the name with / to write an OCI image layout there",
		"pipe":   "it is not a regular file, and an archive is written by renaming a finished file",
		"link":   "it is a symbolic link that leads nowhere",
		"none/x": "the folder " + at("none") + " does not exist",
		"file/x": at("file") + " is not a folder",
	}
	folders := map[string]string{
		"full":       "the folder holds notes, which is no part of an OCI image layout; name another or an empty one",
		"blobs-only": "the folder is not empty and holds no OCI image layout; name another or an empty one",
		"file":       "it is not a folder",
		"none/x":     "the folder " + at("none") + " does not exist",
	}
	for name, reason := range archives {
		want := "cannot write " + at(name) + ": " + reason
		for _, err := range []error{oci.CheckArchive(at(name)), oci.WriteArchive(context.Background(), at(name), r)} {
			if err == nil || err.Error() != want {
				t.Errorf("archive:\ngot  %v\nwant %s", err, want)
			}
		}
	}
	for name, reason := range folders {
		want := "cannot write " + at(name) + ": " + reason
		for _, err := range []error{oci.CheckFolder(at(name)), oci.WriteFolder(context.Background(), at(name), r)} {
			if err == nil || err.Error() != want {
				t.Errorf("folder:\ngot  %v\nwant %s", err, want)
			}
		}
	}
	if after := fmt.Sprint(names(t, dir), names(t, at("full"))); after != before {
		t.Errorf("refused outputs were changed: %s, before %s", after, before)
	}
	if oci.CheckArchive(at("new.tar")) != nil || oci.CheckArchive(at("file")) != nil || oci.CheckFolder(at("new")) != nil {
		t.Error("a good output is refused")
	}
	if !oci.IsFolder(at("new/")) && !oci.IsFolder(at("full")) || oci.IsFolder(at("file")) || oci.IsFolder(at("new")) {
		t.Error("folders are not told from files")
	}
}

// TestFailures proves that a write that fails leaves what was there, and
// nothing else.
func TestFailures(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	tests := []struct {
		name   string
		ctx    context.Context
		damage func(l oci.Layer) error
		want   string
	}{
		{"cancelled", cancelled, nil, "context canceled"},
		{"no layer", context.Background(), func(l oci.Layer) error { return os.Remove(l.Path) },
			"cannot write OUT: cannot read blob DIGEST: open LAYER: no such file or directory"},
		{"short layer", context.Background(), func(l oci.Layer) error { return os.Truncate(l.Path, 10) },
			"cannot write OUT: blob DIGEST was changed during the build"},
		{"long layer", context.Background(), func(l oci.Layer) error { return os.Truncate(l.Path, l.Size+1) },
			"cannot write OUT: blob DIGEST was changed during the build"},
		{"other layer", context.Background(), func(l oci.Layer) error {
			return os.WriteFile(l.Path, make([]byte, l.Size), 0o666)
		}, "cannot write OUT: blob DIGEST was changed during the build"},
	}
	for _, tt := range tests {
		l := writeLayer(t, "hello")
		img, err := oci.NewImage(web(), oci.Options{Platform: platform(t, "linux/amd64"), Layer: l})
		if err != nil {
			t.Fatal(err)
		}
		r, err := oci.NewRelease(web(), nil, img)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		file, folder := filepath.Join(dir, "out.tar"), filepath.Join(dir, "layout")
		if err := errors.Join(os.WriteFile(file, []byte("before"), 0o666), os.Mkdir(folder, 0o777)); err != nil {
			t.Fatal(err)
		}
		if tt.damage != nil {
			if err := tt.damage(l); err != nil {
				t.Fatal(err)
			}
		}
		for out, err := range map[string]error{
			file:   oci.WriteArchive(tt.ctx, file, r),
			folder: oci.WriteFolder(tt.ctx, folder, r),
		} {
			want := strings.NewReplacer("OUT", out, "DIGEST", l.Digest.String(), "LAYER", l.Path).Replace(tt.want)
			if err == nil || err.Error() != want {
				t.Errorf("%s:\ngot  %v\nwant %s", tt.name, err, want)
			}
		}
		if content, err := os.ReadFile(file); err != nil || string(content) != "before" {
			t.Errorf("%s: the archive of before is gone", tt.name)
		}
		if got := append(names(t, dir), names(t, folder)...); !slices.Equal(got, []string{"layout", "out.tar"}) {
			t.Errorf("%s: left behind: %v", tt.name, got)
		}
	}
}

// TestFullDisk limits the size of files, which ends a write as a full disk
// does: with an error of write(2). The limit is a process's, so a new one runs
// the test.
func TestFullDisk(t *testing.T) {
	const limited = "MKIMAGE_TEST_LIMITED"
	if os.Getenv(limited) == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestFullDisk$")
		child.Env = append(os.Environ(), limited+"=1")
		if out, err := child.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	r := release(t, web(), "linux/amd64")
	dir := t.TempDir()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	small := limit
	small.Cur = 100
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		t.Fatal(err)
	}
	failures := map[string]error{
		"out.tar": oci.WriteArchive(context.Background(), filepath.Join(dir, "out.tar"), r),
		"layout":  oci.WriteFolder(context.Background(), filepath.Join(dir, "layout"), r),
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	for name, err := range failures {
		if want := "cannot write " + filepath.Join(dir, name) + ": file too large"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
}

// TestModes proves that the user's umask decides about the output's mode, as
// for any other program.
func TestModes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	path := archive(t, release(t, web(), "linux/amd64"))
	info, err := os.Stat(path)
	if err != nil || info.Mode() != fs.FileMode(0o640) {
		t.Errorf("the archive has the mode %v, error %v", info.Mode(), err)
	}
}
