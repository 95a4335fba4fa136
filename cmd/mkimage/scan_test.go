package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestScanner has syft, which knows nothing of mkimage, list what is in a
// finished image: its packages must be the resolver's, and the names that it
// gives them and the modules of a Go program those of our own bill.
func TestScanner(t *testing.T) {
	if _, err := exec.LookPath("syft"); err != nil {
		t.Skip("syft is not on PATH; continuous integration does without, since building it " +
			"(go install github.com/anchore/syft/cmd/syft@latest) takes more than five minutes and 500 modules")
	}
	hello, err := filepath.Abs("../../examples/hello")
	if err != nil {
		t.Fatal(err)
	}
	archive := labImage(t, `"alpine-baselayout", "alpine-release", "busybox", "git", "openssh-server"`,
		"go: {package: \""+hello+"\", path: \"/usr/bin/hello\"}")
	spec := filepath.Join(filepath.Dir(archive), "lab.cue")
	bills := filepath.Join(t.TempDir(), "bills")
	mkimage(t, "build", spec, "--platform", "linux/amd64", "--sbom", bills, "-o", archive)

	var scan struct {
		Artifacts []struct{ Name, Version, Type, PURL string }
	}
	if err := json.Unmarshal([]byte(runTool(t, "syft", "scan", "--quiet", "--output", "json", "docker-archive:"+archive)), &scan); err != nil {
		t.Fatal(err)
	}
	var packages, purls []string
	for _, a := range scan.Artifacts {
		purls = append(purls, a.PURL)
		if a.Type == "apk" {
			packages = append(packages, a.Name+"="+a.Version)
		}
	}
	resolved := strings.Fields(mkimage(t, "resolve", spec, "--platform", "linux/amd64"))
	compareLists(t, "packages", packages, resolved)

	var bill struct{ Components []struct{ PURL string } }
	content, err := os.ReadFile(filepath.Join(bills, "lab-linux-amd64.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &bill); err != nil {
		t.Fatal(err)
	}
	var ours []string
	for _, c := range bill.Components {
		if c.PURL != "" {
			ours = append(ours, c.PURL)
		}
	}
	compareLists(t, "package URLs", purls, ours)
}

// compareLists reports what only one of two lists has.
func compareLists(t *testing.T, what string, syft, ours []string) {
	t.Helper()
	if len(syft) == 0 {
		t.Errorf("syft finds no %s", what)
	}
	for _, s := range syft {
		if !slices.Contains(ours, s) {
			t.Errorf("%s: only syft has %s", what, s)
		}
	}
	for _, s := range ours {
		if !slices.Contains(syft, s) {
			t.Errorf("%s: only mkimage has %s", what, s)
		}
	}
}
