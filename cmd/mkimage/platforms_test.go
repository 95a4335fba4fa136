package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/mkimage/mkimage/internal/apktest"
)

// target is an architecture of Alpine: its OCI names, and how its programs are
// marked.
type target struct {
	arch, architecture, variant string
	machine                     elf.Machine
	class                       elf.Class
	data                        elf.Data
}

func (t target) platform() string {
	return strings.TrimSuffix("linux/"+t.architecture+"/"+t.variant, "/")
}

// targets are all of them.
func targets() []target {
	const (
		is32, is64  = elf.ELFCLASS32, elf.ELFCLASS64
		little, big = elf.ELFDATA2LSB, elf.ELFDATA2MSB
	)
	return []target{
		{"x86_64", "amd64", "", elf.EM_X86_64, is64, little},
		{"aarch64", "arm64", "", elf.EM_AARCH64, is64, little},
		{"armv7", "arm", "v7", elf.EM_ARM, is32, little},
		{"armhf", "arm", "v6", elf.EM_ARM, is32, little},
		{"x86", "386", "", elf.EM_386, is32, little},
		{"ppc64le", "ppc64le", "", elf.EM_PPC64, is64, little},
		{"s390x", "s390x", "", elf.EM_S390, is64, big},
		{"riscv64", "riscv64", "", elf.EM_RISCV, is64, little},
		{"loongarch64", "loong64", "", elf.EM_LOONGARCH, is64, little},
	}
}

// program returns the headers of a static program: enough for telling what it
// runs on.
func (t target) program() []byte {
	ident := [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(t.class), byte(t.data), byte(elf.EV_CURRENT)}
	const base, size = 0x10000, 0x1000
	var b bytes.Buffer
	var order binary.ByteOrder = binary.LittleEndian
	if t.data == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	if t.class == elf.ELFCLASS64 {
		binary.Write(&b, order, elf.Header64{
			Ident: ident, Type: uint16(elf.ET_EXEC), Machine: uint16(t.machine), Version: 1, Entry: base + 0x100,
			Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1, Shentsize: 64,
		})
		binary.Write(&b, order, elf.Prog64{
			Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: base, Paddr: base, Filesz: size, Memsz: size, Align: size,
		})
	} else {
		binary.Write(&b, order, elf.Header32{
			Ident: ident, Type: uint16(elf.ET_EXEC), Machine: uint16(t.machine), Version: 1, Entry: base + 0x100,
			Phoff: 52, Ehsize: 52, Phentsize: 32, Phnum: 1, Shentsize: 40,
		})
		binary.Write(&b, order, elf.Prog32{
			Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: base, Paddr: base, Filesz: size, Memsz: size, Align: size,
		})
	}
	return append(b.Bytes(), make([]byte, size-b.Len())...)
}

// platformSpec writes a repository and programs for all targets, and a spec of
// them. Every package says in a file which architecture it is for.
func platformSpec(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	r := apktest.NewRepo()
	var platforms []string
	for _, target := range targets() {
		r.AddTo(target.arch,
			apktest.Package{Name: "data", Arch: "noarch", Files: []apktest.File{apktest.Regular("usr/share/data", "the same")}},
			apktest.Package{Name: "base", Version: "1.0-r1", Depends: []string{"data"}, Files: []apktest.File{apktest.Regular("etc/arch", target.arch)}},
		)
		platforms = append(platforms, fmt.Sprintf("%q", target.platform()))
		write(t, filepath.Join(dir, "tool-linux-"+target.architecture+target.variant), string(target.program()))
	}
	r.WriteDir(t, filepath.Join(dir, "repo"))
	r.WriteKey(t, dir)
	file := filepath.Join(dir, "app.cue")
	write(t, file, fmt.Sprintf("name: \"example.com/app\"\nplatforms: [%s]\napk: {repositories: [\"repo\"], keys: [%q], packages: [\"base\"]}\n"+
		"binary: {source: \"tool-{os}-{arch}{variant}\", path: \"/usr/bin/tool\"}\n", strings.Join(platforms, ", "), r.Key.Name))
	return file
}

// TestPlatforms builds for all of Alpine's architectures at once, from indexes
// and from a lock: an index of images, each with its own packages and program
// and the right names.
func TestPlatforms(t *testing.T) {
	file := platformSpec(t)
	dir := filepath.Dir(file)
	printed := mkimage(t, "build", file, "-o", filepath.Join(dir, "out")+"/")
	resolved := mkimage(t, "resolve", file)
	mkimage(t, "lock", file)
	if err := os.Rename(filepath.Join(dir, "repo"), filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	for _, target := range targets() {
		if !strings.Contains(resolved, "# example.com/app "+target.platform()+"\ndata=1.0-r0\nbase=1.0-r1\n") {
			t.Errorf("%s: not resolved in\n%s", target.platform(), resolved)
		}
		if err := os.Remove(filepath.Join(dir, "gone", target.arch, "APKINDEX.tar.gz")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(dir, "gone"), filepath.Join(dir, "repo")); err != nil {
		t.Fatal(err)
	}
	if again := mkimage(t, "build", file, "-o", filepath.Join(dir, "locked")+"/"); again != printed {
		t.Errorf("built from the lock: %s, from indexes: %s", again, printed)
	}
	checkPlatforms(t, filepath.Join(dir, "out"))
}

// checkPlatforms reads an OCI layout with an index of all targets.
func checkPlatforms(t *testing.T, path string) {
	t.Helper()
	top, err := layout.ImageIndexFromPath(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(top); err != nil {
		t.Error(err)
	}
	names, err := top.IndexManifest()
	if err != nil || len(names.Manifests) != 1 {
		t.Fatalf("the layout has %d entries, %v", len(names.Manifests), err)
	}
	index, err := top.ImageIndex(names.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != len(targets()) {
		t.Fatalf("%d images, %v", len(manifest.Manifests), err)
	}
	for i, target := range targets() {
		image, err := index.Image(manifest.Manifests[i].Digest)
		if err != nil {
			t.Fatal(err)
		}
		target.check(t, manifest.Manifests[i].Platform, image)
	}
}

func (t target) check(tb testing.TB, described *v1.Platform, image v1.Image) {
	tb.Helper()
	c, err := image.ConfigFile()
	if err != nil {
		tb.Fatal(err)
	}
	want := v1.Platform{OS: "linux", Architecture: t.architecture, Variant: t.variant}
	// An os.version or feature would be Windows's (image specification).
	if !described.Equals(want) || !c.Platform().Equals(want) {
		tb.Errorf("%s: the index says %+v, the config %+v", t.platform(), described, c.Platform())
	}
	for name, content := range map[string]string{"etc/arch": t.arch, "usr/bin/tool": string(t.program()), "usr/share/data": "the same"} {
		if got := contentOf(tb, image, name); got != content {
			tb.Errorf("%s: %s is %.40q, want %.40q", t.platform(), name, got, content)
		}
	}
}

// TestMissingOnPlatforms: what a cache lacks is said for all platforms at once.
func TestMissingOnPlatforms(t *testing.T) {
	file := platformSpec(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, strings.Replace(string(text), `"repo"`, `"http://localhost:1/alpine"`, 1))
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"build", file, "--offline", "--cache-dir", t.TempDir()}, &stdout, &stderr); status != 1 {
		t.Errorf("status %d", status)
	}
	for _, target := range targets() {
		if !strings.Contains(stderr.String(), "http://localhost:1/alpine/"+target.arch+"/APKINDEX.tar.gz") {
			t.Errorf("nothing of %s in %s", target.arch, &stderr)
		}
	}
	if strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("more than a line: %s", &stderr)
	}
}

// contentOf returns what a file of an image's only layer holds.
func contentOf(tb testing.TB, image v1.Image, name string) string {
	tb.Helper()
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		tb.Fatalf("%d layers, %v", len(layers), err)
	}
	r, err := layers[0].Uncompressed()
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if err != nil {
			return err.Error()
		}
		if h.Name == name {
			content, err := io.ReadAll(archive)
			if err != nil {
				tb.Fatal(err)
			}
			return string(content)
		}
	}
}
