package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestImports holds the packages to the line of docs/architecture.md: each
// imports only what is listed, so that data flows one way.
func TestImports(t *testing.T) {
	const module = "github.com/mkimage/mkimage/"
	allowed := map[string]string{
		"schemas":             "",
		"apk":                 "",
		"apk/solver":          "apk",
		"apk/lock":            "apk",
		"internal/cache":      "",
		"apk/repo":            "apk internal/cache",
		"assemble/tree":       "",
		"apk/script":          "apk assemble/tree",
		"spec":                "schemas apk",
		"assemble":            "spec apk apk/script assemble/tree",
		"assemble/binary":     "spec apk",
		"assemble/layer":      "assemble/tree internal/cache",
		"assemble/shipped":    "apk assemble assemble/layer internal/cache",
		"assemble/oci":        "spec assemble/layer",
		"assemble/docker":     "",
		"assemble/registry":   "",
		"assemble/sbom":       "apk assemble/tree",
		"assemble/provenance": "assemble/sbom",
		"assemble/compare":    "",
		"cmd/mkimage":         "assemble/compare assemble/sbom assemble/provenance spec apk apk/solver apk/lock apk/repo apk/script assemble assemble/tree assemble/binary assemble/layer assemble/shipped assemble/oci internal/cache assemble/registry assemble/docker",
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, module+"...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		permitted, known := allowed[name]
		if !known && contains("examples internal bench", strings.Split(name, "/")[0]) {
			continue // beside the line
		}
		if !known {
			t.Errorf("%s has no place on the line yet: add it here and to docs/architecture.md", name)
		}
		for _, imported := range fields[1:] {
			short, ours := strings.CutPrefix(imported, module)
			if ours && !contains("internal/spelling internal/network", short) && !contains(permitted, short) {
				t.Errorf("%s imports %s against the line", name, short)
			}
		}
	}
}

func contains(list, word string) bool {
	for field := range strings.FieldsSeq(list) {
		if field == word {
			return true
		}
	}
	return false
}
