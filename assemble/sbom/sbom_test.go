package sbom_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble/sbom"
	"github.com/mkimage/mkimage/assemble/tree"
)

func dependencies(t *testing.T, words ...string) (list []apk.Dependency) {
	t.Helper()
	for _, s := range words {
		d, err := apk.ParseDependency(s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, d)
	}
	return list
}

// bill has one of everything.
func bill(t *testing.T) *sbom.Bill {
	t.Helper()
	return &sbom.Bill{
		Name: "ghcr.io/acme/web", Digest: "sha256:" + strings.Repeat("ab", 32), Created: 1_700_000_000, Tool: "v1.2.3",
		Platform:     apk.Platform{OS: "linux", Architecture: "arm", Variant: "v7"},
		Distribution: sbom.Distribution{ID: "alpine", Version: "3.19.1"},
		Packages: []sbom.Package{
			{SHA256: strings.Repeat("01", 32), URL: "https://dl.example/alpine/v3.19/main/armv7/musl-1.2.4_git20230717-r4.apk", Package: &apk.Package{
				Name: "musl", Version: "1.2.4_git20230717-r4", Arch: "armv7", License: "MIT", Origin: "musl",
				Description: "the musl c library (libc) <implementation>", URL: "https://musl.libc.org/",
				Maintainer: "Timo Teräs <timo@example.com>", Commit: "ca7f2ab5e88794e4e654b40776f8a92256f50639",
				Checksum: apk.Checksum{1, 2, 3}, Provides: dependencies(t, "so:libc.musl-armv7.so.1=1"),
			}},
			{SHA256: strings.Repeat("02", 32), Package: &apk.Package{
				Name: "libstdc++", Version: "13.2.1-r0", Arch: "armv7", License: "GPL-2.0-or-later AND custom", Origin: "gcc", URL: "none",
				Depends: dependencies(t, "so:libc.musl-armv7.so.1", "musl>1", "musl<1", "!uclibc", "absent"), Checksum: apk.Checksum{4},
			}},
			{SHA256: strings.Repeat("03", 32), Package: &apk.Package{
				Name: "odd", Version: "1", Arch: "noarch", License: "MIT BSD", Maintainer: "Nobody",
				Depends: dependencies(t, "libstdc++", "musl"), Checksum: apk.Checksum{5},
			}},
		},
		Programs: []sbom.Program{
			{Path: "/usr/bin/web", Build: &debug.BuildInfo{
				GoVersion: "go1.26.0 X:jsonv2", Path: "example.com/web/cmd/web",
				Main: debug.Module{Path: "example.com/web", Version: "(devel)"},
				Deps: []*debug.Module{
					{Path: "github.com/Acme/old", Version: "v1.0.0", Sum: "h1:old=", Replace: &debug.Module{Path: "github.com/Acme/new", Version: "v2.0.0+incompatible", Sum: "h1:new="}},
					{Path: "golang.org/x/here", Version: "v0.1.0", Sum: "h1:here=", Replace: &debug.Module{Path: "../here"}},
					{Path: "golang.org/x/sys", Version: "v0.49.0", Sum: "h1:sys="},
				},
			}},
			{Path: "/usr/bin/c-program"},
		},
		Files: []sbom.File{
			{Path: "/etc/größe +", SHA1: strings.Repeat("11", 20), SHA256: strings.Repeat("12", 32)},
			{Path: "/usr/bin/c-program", SHA1: strings.Repeat("31", 20), SHA256: strings.Repeat("32", 32)},
			{Path: "/usr/bin/web", SHA1: strings.Repeat("21", 20), SHA256: strings.Repeat("22", 32)},
		},
	}
}

var update = flag.Bool("update", false, "rewrite testdata")

// TestDocuments compares whole documents, which other programs have judged.
func TestDocuments(t *testing.T) {
	for name, write := range map[string]func(*sbom.Bill) ([]byte, error){
		"web.spdx.json": (*sbom.Bill).SPDX, "web.cdx.json": (*sbom.Bill).CycloneDX,
	} {
		got, err := write(bill(t))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, got, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what testdata has; -update rewrites it:\n%s", name, got)
		}
		changed := bill(t)
		changed.Created++
		if other, err := write(changed); err != nil || serial(string(other)) == serial(string(got)) {
			t.Errorf("%s: another bill has the same serial number %s", name, serial(string(got)))
		}
	}
}

// serial returns the line with a document's own name.
func serial(document string) string {
	for line := range strings.Lines(document) {
		if strings.Contains(line, "documentNamespace") || strings.Contains(line, "serialNumber") {
			return line
		}
	}
	return ""
}

func TestPackageURL(t *testing.T) {
	p := &apk.Package{Name: "Libstdc++", Version: "1.0~x_git1-r0", Arch: "x86_64", Origin: "gcc"}
	for d, want := range map[sbom.Distribution]string{
		{}:                       "pkg:apk/alpine/libstdc%2B%2B@1.0~x_git1-r0?arch=x86_64&upstream=gcc",
		{"alpine", "edge"}:       "pkg:apk/alpine/libstdc%2B%2B@1.0~x_git1-r0?arch=x86_64&distro=alpine-edge&upstream=gcc",
		{"wolfi", "20230201"}:    "pkg:apk/wolfi/libstdc%2B%2B@1.0~x_git1-r0?arch=x86_64&distro=wolfi-20230201&upstream=gcc",
		{ID: "a/b", Version: ""}: "pkg:apk/a%2Fb/libstdc%2B%2B@1.0~x_git1-r0?arch=x86_64&upstream=gcc",
	} {
		if got := sbom.PackageURL(p, d); got != want {
			t.Errorf("%+v: %s, want %s", d, got, want)
		}
	}
}

func TestDistribution(t *testing.T) {
	for _, c := range []struct {
		path, release string
		repositories  []string
		want          sbom.Distribution
	}{
		{"etc/os-release", "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.19.1\n", []string{"https://x.example/v3.18/main"}, sbom.Distribution{ID: "alpine", Version: "3.19.1"}},
		{"usr/lib/os-release", "ID='wolfi'\nVERSION_ID=\"20230201\"", nil, sbom.Distribution{ID: "wolfi", Version: "20230201"}},
		{"etc/os-release", "nothing", []string{"/srv/v3.17/main", "https://x.example/alpine/edge/main"}, sbom.Distribution{ID: "alpine", Version: "edge"}},
		{"etc/hosts", "", []string{"https://u:p@x.example/alpine/v3.19/main"}, sbom.Distribution{ID: "alpine", Version: "3.19"}},
		{"etc/hosts", "", []string{"https://x.example/v3/vx.1/main", ":"}, sbom.Distribution{}},
	} {
		root := tree.New()
		if _, err := root.MkdirAll(filepath.Dir(c.path), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := root.WriteFile(c.path, tree.Bytes(c.release), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := sbom.FindDistribution(root, c.repositories); got != c.want {
			t.Errorf("%s %q and %q: %+v, want %+v", c.path, c.release, c.repositories, got, c.want)
		}
	}
}

func TestFiles(t *testing.T) {
	root := tree.New()
	for _, path := range []string{"made", "shipped"} {
		if _, err := root.WriteFile(path, tree.Bytes("hello"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	n, err := root.Stat("shipped")
	if err != nil {
		t.Fatal(err)
	}
	n.Source.Package = 1
	got, err := sbom.Files(t.Context(), root)
	want := sbom.File{
		Path: "/made", SHA1: "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
		SHA256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
	}
	if err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("Files = %+v, %v", got, err)
	}
}

// TestReadBuild reads the running program and what is none.
func TestReadBuild(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	build, err := sbom.ReadBuild(self)
	if err != nil || build == nil || !strings.HasPrefix(build.GoVersion, "go1.") {
		t.Errorf("of this program: %+v, %v", build, err)
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if build, err := sbom.ReadBuild(text); build != nil || err != nil {
		t.Errorf("of a script: %+v, %v", build, err)
	}
	if _, err := sbom.ReadBuild(text + "-absent"); err == nil {
		t.Error("an absent file is no error")
	}
}
