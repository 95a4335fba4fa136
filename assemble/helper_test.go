package assemble_test

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/script"
	"github.com/mkimage/mkimage/assemble"
	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/internal/apktest"
	"github.com/mkimage/mkimage/spec"
)

// scripts is a ScriptRunner of Go functions, by package and kind, such as
// "web.pre-install". It records what was run.
type scripts struct {
	do  map[string]func(t *tree.Tree) error
	ran []string
}

func (s *scripts) Run(_ context.Context, t *tree.Tree, sc script.Script) error {
	key := sc.Package + "." + string(sc.Kind)
	s.ran = append(s.ran, strings.Join(append([]string{key}, sc.Args...), " "))
	if do := s.do[key]; do != nil {
		return do(t)
	}
	return nil
}

// input returns what composing packages in this order needs.
func input(t *testing.T, packages ...apktest.Package) assemble.Input {
	t.Helper()
	return inputIn(t, t.TempDir(), packages...)
}

// inputIn is input with the folder of the package files.
func inputIn(t *testing.T, dir string, packages ...apktest.Package) assemble.Input {
	t.Helper()
	in := assemble.Input{
		Arch:  "x86_64",
		World: []apk.Dependency{{Name: "world"}},
		Image: &spec.Image{User: spec.ProcessUser{User: "root"}},
	}
	for _, p := range packages {
		sealed := p.Seal(nil)
		file := filepath.Join(dir, sealed.FileName())
		if err := os.WriteFile(file, sealed.Bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := apk.OpenArchive(file, sealed.Entry())
		if err != nil {
			t.Fatal(err)
		}
		in.Packages = append(in.Packages, assemble.Package{Archive: a})
	}
	return in
}

// dump describes a tree, a line for each name but those of apk's own files:
// "dir usr 0755", "file etc/motd 0644 3:4 welcome", "link lib -> usr/lib".
func dump(t *testing.T, root *tree.Tree) string {
	t.Helper()
	var b strings.Builder
	first := map[*tree.Node]string{}
	err := root.Walk(func(path string, n *tree.Node) error {
		for _, own := range []string{"etc/apk", "lib/apk"} {
			if path == own || strings.HasPrefix(path, own+"/") {
				return nil
			}
		}
		owner := ""
		if n.UID != 0 || n.GID != 0 {
			owner = fmt.Sprintf(" %d:%d", n.UID, n.GID)
		}
		for name, value := range n.Xattrs {
			owner += fmt.Sprintf(" %s=%s", name, value)
		}
		switch {
		case first[n] != "":
			fmt.Fprintf(&b, "same %s as %s\n", path, first[n])
		case n.Kind == tree.Dir:
			fmt.Fprintf(&b, "dir %s %04o%s\n", path, n.Mode, owner)
		case n.Kind == tree.Symlink:
			fmt.Fprintf(&b, "link %s%s -> %s\n", path, owner, n.Target)
		case n.Kind == tree.File:
			text, err := read(n)
			fmt.Fprintf(&b, "%s\n", strings.TrimSpace(fmt.Sprintf("file %s %04o%s %s", path, n.Mode, owner, text)))
			if err != nil {
				return err
			}
		default:
			fmt.Fprintf(&b, "node %s %04o%s kind %d %d,%d\n", path, n.Mode, owner, n.Kind, n.Major, n.Minor)
		}
		if n.Kind != tree.Dir {
			first[n] = path
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func read(n *tree.Node) (string, error) {
	r, err := n.Open()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	return strings.ReplaceAll(string(text), "\n", "|"), errors.Join(err, r.Close())
}

// lines returns a want of a test without its indentation and the newline
// before it.
func lines(s string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(s, "\n")) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}

// check compares multi-line texts.
func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}

// sha1Sum returns the SHA-1 of s in apk's form.
func sha1Sum(s string) string { return apk.Checksum(sha1.Sum([]byte(s))).String() }
