package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary serve as the mkimage command of the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mkimage": main})
}

// TestScripts runs testdata/script: one behaviour a file, failures and
// standard error included. UPDATE=1 rewrites the expected output.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("UPDATE") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setupScript,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"apkrepo":      writeRepository,
			"corrupt":      corruptFile,
			"image":        printImage,
			"rsakey":       writeKeyPair,
			"registry":     serveRegistry,
			"remote":       printRemote,
			"serveprivate": servePrivate,
			"serve":        serveRepository,
			"sha256":       compareDigests,
		},
	})
}

// setupScript gives scripts the go command with its caches, the checkout
// ($SRC) and the folder of real packages ($ALPINE); all else is a clean
// environment.
func setupScript(env *testscript.Env) error {
	src, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	env.Setenv("SRC", src)
	env.Setenv("ALPINE", os.Getenv("MKIMAGE_ALPINE"))
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOROOT", "GOPATH"} {
		out, err := exec.CommandContext(context.Background(), "go", "env", name).Output()
		if err != nil {
			return err
		}
		env.Setenv(name, strings.TrimSpace(string(out)))
	}
	return nil
}

// condition serves "[alpine]": whether real packages are there. With CI set
// their absence is an error, so that nothing is skipped silently.
func condition(name string) (bool, error) {
	if name != "alpine" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	return haveAlpine()
}
