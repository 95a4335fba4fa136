package tree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// build makes a tree of lines such as "d a/b 0711", "f a/c content",
// "l a/d target" and "h a/e a/c" (a hard link).
func build(t *testing.T, text string) *Tree {
	t.Helper()
	tr := New()
	for line := range strings.Lines(text) {
		f := append(strings.Fields(line), "", "")
		var err error
		switch f[0] {
		case "d":
			_, err = tr.MkdirAll(f[1], 0o755)
		case "f":
			_, err = tr.WriteFile(f[1], Bytes(f[2]), 0o644)
		case "l":
			_, err = tr.Symlink(f[2], f[1])
		case "h":
			err = tr.Link(f[2], f[1])
		case "":
		default:
			t.Fatalf("bad line %q", line)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return tr
}

// show is the inverse of build, but for hard links, which it numbers.
func show(t *testing.T, tr *Tree) string {
	t.Helper()
	var b strings.Builder
	seen := map[*Node]string{}
	err := tr.Walk(func(path string, n *Node) error {
		switch {
		case seen[n] != "":
			fmt.Fprintf(&b, "h %s %s\n", path, seen[n])
		case n.Kind == Dir:
			fmt.Fprintf(&b, "d %s\n", path)
		case n.Kind == Symlink:
			fmt.Fprintf(&b, "l %s %s\n", path, n.Target)
		default:
			text, err := tr.ReadFile(path, 1<<20)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "f %s %s\n", path, text)
		}
		if n.Kind != Dir {
			seen[n] = path
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const sample = `
	d usr/lib
	f usr/lib/f 1
	l lib usr/lib
	l abs /usr/lib
	l up ../../../usr
	l usr/lib/back ../../usr/lib
	l file usr/lib/f
	l dangling no/where
	l dangling2 usr/none
	l loop loop2
	l loop2 loop
	l self .
	l dots usr/lib/..
	l slash /
	l slashed usr/lib/
`

func TestCanonical(t *testing.T) {
	tests := []struct {
		path, canonical, parent string // errors as "!ENOENT"
	}{
		{"/", "", ""},
		{".", "", ""},
		{"..", "", ""},
		{"/../..", "", ""},
		{"", "!ENOENT", "!ENOENT"},
		{"usr//lib/./f", "usr/lib/f", "usr/lib/f"},
		{"lib", "usr/lib", "lib"},
		{"lib/", "usr/lib", "usr/lib"},
		{"lib/f", "usr/lib/f", "usr/lib/f"},
		{"abs/f", "usr/lib/f", "usr/lib/f"},
		{"up/lib/f", "usr/lib/f", "usr/lib/f"},
		{"lib/back/back/f", "usr/lib/f", "usr/lib/f"},
		{"lib/../lib", "usr/lib", "usr/lib"}, // ".." of where the link leads
		{"usr/lib/../../file", "usr/lib/f", "file"},
		{"file", "usr/lib/f", "file"},
		{"file/", "!ENOTDIR", "!ENOTDIR"},
		{"file/x", "!ENOTDIR", "!ENOTDIR"},
		{"file/..", "!ENOTDIR", "!ENOTDIR"},
		{"dangling", "!ENOENT", "dangling"},
		{"dangling2", "usr/none", "dangling2"}, // could be made
		{"none", "none", "none"},
		{"none/", "none", "none"},
		{"none/x", "!ENOENT", "!ENOENT"},
		{"none/..", "!ENOENT", "!ENOENT"},
		{"loop", "!ELOOP", "loop"},
		{"loop/x", "!ELOOP", "!ELOOP"},
		{"self/self/self/usr", "usr", "usr"},
		{strings.Repeat("self/", 41) + "usr", "!ELOOP", "!ELOOP"},
		{"dots", "usr", "dots"},
		{"dots/lib", "usr/lib", "usr/lib"},
		{"slash/usr", "usr", "usr"},
		{"slash", "", "slash"},
		{"slashed/f", "usr/lib/f", "usr/lib/f"},
		{strings.Repeat("x", 256), "!ENAMETOOLONG", "!ENAMETOOLONG"},
		{strings.Repeat("usr/../", 700) + "usr", "!ENAMETOOLONG", "!ENAMETOOLONG"},
	}
	tr := build(t, sample)
	for _, test := range tests {
		if got := result(tr.Canonical(test.path)); got != test.canonical {
			t.Errorf("Canonical(%.40q) = %q, want %q", test.path, got, test.canonical)
		}
		if got := result(tr.CanonicalParent(test.path)); got != test.parent {
			t.Errorf("CanonicalParent(%.40q) = %q, want %q", test.path, got, test.parent)
		}
	}
}

func result(path string, err error) string {
	if err != nil {
		return "!" + name(err)
	}
	return path
}

// name returns the symbol of an error's errno, "" for nil. Every error must
// be an *fs.PathError around one.
func name(err error) string {
	if err == nil {
		return ""
	}
	var errno syscall.Errno
	if _, ok := err.(*fs.PathError); !ok || !errors.As(err, &errno) {
		return fmt.Sprintf("unexpected %T %v", err, err)
	}
	for symbol, e := range map[string]syscall.Errno{
		"ENOENT": syscall.ENOENT, "ENOTDIR": syscall.ENOTDIR, "EISDIR": syscall.EISDIR, "EEXIST": syscall.EEXIST,
		"ELOOP": syscall.ELOOP, "EINVAL": syscall.EINVAL, "ENOTEMPTY": syscall.ENOTEMPTY, "EBUSY": syscall.EBUSY,
		"EPERM": syscall.EPERM, "EFBIG": syscall.EFBIG, "ENXIO": syscall.ENXIO, "ENAMETOOLONG": syscall.ENAMETOOLONG,
	} {
		if errno == e {
			return symbol
		}
	}
	return errno.Error()
}

// TestOperations has a row for each operation and errno. want is the tree
// where it changes.
func TestOperations(t *testing.T) {
	const before = "d a/d\nf a/f 1\nf a/g 2\nh a/h a/f\nd e\nl l a\nl lf a/f\nl ln a/new\n"
	tests := []struct {
		name string
		do   func(tr *Tree) error
		err  string
		want string // lines that are new or, after "-", gone
	}{
		{"Mkdir", mkdir("a/n"), "", "d a/n"},
		{"Mkdir through a symlink", mkdir("l/n"), "", "d a/n"},
		{"Mkdir with a slash", mkdir("n/"), "", "d n"},
		{"Mkdir existing", mkdir("a"), "EEXIST", ""},
		{"Mkdir over a symlink", mkdir("ln"), "EEXIST", ""},
		{"Mkdir without parent", mkdir("x/n"), "ENOENT", ""},
		{"Mkdir below a file", mkdir("a/f/n"), "ENOTDIR", ""},
		{"Mkdir of the root", mkdir("/"), "EEXIST", ""},
		{"Mkdir of ..", mkdir("a/.."), "EEXIST", ""},
		{"MkdirAll", mkdirAll("x/y/z"), "", "d x\nd x/y\nd x/y/z"},
		{"MkdirAll existing", mkdirAll("l/d"), "", ""},
		{"MkdirAll over a file", mkdirAll("a/f"), "ENOTDIR", ""},
		{"MkdirAll below a file", mkdirAll("a/f/x"), "ENOTDIR", ""},
		{"MkdirAll below a dangling symlink", mkdirAll("ln/x"), "EEXIST", ""},
		{"WriteFile", write("a/n"), "", "f a/n new"},
		{"WriteFile existing", write("a/g"), "", "-f a/g 2\nf a/g new"},
		{"WriteFile to one name of an inode", write("a/h"), "", "-f a/f 1\nf a/f new"},
		{"WriteFile through a symlink", write("lf"), "", "-f a/f 1\nf a/f new"},
		{"WriteFile through a dangling symlink", write("ln"), "", "f a/new new"},
		{"WriteFile to a directory", write("a"), "EISDIR", ""},
		{"WriteFile with a slash", write("n/"), "EISDIR", ""},
		{"WriteFile to the root", write("/"), "EISDIR", ""},
		{"Symlink", symlink("n", "t"), "", "l n t"},
		{"Symlink existing", symlink("a/f", "t"), "EEXIST", ""},
		{"Symlink to nothing", symlink("n", ""), "ENOENT", ""},
		{"Link", link("a/g", "e/n"), "", "h e/n a/g"},
		{"Link to a symlink", link("l", "e/n"), "", "l e/n a\n-l l a\nh l e/n"},
		{"Link to a directory", link("e", "n"), "EPERM", ""},
		{"Link existing", link("a/g", "a/f"), "EEXIST", ""},
		{"Link from nothing", link("x", "n"), "ENOENT", ""},
		{"Replace", replace("a/f"), "", "-f a/f 1\n-h a/h a/f\nf a/h 1\nf a/f new"},
		{"Replace a symlink", replace("l"), "", "-l l a\nf l new"},
		{"Replace nothing", replace("n"), "", "f n new"},
		{"Replace a directory", replace("a"), "EISDIR", ""},
		{"Replace the root", replace("/"), "EISDIR", ""},
		{"Remove", remove("a/g"), "", "-f a/g 2"},
		{"Remove a symlink", remove("l"), "", "-l l a"},
		{"Remove an empty directory", remove("e"), "", "-d e"},
		{"Remove a directory", remove("a"), "ENOTEMPTY", ""},
		{"Remove nothing", remove("x"), "ENOENT", ""},
		{"Remove the root", remove("/"), "EBUSY", ""},
		{"Remove a file with a slash", remove("a/g/"), "ENOTDIR", ""},
		{"RemoveAll", removeAll("a"), "", "-d a\n-d a/d\n-f a/f 1\n-f a/g 2\n-h a/h a/f"},
		{"RemoveAll nothing", removeAll("x/y"), "", ""},
		{"RemoveAll of a symlink", removeAll("l"), "", "-l l a"},
		{"RemoveAll of the root", removeAll("/"), "EBUSY", ""},
		{"Rename a file", rename("a/g", "e/n"), "", "-f a/g 2\nf e/n 2"},
		{"Rename over a file", rename("a/g", "a/f"), "", "-f a/f 1\n-f a/g 2\n-h a/h a/f\nf a/f 2\nf a/h 1"},
		{"Rename over a symlink", rename("a/g", "l"), "", "-f a/g 2\n-l l a\nf l 2"},
		{"Rename over another name of the inode", rename("a/f", "a/h"), "", ""},
		{"Rename to itself", rename("a", "l/../a"), "", ""},
		{"Rename a directory", rename("a/d", "e/n"), "", "-d a/d\nd e/n"},
		{"Rename a directory over an empty one", rename("a/d", "e"), "", "-d a/d"},
		{"Rename a directory over a full one", rename("e", "a"), "ENOTEMPTY", ""},
		{"Rename a directory into itself", rename("a", "a/d/x"), "EINVAL", ""},
		{"Rename a directory over a file", rename("e", "a/f"), "ENOTDIR", ""},
		{"Rename a file over a directory", rename("a/f", "e"), "EISDIR", ""},
		{"Rename nothing", rename("x", "n"), "ENOENT", ""},
		{"Rename into nothing", rename("a/f", "x/n"), "ENOENT", ""},
		{"Rename the root", rename("/", "n"), "EBUSY", ""},
		{"Rename over the root", rename("a/f", "/"), "EBUSY", ""},
		{"Add over", func(tr *Tree) error { return tr.Add("a/f", &Node{Kind: Fifo}) }, "EEXIST", ""},
		{"Add a directory, then into it", func(tr *Tree) error {
			return errors.Join(tr.Add("n", &Node{Kind: Dir}), tr.Add("n/f", &Node{Kind: File}))
		}, "", "d n\nf n/f "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tr := build(t, before)
			if got := name(test.do(tr)); got != test.err {
				t.Errorf("error %q, want %q", got, test.err)
			}
			if got, want := show(t, tr), changed(show(t, build(t, before)), test.want); got != want {
				t.Errorf("tree:\n%swant:\n%s", got, want)
			}
		})
	}
}

func mkdir(p string) func(*Tree) error {
	return func(tr *Tree) error { _, err := tr.Mkdir(p, 0o755); return err }
}
func mkdirAll(p string) func(*Tree) error {
	return func(tr *Tree) error { _, err := tr.MkdirAll(p, 0o755); return err }
}
func write(p string) func(*Tree) error {
	return func(tr *Tree) error { _, err := tr.WriteFile(p, Bytes("new"), 0o644); return err }
}
func symlink(p, target string) func(*Tree) error {
	return func(tr *Tree) error { _, err := tr.Symlink(target, p); return err }
}
func link(old, p string) func(*Tree) error {
	return func(tr *Tree) error { return tr.Link(old, p) }
}
func replace(p string) func(*Tree) error {
	return func(tr *Tree) error { return tr.Replace(p, &Node{Kind: File, Content: Bytes("new")}) }
}
func remove(p string) func(*Tree) error    { return func(tr *Tree) error { return tr.Remove(p) } }
func removeAll(p string) func(*Tree) error { return func(tr *Tree) error { return tr.RemoveAll(p) } }
func rename(old, p string) func(*Tree) error {
	return func(tr *Tree) error { return tr.Rename(old, p) }
}

// changed applies a want to the lines of a tree, sorted by path.
func changed(text, want string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for line := range strings.SplitSeq(want, "\n") {
		if gone, ok := strings.CutPrefix(line, "-"); ok {
			lines = slices.DeleteFunc(lines, func(l string) bool { return l == gone })
		} else if line != "" {
			lines = append(lines, line)
		}
	}
	slices.SortFunc(lines, func(a, b string) int {
		path := func(s string) string { return strings.ReplaceAll(strings.Fields(s)[1], "/", "\x00") }
		return strings.Compare(path(a), path(b))
	})
	return strings.Join(lines, "\n") + "\n"
}

func TestReading(t *testing.T) {
	tr := build(t, "d d/e\nf d/f 123\nl d/l f\nl s d\n")
	if err := tr.Add("fifo", &Node{Kind: Fifo}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		do   func() (string, error)
		want string
		err  string
	}{
		{"ReadFile", func() (string, error) { b, err := tr.ReadFile("s/l", 3); return string(b), err }, "123", ""},
		{"ReadFile too large", func() (string, error) { _, err := tr.ReadFile("d/f", 2); return "", err }, "", "EFBIG"},
		{"ReadFile of a directory", func() (string, error) { _, err := tr.ReadFile("d", 2); return "", err }, "", "EISDIR"},
		{"ReadFile of a fifo", func() (string, error) { _, err := tr.ReadFile("fifo", 2); return "", err }, "", "EINVAL"},
		{"ReadFile of nothing", func() (string, error) { _, err := tr.ReadFile("x", 2); return "", err }, "", "ENOENT"},
		{"Readlink", func() (string, error) { return tr.Readlink("s") }, "d", ""},
		{"Readlink of a file", func() (string, error) { return tr.Readlink("d/f") }, "", "EINVAL"},
		{"ReadDir", func() (string, error) {
			list, err := tr.ReadDir("s")
			names := ""
			for _, e := range list {
				names += e.Name + " "
			}
			return names, err
		}, "e f l ", ""},
		{"ReadDir of a file", func() (string, error) { _, err := tr.ReadDir("d/f"); return "", err }, "", "ENOTDIR"},
		{"Lstat", func() (string, error) { n, err := tr.Lstat("s"); return fmt.Sprint(n.Kind == Symlink, n.Size()), err }, "true 1", ""},
		{"Stat", func() (string, error) { n, err := tr.Stat("s"); return fmt.Sprint(n.Kind == Dir, n.Size()), err }, "true 0", ""},
		{"Stat of nothing", func() (string, error) { _, err := tr.Stat("d/x"); return "", err }, "", "ENOENT"},
	}
	for _, test := range tests {
		got, err := test.do()
		if got != test.want || name(err) != test.err {
			t.Errorf("%s: %q, %v; want %q, %q", test.name, got, err, test.want, test.err)
		}
	}
}

func TestWriteFileKeepsInode(t *testing.T) {
	tr := build(t, "f f old\n")
	n, err := tr.Lstat("f")
	if err != nil {
		t.Fatal(err)
	}
	n.Mode, n.UID, n.ModTime, n.Source = 0o4755, 7, 5, Source{Package: 1, Entry: 2}
	if _, err := tr.WriteFile("f", Bytes("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n.Mode != 0o4755 || n.UID != 7 || n.ModTime != 0 || n.Source != (Source{}) {
		t.Errorf("the node is %+v", n)
	}
}

func TestChown(t *testing.T) {
	tests := []struct {
		kind       Kind
		mode, want uint32
	}{
		{File, 0o6755, 0o755},
		{File, 0o2745, 0o2745}, // without x for the group, setgid means locking
		{File, 0o1755, 0o1755},
		{CharDevice, 0o6755, 0o755},
		{Fifo, 0o6745, 0o2745},
		{Dir, 0o6755, 0o6755},
	}
	for _, test := range tests {
		n := &Node{Kind: test.kind, Mode: test.mode, Xattrs: map[string]string{"security.capability": "v", "user.a": "b"}}
		n.Chown(1, 2)
		if n.Mode != test.want || n.UID != 1 || n.GID != 2 {
			t.Errorf("kind %d, mode %o: %o %d:%d, want %o 1:2", test.kind, test.mode, n.Mode, n.UID, n.GID, test.want)
		}
		if _, ok := n.Xattrs["security.capability"]; ok != (test.kind == Dir) || n.Xattrs["user.a"] != "b" {
			t.Errorf("kind %d: extended attributes %v", test.kind, n.Xattrs)
		}
	}
}

func TestCreateInSetgid(t *testing.T) {
	tr := New()
	dir, err := tr.Mkdir("s", 0o2775)
	if err != nil {
		t.Fatal(err)
	}
	dir.GID = 7
	tests := []struct {
		op   string
		make func(path string) (*Node, error)
		mode uint32
		gid  int
	}{
		{"Mkdir", func(p string) (*Node, error) { return tr.Mkdir(p, 0o700) }, 0o2700, 7},
		{"WriteFile", func(p string) (*Node, error) { return tr.WriteFile(p, Bytes("x"), 0o640) }, 0o640, 7},
		{"Symlink", func(p string) (*Node, error) { return tr.Symlink("t", p) }, 0o777, 7},
		{"Create", func(p string) (*Node, error) { n := &Node{Kind: Fifo, Mode: 0o600}; return n, tr.Create(p, n) }, 0o600, 7},
		{"Add", func(p string) (*Node, error) { n := &Node{Kind: Dir, Mode: 0o700}; return n, tr.Add(p, n) }, 0o700, 0},
		{"MkdirAll", func(p string) (*Node, error) { return tr.MkdirAll(p, 0o755) }, 0o755, 0},
	}
	for _, test := range tests {
		n, err := test.make("s/" + test.op)
		if err != nil || n.Mode != test.mode || n.GID != test.gid {
			t.Errorf("%s makes %o with group %d, %v; want %o with %d", test.op, n.Mode, n.GID, err, test.mode, test.gid)
		}
	}
}

func TestEmptyContent(t *testing.T) {
	n := &Node{Kind: File}
	r, err := n.Open()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); len(b) != 0 || err != nil || n.Size() != 0 {
		t.Errorf("%q, %v, size %d", b, err, n.Size())
	}
}

func TestWalkStops(t *testing.T) {
	tr := build(t, "d b/c\nd a\nf z 1\n")
	var got []string
	stop := errors.New("stop")
	err := tr.Walk(func(path string, _ *Node) error {
		got = append(got, path)
		if path == "b/c" {
			return stop
		}
		return nil
	})
	if want := []string{"a", "b", "b/c"}; err != stop || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

// FuzzResolve looks for paths and symlinks that do not end, or leave the
// root: whatever is found must be a node of the tree, by a path that has no
// link in it.
func FuzzResolve(f *testing.F) {
	f.Add("lib/f", "usr/lib", "../..")
	f.Add("../a/./b//c", "/a", "a/..")
	f.Fuzz(func(t *testing.T, path, target1, target2 string) {
		tr := build(t, "d usr/lib\nf usr/lib/f 1\n")
		for link, target := range map[string]string{"a": target1, "usr/lib/b": target2} {
			if _, err := tr.Symlink(target, link); err != nil && target != "" {
				t.Fatal(err)
			}
		}
		canonical, err := tr.Canonical(path)
		if err != nil {
			name(err)
			return
		}
		for dir := range strings.SplitSeq(canonical, "/") {
			if dir == ".." || dir == "." {
				t.Fatalf("Canonical(%q) = %q", path, canonical)
			}
		}
		if canonical == "" {
			canonical = "."
		}
		n, statErr := tr.Stat(path)
		m, lstatErr := tr.Lstat(canonical)
		if n != m || (statErr == nil) != (lstatErr == nil) {
			t.Fatalf("%q leads to %v (%v), its canonical %q to %v (%v)", path, n, statErr, canonical, m, lstatErr)
		}
	})
}
