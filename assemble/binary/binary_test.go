package binary_test

import (
	"bytes"
	"debug/elf"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble/binary"
	"github.com/mkimage/mkimage/internal/apktest"
	"github.com/mkimage/mkimage/spec"
)

func platform(t testing.TB, s string) apk.Platform {
	t.Helper()
	p, err := apk.ParsePlatform(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// check writes content to a file and checks it as usr/bin/web of an image that
// has the files given.
func check(t *testing.T, content []byte, platformName string, files ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "web")
	if err := os.WriteFile(path, content, 0o755); err != nil {
		t.Fatal(err)
	}
	source := spec.Path{Written: "dist/web", Abs: path, Pos: spec.Pos{File: "app.cue", Line: 3, Column: 9}}
	provides := func(path string) bool { return slices.Contains(files, path) }
	err := binary.Check(source, "/usr/bin/web", platform(t, platformName), provides)
	if err == nil {
		return ""
	}
	message, ok := strings.CutPrefix(err.Error(), "app.cue:3:9: cannot use dist/web: ")
	if !ok || strings.Contains(message, "\n") {
		t.Errorf("the error is not one line with position and name: %q", err)
	}
	return message
}

func TestCheckPlatform(t *testing.T) {
	programs := map[string]elfFile{
		"linux/amd64":   {machine: elf.EM_X86_64},
		"linux/arm64":   {machine: elf.EM_AARCH64},
		"linux/arm/v7":  {machine: elf.EM_ARM, class: elf.ELFCLASS32},
		"linux/386":     {machine: elf.EM_386, class: elf.ELFCLASS32},
		"linux/ppc64le": {machine: elf.EM_PPC64},
		"linux/s390x":   {machine: elf.EM_S390, data: elf.ELFDATA2MSB},
		"linux/riscv64": {machine: elf.EM_RISCV},
		"linux/loong64": {machine: elf.EM_LOONGARCH},
	}
	for built, program := range programs {
		for wanted := range programs {
			got := check(t, program.bytes(), wanted)
			want := ""
			if built != wanted {
				name := strings.TrimSuffix(built, "/v7")
				want = "it is a program for " + name + ", and the image is for " + wanted
			}
			if got != want {
				t.Errorf("%s for %s: %q, want %q", built, wanted, got, want)
			}
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	change := func(do func(*elfFile)) []byte {
		f := amd64()
		do(&f)
		return f.bytes()
	}
	const macOS = "it is a program for macOS (Mach-O); build it for Linux (Go: GOOS=linux)"
	tests := []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty", nil, "it is empty"},
		{"text", []byte("hello"), "it is not an ELF program"},
		{"script", []byte("#!/bin/sh -e\necho\n"), "it is a script for /bin/sh -e, not a program; put it into the image with files"},
		{"script of nothing", []byte("#!\n"), "it is a script, not a program; put it into the image with files"},
		{"script that hides", []byte("#! /bin/\x1b[2Jsh\n"), `it is a script for "/bin/\x1b[2Jsh", not a program; put it into the image with files`},
		{"mach-o", []byte("\xcf\xfa\xed\xfe\x0c\x00\x00\x01"), macOS},
		{"universal mach-o", []byte("\xca\xfe\xba\xbe\x00\x00\x00\x02"), macOS},
		{"java", []byte("\xca\xfe\xba\xbe\x00\x00\x00\x34"), "it is a Java class, not a program for Linux"},
		{"windows", []byte("MZ\x90\x00"), "it is a program for Windows; build it for Linux (Go: GOOS=linux)"},
		{"wasm", []byte("\x00asm\x01"), "it is a WebAssembly module, not a program for Linux"},
		{"gzip", []byte("\x1f\x8b\x08"), "it is compressed with gzip; unpack it"},
		{"ar", []byte("!<arch>\n"), "it is an archive of object files, not a program"},
		{"freebsd", change(func(f *elfFile) { f.osabi = elf.ELFOSABI_FREEBSD }),
			"it is a program for another system (ELFOSABI_FREEBSD); build it for Linux (Go: GOOS=linux)"},
		{"object", change(func(f *elfFile) { f.kind = elf.ET_REL }), "it is an object file, not a program; link it"},
		{"core", change(func(f *elfFile) { f.kind = elf.ET_CORE }), "it is an ELF file of the type ET_CORE, not a program"},
		{"library", change(func(f *elfFile) { f.kind, f.soname = elf.ET_DYN, "libx.so.1" }), "it is a shared library, not a program"},
		{"x32", change(func(f *elfFile) { f.class = elf.ELFCLASS32 }),
			"it is a program for linux/EM_X86_64, 32 bits, little-endian, and the image is for linux/amd64"},
		{"half a header", amd64().bytes()[:40], "it is a damaged ELF program: it ends in the middle"},
		{"only the magic", []byte("\x7fELF"), "it is a damaged ELF program: it ends in the middle"},
		{"no program headers", amd64().bytes()[:64], "it is a damaged ELF program: it ends in the middle"},
		{"unknown class", []byte("\x7fELF\x09\x01\x01\x00________"), "it is a damaged ELF program: it has neither 32 nor 64 bits"},
		{"control character", change(func(f *elfFile) { f.interp = "/lib/\x1b" }),
			`it is a damaged ELF program: it has the control character '\x1b' in a name`},
	}
	for _, tt := range tests {
		if got := check(t, tt.content, "linux/amd64"); got != tt.want {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

func TestCheckARM(t *testing.T) {
	// Values of Tag_CPU_arch: 6 is v6, 9 v6K, 10 v7, 14 v8; 0 leaves it out.
	tests := []struct {
		arch     byte
		platform string
		want     string
	}{
		{0, "linux/arm/v6", ""},
		{6, "linux/arm/v6", ""},
		{9, "linux/arm/v6", ""},
		{10, "linux/arm/v6", "it is a program for ARMv7, and the image is for linux/arm/v6"},
		{10, "linux/arm/v7", ""},
		{14, "linux/arm/v7", "it is a program for ARMv8, and the image is for linux/arm/v7"},
	}
	for _, tt := range tests {
		f := elfFile{machine: elf.EM_ARM, class: elf.ELFCLASS32, arm: tt.arch}
		if got := check(t, f.bytes(), tt.platform); got != tt.want {
			t.Errorf("%d on %s: %q, want %q", tt.arch, tt.platform, got, tt.want)
		}
	}
}

func TestCheckDynamic(t *testing.T) {
	const (
		musl  = "/lib/ld-musl-x86_64.so.1"
		glibc = "/lib64/ld-linux-x86-64.so.2"
	)
	needs := func(what string) string {
		return "it is linked dynamically and needs " + what + ", which the image does not have; " +
			"link it statically (Go: CGO_ENABLED=0) or install packages that provide them"
	}
	tests := []struct {
		name    string
		program elfFile
		files   []string
		want    string
	}{
		{"static pie", elfFile{kind: elf.ET_DYN, pie: true}, nil, ""},
		{"alone", elfFile{interp: musl, needed: []string{"libz.so.1", "libc.musl-x86_64.so.1"}}, nil,
			needs("the interpreter " + musl + " and libz.so.1, libc.musl-x86_64.so.1")},
		{"nothing but the interpreter", elfFile{interp: musl}, nil, needs("the interpreter " + musl)},
		{"provided", elfFile{interp: musl, needed: []string{"libz.so.1"}}, []string{musl, "/usr/lib/libz.so.1"}, ""},
		{"part of musl", elfFile{interp: musl, needed: []string{"libc.so", "libm.so.6"}}, []string{musl}, ""},
		{"part of musl by gcompat", elfFile{interp: glibc, needed: []string{"libc.so.6"}}, []string{glibc, "/lib/libgcompat.so.0"}, ""},
		{"not part of glibc", elfFile{interp: glibc, needed: []string{"libc.so.6"}}, []string{glibc}, needs("libc.so.6")},
		{"64-bit folder of glibc", elfFile{interp: glibc, needed: []string{"libc.so.6"}}, []string{glibc, "/lib64/libc.so.6"}, ""},
		{"one is missing", elfFile{interp: musl, needed: []string{"libz.so.1", "libx.so"}}, []string{musl, "/lib/libz.so.1"}, needs("libx.so")},
		{"runpath", elfFile{interp: musl, needed: []string{"libx.so"}, runpath: "/nowhere:$ORIGIN/../lib/web"},
			[]string{musl, "/usr/lib/web/libx.so"}, ""},
		{"rpath", elfFile{interp: musl, needed: []string{"libx.so"}, rpath: "/opt/lib"}, []string{musl, "/opt/lib/libx.so"}, ""},
		{"runpath before rpath", elfFile{interp: musl, needed: []string{"libx.so"}, rpath: "/opt/lib", runpath: "/srv"},
			[]string{musl, "/opt/lib/libx.so"}, needs("libx.so")},
		{"path", elfFile{interp: musl, needed: []string{"/opt/libx.so"}}, []string{musl, "/opt/libx.so"}, ""},
		{"32 bits", elfFile{interp: "/lib/ld-musl-i386.so.1", needed: []string{"libz.so.1"}, class: elf.ELFCLASS32, machine: elf.EM_386},
			[]string{"/lib/ld-musl-i386.so.1"}, needs("libz.so.1")},
	}
	for _, tt := range tests {
		name := "linux/386"
		if tt.program.machine == 0 {
			tt.program.machine, name = elf.EM_X86_64, "linux/amd64"
		}
		if got := check(t, tt.program.bytes(), name, tt.files...); got != tt.want {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

func TestCheckNoFile(t *testing.T) {
	file := spec.Path{Written: "dist/web", Abs: filepath.Join(t.TempDir(), "web")}
	err := binary.Check(file, "/web", platform(t, "linux/amd64"), nil)
	if want := "cannot use dist/web: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	file.Abs = filepath.Dir(file.Abs)
	err = binary.Check(file, "/web", platform(t, "linux/amd64"), nil)
	if want := "cannot use dist/web: it is not a regular file"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestReadAlpine reads a program that Alpine linked.
func TestReadAlpine(t *testing.T) {
	dir := apktest.Alpine(t)
	g := readAlpine(t, dir, "jq-*.apk", "usr/bin/jq")
	if g.Interpreter != "/lib/ld-musl-x86_64.so.1" || !slices.Contains(g.Needed, "libonig.so.5") {
		t.Errorf("jq has the interpreter %s and needs %v", g.Interpreter, g.Needed)
	}
	provided := []string{"/lib/ld-musl-x86_64.so.1", "/usr/lib/libonig.so.5"}
	provides := func(path string) bool { return slices.Contains(provided, path) }
	if err := g.Check("/usr/bin/jq", platform(t, "linux/amd64"), provides); err != nil {
		t.Error(err)
	}
	if g := readAlpine(t, dir, "busybox-static-*.apk", "bin/busybox.static"); g != nil && !g.Static() {
		t.Errorf("busybox.static needs %s", g.Interpreter)
	}
}

func FuzzRead(f *testing.F) {
	full := elfFile{machine: elf.EM_X86_64, interp: "/lib/ld", needed: []string{"libc.so"}, runpath: "/lib", soname: "x", pie: true}
	f.Add(full.bytes())
	narrow := full
	narrow.class, narrow.machine, narrow.data, narrow.arm = elf.ELFCLASS32, elf.EM_ARM, elf.ELFDATA2MSB, 10
	f.Add(narrow.bytes())
	f.Add([]byte("#!/bin/sh"))
	f.Fuzz(func(t *testing.T, content []byte) {
		g, err := binary.Read(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x00\x1b") {
				t.Errorf("the error has control characters: %q", err)
			}
			return
		}
		for _, name := range append(g.Needed, g.Interpreter, g.Soname) {
			if !bytes.Contains(content, []byte(name)) {
				t.Errorf("%q is not in the file", name)
			}
		}
		_ = g.Check("/usr/bin/x", apk.Platform{OS: "linux", Architecture: "amd64"}, func(string) bool { return false })
	})
}
