package binary_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/assemble/binary"
	"github.com/mkimage/mkimage/spec"
)

// program writes a Go module and returns what a spec beside it says.
func program(t *testing.T, source string) *spec.Go {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module example.com/web\n\ngo 1.26\n", "cmd/web/main.go": source} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	pos := spec.Pos{File: "app.cue", Line: 2, Column: 5}
	return &spec.Go{
		Pos: pos, Dir: dir, Path: spec.String{Value: "/usr/bin/web"},
		Package: spec.Path{Written: "./cmd/web", Abs: filepath.Join(dir, "cmd", "web"), Pos: pos},
	}
}

const hello = "package main\n\nvar version = \"none\"\n\nfunc main() { println(version) }\n"

func compile(t *testing.T, g *spec.Go, platformName string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	if err := binary.Compile(context.Background(), g, platform(t, platformName), out); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestCompileReproducible proves that neither folder nor environment reach the
// program.
func TestCompileReproducible(t *testing.T) {
	first := compile(t, program(t, hello), "linux/amd64")
	g := program(t, hello)
	if err := os.Mkdir(filepath.Join(g.Dir, ".git"), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"GOFLAGS": "-ldflags=-s -tags=odd -pgo=off -toolexec=/bin/true -overlay=/nowhere -linkshared -n", "GOAMD64": "v3", "GOFIPS140": "latest", "CGO_ENABLED": "1",
		"GOOS": "windows", "GOARCH": "arm64", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PWD": "/",
		"GO111MODULE": "off", "GO_EXTLINK_ENABLED": "1",
	} {
		t.Setenv(name, value)
	}
	second := compile(t, g, "linux/amd64")
	if !bytes.Equal(first, second) {
		t.Error("the same program has other bytes in another folder and environment")
	}
	g = program(t, hello)
	g.Package, g.ImportPath = spec.Path{Pos: g.Pos}, "example.com/web/cmd/web"
	if !bytes.Equal(first, compile(t, g, "linux/amd64")) {
		t.Error("the same program has other bytes when named by its import path")
	}
}

func TestCompileSettings(t *testing.T) {
	g := program(t, "package main\n\nfunc main() { println(version, level) }\n\nvar version string\n")
	for name, source := range map[string]string{
		"level.go": "//go:build amd64.v2 && special\n\npackage main\n\nconst level = \"settings\" + \" reached it\"\n",
	} {
		if err := os.WriteFile(filepath.Join(g.Package.Abs, name), []byte(source), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	g.Ldflags = []spec.String{{Value: "-s"}, {Value: "-X main.version=some-version"}}
	g.Tags = []spec.String{{Value: "other"}, {Value: "special"}}
	g.Env = []spec.Pair{{Name: "GOAMD64", Value: "v2"}}
	content := compile(t, g, "linux/amd64")
	for _, want := range []string{"some-version", "settings reached it"} {
		if !bytes.Contains(content, []byte(want)) {
			t.Errorf("the program has no %q", want)
		}
	}
}

func TestCompileForeign(t *testing.T) {
	source := "//go:build arm && arm.6 && !arm.7\n\n" + hello
	compile(t, program(t, source), "linux/arm/v6")
}

func TestCompileRefuses(t *testing.T) {
	const where = "app.cue:2:5: cannot build ./cmd/web for linux/amd64: "
	tests := []struct {
		name   string
		source string
		change func(t *testing.T, g *spec.Go)
		want   string
	}{
		{"syntax", "package main\n\nfunc main() {\n\tx := 1\n\ty\n}\n", nil,
			where + "the go command says\n\t# example.com/web/cmd/web\n\t./main.go:4:2: declared and not used: x\n\t./main.go:5:2: undefined: y"},
		{"library", "package web\n", nil,
			where + "it is a package of another name than main; name the folder of a main package"},
		{"no folder", hello, func(t *testing.T, g *spec.Go) { g.Package.Abs += "x" }, where + "no such file or directory"},
		{"a file", hello, func(t *testing.T, g *spec.Go) { g.Package.Abs += "/main.go" },
			where + "it is not a folder; name the folder of a main package"},
		{"an option", hello, func(t *testing.T, g *spec.Go) { g.ImportPath = "-x" },
			"app.cue:2:5: cannot build -x for linux/amd64: the go command says\n\tmalformed import path \"-x\": leading dash"},
		{"decided variable", hello, func(t *testing.T, g *spec.Go) {
			g.Env = []spec.Pair{{Name: "GOOS", Value: "darwin", Pos: spec.Pos{File: "app.cue", Line: 4, Column: 7}}}
		}, "app.cue:4:7: cannot set GOOS for the go command: platforms decides it, and programs are built without cgo"},
		{"no go command", hello, func(t *testing.T, _ *spec.Go) { t.Setenv("PATH", t.TempDir()) },
			where + "there is no go command on PATH; install Go from https://go.dev/dl/ or name a compiled program under binary"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := program(t, tt.source)
			if tt.change != nil {
				tt.change(t, g)
			}
			err := binary.Compile(context.Background(), g, platform(t, "linux/amd64"), filepath.Join(t.TempDir(), "out"))
			if err == nil || err.Error() != tt.want {
				t.Errorf("got:\n%v\nwant:\n%s", err, tt.want)
			}
		})
	}
}

func TestCompileCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := binary.Compile(ctx, program(t, hello), platform(t, "linux/amd64"), filepath.Join(t.TempDir(), "out"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestCompileLongOutput checks that a flood of complaints is cut.
func TestCompileLongOutput(t *testing.T) {
	g := program(t, "package main\n\nfunc main() {\n"+strings.Repeat("\tundefined()\n", 2000)+"}\n")
	g.Env = []spec.Pair{{Name: "GOFLAGS", Value: "-gcflags=all=-e"}} // has no effect, as it is decided
	err := binary.Compile(context.Background(), g, platform(t, "linux/amd64"), filepath.Join(t.TempDir(), "out"))
	if err == nil || !strings.HasSuffix(err.Error(), ": too many errors") {
		t.Errorf("the error does not end as the compiler's do: %v", err)
	}
	long := strings.Repeat("long", 5000)
	g = program(t, "package main\n\nfunc main() {\n\t"+long+"()\n}\n")
	err = binary.Compile(context.Background(), g, platform(t, "linux/amd64"), filepath.Join(t.TempDir(), "out"))
	if err == nil || len(err.Error()) > 17<<10 || !strings.HasSuffix(err.Error(), "\n\t…") {
		t.Errorf("the error is not a short one with an end that says so: %v", err)
	}
}
