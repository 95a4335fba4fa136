package binary

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/spec"
)

// maxGoOutput is how much of the go command's complaints an error repeats.
const maxGoOutput = 16 << 10

// Compile compiles a Go program for a platform into the file output, with the
// go command on PATH and in its own cache, and checks the result.
//
// The go command gets the environment of this process but for what would
// change the program: the target, cgo, architecture levels and experiments are
// pinned, and flags for the compiler and linker come from the spec alone. (A
// setting that "go env -w" saved for GOEXPERIMENT counts as part of the Go
// installation.) g.Env goes before both; it cannot name what platforms decide.
//
// Errors begin with the program's position; what the compiler said follows
// below, a line each. An ended context passes as it is.
func Compile(ctx context.Context, g *spec.Go, p apk.Platform, output string) error {
	env, err := goEnv(g, p, os.Environ())
	if err != nil {
		return err
	}
	name, dir, target := g.Package.Written, g.Package.Abs, "."
	if g.ImportPath != "" {
		name, dir, target = g.ImportPath, g.Dir, g.ImportPath
	}
	fail := func(err error) error {
		return at(g.Pos, fmt.Errorf("cannot build %s for %s: %w", name, p, err))
	}
	output, err = filepath.Abs(output)
	if err != nil {
		return fail(err)
	}
	if info, err := os.Stat(dir); err != nil {
		return fail(pathReason(err))
	} else if !info.IsDir() {
		return fail(errors.New("it is not a folder; name the folder of a main package"))
	}
	if err := runGo(ctx, dir, env, goArgs(g, target, output)); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fail(err)
	}
	program, err := open(output)
	if err == nil {
		err = program.Check(g.Path.Value, p, nil)
	}
	if err != nil {
		return fail(fmt.Errorf("the result is not a program: %w", err))
	}
	return nil
}

// goArgs are the arguments of the go command. Flags that decide the program's
// bytes are always given, so that those of GOFLAGS have no effect. Version
// control stamps would make a program depend on the state of a work tree.
func goArgs(g *spec.Go, target, output string) []string {
	return []string{
		"build", "-o", output, "-trimpath", "-buildvcs=false", "-buildmode=exe", "-race=false", "-cover=false",
		"-gcflags=", "-asmflags=", "-pgo=auto", "-compiler=gc", "-linkshared=false", "-msan=false", "-asan=false",
		"-toolexec=", "-overlay=", "-modfile=", "-n=false",
		"-ldflags=" + strings.Join(list(g.Ldflags), " "),
		"-tags=" + strings.Join(list(g.Tags), ","),
		"--", target,
	}
}

func runGo(ctx context.Context, dir string, env, args []string) error {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return errors.New("there is no go command on PATH; install Go from https://go.dev/dl/ or name a compiled program under binary")
	}
	cmd := exec.CommandContext(ctx, goCommand, args...)
	cmd.Dir = dir
	cmd.Env = append(env, "PWD="+dir)
	out := &head{}
	cmd.Stdout, cmd.Stderr = out, out
	// The go command removes its temporary files when it is interrupted.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && strings.Contains(string(out.kept), "-buildmode=exe requires exactly one main package"):
		return errors.New("it is a package of another name than main; name the folder of a main package")
	case errors.As(err, &exit) && len(out.kept) > 0:
		return fmt.Errorf("the go command says\n%s", out.indented())
	}
	return fmt.Errorf("the go command failed: %w", err)
}

// goEnv returns the environment for the go command.
func goEnv(g *spec.Go, p apk.Platform, environ []string) ([]string, error) {
	decided := map[string]string{"GOOS": p.OS, "GOARCH": p.Architecture, "CGO_ENABLED": "0"}
	if v := armVersion(p.Variant); p.Architecture == "arm" && v != 0 {
		decided["GOARM"] = fmt.Sprint(v)
	}
	pinned := map[string]string{
		// The levels that Go takes by default (go help environment).
		"GO386": "sse2", "GOAMD64": "v1", "GOARM64": "v8.0", "GOPPC64": "power8", "GORISCV64": "rva20u64",
		"GOFIPS140": "off", "GOEXPERIMENT": "",
		// Programs are of modules, and Go's own linker makes them static.
		"GO111MODULE": "on", "GO_EXTLINK_ENABLED": "0",
	}
	for _, v := range g.Env {
		if _, ok := decided[v.Name]; ok {
			return nil, at(v.Pos, fmt.Errorf("cannot set %s for the go command: platforms decides it, and programs are built without cgo", v.Name))
		}
		pinned[v.Name] = v.Value
	}
	env := slices.DeleteFunc(environ, func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		_, isPinned := pinned[name]
		_, isDecided := decided[name]
		return isPinned || isDecided
	})
	for _, m := range []map[string]string{decided, pinned} {
		for name, value := range m {
			env = append(env, name+"="+value)
		}
	}
	return env, nil
}

func list(values []spec.String) []string {
	var out []string
	for _, v := range values {
		out = append(out, v.Value)
	}
	return out
}

// head keeps the beginning of what is written.
type head struct {
	kept []byte
	cut  bool
}

func (h *head) Write(p []byte) (int, error) {
	room := maxGoOutput - len(h.kept)
	h.cut = h.cut || len(p) > room
	h.kept = append(h.kept, p[:min(len(p), room)]...)
	return len(p), nil
}

// indented returns the lines that are worth reading, with a tab before each.
func (h *head) indented() string {
	var lines []string
	for line := range strings.Lines(string(h.kept)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" && !strings.HasPrefix(line, "go: downloading ") {
			lines = append(lines, "\t"+line)
		}
	}
	if h.cut {
		lines = append(lines, "\t…")
	}
	return strings.Join(lines, "\n")
}
