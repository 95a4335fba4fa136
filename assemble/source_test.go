package assemble_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mkimage/mkimage/assemble"
	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/internal/apktest"
	"github.com/mkimage/mkimage/spec"
)

// hostTree makes files and folders on the host: "name", "name!" for one that
// its owner may execute, "name/" for a folder, "name -> target" for a link.
// Modes are odd on purpose.
func hostTree(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		link, target, isLink := strings.Cut(name, " -> ")
		path := filepath.Join(dir, strings.TrimSuffix(link, "!"))
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		switch {
		case isLink:
			err = errors.Join(err, os.Symlink(target, path))
		case strings.HasSuffix(name, "/"):
			err = errors.Join(err, os.MkdirAll(path, 0o711))
		case strings.HasSuffix(name, "!"):
			err = errors.Join(err, os.WriteFile(path, []byte(name), 0o700))
		default:
			err = errors.Join(err, os.WriteFile(path, []byte(name), 0o660))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// sourceInput is an image with one source.
func sourceInput(t *testing.T, f spec.File, abs string) assemble.Input {
	t.Helper()
	in := input(t)
	in.World = nil
	f.Kind, f.Pos = spec.KindSource, at(1)
	f.Source = spec.Path{Written: "src", Abs: abs, Pos: at(2)}
	in.Image.Files = append([]spec.File{f}, in.Image.Files...)
	return in
}

func TestSource(t *testing.T) {
	dir := hostTree(t, "a", "bin/run!", "empty/", "bin/again -> run", "up -> bin/../a", ".hidden")
	tests := []struct {
		name string
		file spec.File
		abs  string
		want string
	}{{
		name: "a file",
		file: spec.File{Path: "/x/y"},
		abs:  filepath.Join(dir, "a"),
		want: "dir x 0755\nfile x/y 0644 a\n",
	}, {
		name: "an executable",
		file: spec.File{Path: "/y"},
		abs:  filepath.Join(dir, "bin/run"),
		want: "file y 0755 bin/run!\n",
	}, {
		name: "a file through a symlink, with mode and owner",
		file: spec.File{Path: "/y", Mode: spec.Mode{Set: true, Bits: 0o600}, Owner: spec.Owner{User: "1", Group: "2"}},
		abs:  filepath.Join(dir, "bin/again"),
		want: "file y 0600 1:2 bin/run!\n",
	}, {
		name: "a tree: modes do not depend on the umask, symlinks within are kept",
		file: spec.File{Path: "/srv"},
		abs:  dir,
		want: `
			dir srv 0755
			file srv/.hidden 0644 .hidden
			file srv/a 0644 a
			dir srv/bin 0755
			link srv/bin/again -> run
			file srv/bin/run 0755 bin/run!
			dir srv/empty 0755
			link srv/up -> bin/../a
		`,
	}, {
		name: "a tree: the mode is the files', the owner everyone's",
		file: spec.File{Path: "/srv", Mode: spec.Mode{Set: true, Bits: 0o640}, Owner: spec.Owner{User: "1", Group: "2"}, Ignore: []spec.String{{Value: "bin"}}},
		abs:  dir,
		want: `
			dir srv 0755 1:2
			file srv/.hidden 0640 1:2 .hidden
			file srv/a 0640 1:2 a
			dir srv/empty 0755 1:2
			link srv/up 1:2 -> bin/../a
		`,
	}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root, err := assemble.Compose(t.Context(), sourceInput(t, test.file, test.abs))
			if err != nil {
				t.Fatal(err)
			}
			check(t, "tree", dump(t, root.Tree), lines(test.want))
		})
	}
}

func TestSourceOverPackages(t *testing.T) {
	in := input(t, pkg{Name: "a", Files: files{
		apktest.Dir("srv").WithMode(0o700).OwnedBy("no", "no", 7, 7), apktest.Regular("srv/f", "package"),
		apktest.Dir("data/sub").WithMode(0o711), apktest.Symlink("srv/sub", "../data/sub"),
	}})
	dir := hostTree(t, "f", "sub/g", "config")
	in.Image.Files = []spec.File{
		{Path: "/srv", Kind: spec.KindSource, Source: spec.Path{Written: "src", Abs: dir}},
		{Path: "/srv/config", Kind: spec.KindContent, Content: []byte("declared")},
	}
	root, err := assemble.Compose(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "tree", dump(t, root.Tree), lines(`
		dir data 0755
		dir data/sub 0711
		file data/sub/g 0644 sub/g
		dir etc 0755
		dir lib 0755
		dir srv 0700 7:7
		file srv/config 0644 declared
		file srv/f 0644 f
		link srv/sub -> ../data/sub
	`))
}

// TestSourceReplacesAccounts copies a passwd over the one with the process's
// user.
func TestSourceReplacesAccounts(t *testing.T) {
	in := sourceInput(t, spec.File{Path: "/etc"}, hostTree(t, "passwd"))
	in.Image.Users = []spec.User{{Name: "nonroot", UID: 65532, GID: 65532}}
	in.Image.User = spec.ProcessUser{User: "nonroot", Pos: at(9)}
	_, err := assemble.Compose(t.Context(), in)
	if want := `app.cue:9:3: cannot use "nonroot": there is no user nonroot in the image`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSourceRefused(t *testing.T) {
	dir := hostTree(t, "abs -> /etc/passwd", "out -> ../x", "sub/out -> ../../x", "ok -> sub/none", "sub/ok -> ../a", "blocked/f", "file")
	for _, name := range []string{"pipe", "two\nlines", "\x1b[2J \xff"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Skip(err) // not every file system takes any name
		}
	}
	if err := os.Symlink("/\x1b[2J", filepath.Join(dir, "red")); err != nil {
		t.Fatal(err)
	}
	in := input(t, pkg{Name: "a", Files: files{apktest.Regular("srv/blocked", ""), apktest.Dir("srv/file")}})
	in.Image.Files = []spec.File{{Pos: at(1), Path: "/srv", Kind: spec.KindSource, Source: spec.Path{Written: "src", Abs: dir, Pos: at(2)}}}
	_, err := assemble.Compose(t.Context(), in)
	if err == nil {
		t.Fatal("no fault")
	}
	check(t, "faults", err.Error()+"\n", lines(`
		app.cue:1:3: cannot add /srv/blocked: there is a file already where a directory is declared
		app.cue:1:3: cannot add /srv/file: it is a directory already
		app.cue:2:3: cannot add /srv: "src/\x1b[2J \xff": its name is not UTF-8
		app.cue:2:3: cannot add /srv: "src/two\nlines": it is not a regular file
		app.cue:2:3: cannot add /srv: src/abs: it is a symbolic link to /etc/passwd, out of the source: ignore it, or declare a symlink in files
		app.cue:2:3: cannot add /srv: src/out: it is a symbolic link to ../x, out of the source: ignore it, or declare a symlink in files
		app.cue:2:3: cannot add /srv: src/pipe: it is not a regular file
		app.cue:2:3: cannot add /srv: src/red: it is a symbolic link to "/\x1b[2J", out of the source: ignore it, or declare a symlink in files
		app.cue:2:3: cannot add /srv: src/sub/out: it is a symbolic link to ../../x, out of the source: ignore it, or declare a symlink in files
	`))
}

// TestSourceChanged changes a file between composing and writing.
func TestSourceChanged(t *testing.T) {
	changes := map[string]func(path string) error{
		"longer":  func(path string) error { return os.WriteFile(path, []byte("longer than before"), 0o600) },
		"shorter": func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"touched": func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) },
		"replaced": func(path string) error {
			return errors.Join(os.Remove(path), os.WriteFile(path, []byte("file"), 0o600))
		},
		"fifo": func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)) },
	}
	for name, change := range changes {
		for _, late := range []bool{false, true} {
			dir := hostTree(t, "file")
			path := filepath.Join(dir, "file")
			if err := os.Chtimes(path, time.Time{}, time.Unix(1000, 0)); err != nil {
				t.Fatal(err)
			}
			root, err := assemble.Compose(t.Context(), sourceInput(t, spec.File{Path: "/srv"}, dir))
			if err != nil {
				t.Fatal(err)
			}
			n, err := root.Tree.Stat("srv/file")
			if err != nil {
				t.Fatal(err)
			}
			if late && (name == "replaced" || name == "fifo") {
				continue // the open file is the old one
			}
			_, err = readAround(n, func() error { return change(path) }, late)
			if err == nil || !strings.Contains(err.Error(), "src/file: it was changed during the build") {
				t.Errorf("%s, late %v: got %v", name, late, err)
			}
		}
	}
}

// readAround reads a node's content with a change before it is opened, or
// after its first byte was read.
func readAround(n *tree.Node, change func() error, late bool) ([]byte, error) {
	if !late {
		if err := change(); err != nil {
			return nil, err
		}
	}
	r, err := n.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	first := make([]byte, 1)
	if _, err := io.ReadFull(r, first); err != nil {
		return nil, err
	}
	if late {
		if err := change(); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(r)
}

func TestIgnore(t *testing.T) {
	tests := []struct{ patterns, ignored, kept string }{
		{"*.map", "a.map sub/b.map", "a.mapx sub.map2/c"},
		{"drafts/", "drafts/x sub/drafts/y", "notes sub/draftsx other/drafts"},
		{"drafts", "drafts sub/drafts/y", "draft"},
		{"/top", "top", "sub/top"},
		{"a/b", "a/b a/b/c", "x/a/b a/bb"},
		{"a/*/c", "a/x/c", "a/c a/x/y/c"},
		{"**/c", "c a/c b/b/c", "ac"},
		{"a/**/c", "a/c a/b/c a/d/d/c", "c b/a/c"},
		{"a/**", "a/b a/c/d", "a2"},
		{"?.txt", "a.txt", "ab.txt"},
		{"[ab].txt", "a.txt b.txt", "c.txt"},
		{"[!ab].txt", "c.txt", "a.txt"},
		{"*", "a b/c .d", ""},
	}
	for _, test := range tests {
		ignored, kept := strings.Fields(test.ignored), strings.Fields(test.kept)
		var names []string
		for _, name := range append(slices.Clone(ignored), kept...) {
			if !hasBelow(append(ignored, kept...), name) { // else it is a folder
				names = append(names, name)
			}
		}
		dir := hostTree(t, names...)
		f := spec.File{Path: "/s", Ignore: []spec.String{{Value: test.patterns}}}
		root, err := assemble.Compose(t.Context(), sourceInput(t, f, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			_, err := root.Tree.Lstat("s/" + name)
			if got, want := err != nil, slices.Contains(ignored, name); got != want {
				t.Errorf("pattern %s, %s: ignored %v, want %v", test.patterns, name, got, want)
			}
		}
	}
}

// hasBelow reports whether list has a path below dir.
func hasBelow(list []string, dir string) bool {
	return slices.ContainsFunc(list, func(e string) bool { return strings.HasPrefix(e, dir+"/") })
}
