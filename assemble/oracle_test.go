package assemble_test

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/script"
	"github.com/mkimage/mkimage/apk/solver"
	"github.com/mkimage/mkimage/assemble"
	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/internal/apktest"
	"github.com/mkimage/mkimage/spec"
)

// TestOracleWithoutScripts composes real packages and compares the tree with
// the one that apk-tools made with --no-scripts.
func TestOracleWithoutScripts(t *testing.T) {
	alpine := apktest.Alpine(t)
	oracle := filepath.Join(alpine, "..", "oracle", "rootfs")
	repo := openLab(t, alpine)
	for name, world := range readWorlds[[]string](t, oracle) {
		t.Run(name, func(t *testing.T) {
			in := labInput(t, world, repo)
			root, err := assemble.Compose(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			compareManifest(t, in, root.Tree, filepath.Join(oracle, name+".noscripts.jsonl.gz"))
		})
	}
}

// TestOracle composes real packages with their scripts and compares the tree
// with the one that apk-tools made.
func TestOracle(t *testing.T) {
	alpine := apktest.Alpine(t)
	oracle := filepath.Join(alpine, "..", "oracle", "rootfs")
	repo := openLab(t, alpine)
	for name, world := range readWorlds[[]string](t, oracle) {
		t.Run(name, func(t *testing.T) {
			in := labInput(t, world, repo)
			in.Scripts = &script.Runner{Arch: in.Arch, Now: 1706291505}
			root, err := assemble.Compose(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			compareManifest(t, in, root.Tree, filepath.Join(oracle, name+".scripts.jsonl.gz"))
		})
	}
}

// TestOracleOverlaps composes small packages that meet in files, directories,
// links and owners, and compares the tree or expects a refusal.
func TestOracleOverlaps(t *testing.T) {
	alpine := apktest.Alpine(t)
	oracle := filepath.Join(alpine, "..", "oracle", "overlaps")
	own := openRepository(t, filepath.Join(oracle, "repo", "x86_64"), filepath.Join(oracle, "synth.rsa.pub"))
	repo := openLab(t, alpine)
	for name, w := range readWorlds[struct {
		World  []string
		Expect string
	}](t, oracle) {
		t.Run(name, func(t *testing.T) {
			in := labInput(t, w.World, own, repo)
			in.Scripts = &script.Runner{Arch: in.Arch, Now: 1706291505}
			root, err := assemble.Compose(t.Context(), in)
			switch {
			case w.Expect == "refuse" && err == nil:
				t.Error("composed, but must be refused")
			case w.Expect == "refuse":
				t.Log(err)
			case err != nil:
				t.Error(err)
			default:
				compareManifest(t, in, root.Tree, filepath.Join(oracle, name+".scripts.jsonl.gz"))
			}
		})
	}
}

// lab is a repository in a folder.
type lab struct {
	dir   string // of an architecture
	index *apk.Index
}

func openLab(t testing.TB, alpine string) lab {
	t.Helper()
	return openRepository(t, filepath.Join(alpine, "lab", "x86_64"), filepath.Join(alpine, "keys", "lab.rsa.pub"))
}

func openRepository(t testing.TB, dir, key string) lab {
	t.Helper()
	pem, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := apk.ParseKey(pem)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "APKINDEX.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	index, err := apk.ReadIndex(f, apk.Keys{filepath.Base(key): public})
	if err != nil {
		t.Fatal(err)
	}
	return lab{dir, index}
}

// readWorlds returns the worlds of an oracle folder by name.
func readWorlds[World any](t testing.TB, oracle string) map[string]World {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(oracle, "worlds.json"))
	if err != nil {
		t.Fatal(err)
	}
	worlds := map[string]World{}
	if err := json.Unmarshal(text, &worlds); err != nil {
		t.Fatal(err)
	}
	return worlds
}

// labInput resolves a world and opens its packages.
func labInput(t testing.TB, world []string, repositories ...lab) assemble.Input {
	t.Helper()
	in := assemble.Input{Arch: "x86_64", Image: &spec.Image{User: spec.ProcessUser{User: "root"}}}
	request := solver.Request{Arch: in.Arch}
	for _, r := range repositories {
		request.Repositories = append(request.Repositories, solver.Repository{Name: r.dir, Index: r.index})
	}
	for _, w := range world {
		d, err := apk.ParseDependency(w)
		if err != nil {
			t.Fatal(err)
		}
		in.World = append(in.World, d)
		request.World = append(request.World, solver.Requirement{Dependency: d})
	}
	solution, err := solver.Solve(request)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range solution.Install {
		a, err := apk.OpenArchive(filepath.Join(repositories[s.Repository].dir, s.Package.FileName()), s.Package)
		if err != nil {
			t.Fatal(err)
		}
		in.Packages = append(in.Packages, assemble.Package{Archive: a, Tag: s.Tag})
	}
	return in
}

// record is a line of a manifest.
type record struct {
	Path     string            `json:"path"`
	Type     string            `json:"type"`
	Mode     string            `json:"mode,omitempty"`
	UID      int               `json:"uid"`
	GID      int               `json:"gid"`
	Size     int64             `json:"size,omitempty"`
	SHA256   string            `json:"sha256,omitempty"`
	SHA256n  string            `json:"sha256n,omitempty"` // without the day in shadow(5)
	Target   string            `json:"target,omitempty"`
	Dev      []int64           `json:"dev,omitempty"`
	Links    []string          `json:"links,omitempty"`
	Xattrs   map[string]string `json:"xattrs,omitempty"`
	Implicit bool              `json:"implicit,omitempty"`
}

// compareManifest compares a tree with a manifest, but for what only concerns
// who ran apk: keys, repositories, caches, and the two folders that it mounts.
func compareManifest(t *testing.T, in assemble.Input, got *tree.Tree, file string) {
	t.Helper()
	want := readManifest(t, file)
	have := manifest(t, in, got)
	for _, path := range slices.Sorted(maps.Keys(merged(want, have))) {
		w, inWant := want[path]
		h, inHave := have[path]
		switch {
		case ignored(path):
		case !inHave:
			t.Errorf("missing: %+v", w)
		case !inWant:
			t.Errorf("extra: %+v", h)
		default:
			if w.SHA256n != "" {
				w.SHA256, h.SHA256 = w.SHA256n, h.SHA256n
			}
			if a, b := fmt.Sprintf("%+v", w), fmt.Sprintf("%+v", h); a != b {
				t.Errorf("differs: %s\nwant %s\ngot  %s", path, a, b)
			}
		}
	}
}

func ignored(path string) bool {
	for _, prefix := range []string{"etc/apk/keys", "etc/apk/repositories", "lib/apk/db/scripts.tar", "lib/apk/db/lock", "var/cache/apk", "dev", "proc"} {
		if path == prefix || strings.HasPrefix(path, prefix+"/") || path == prefix+".gz" {
			return true
		}
	}
	return false
}

func merged(a, b map[string]record) map[string]record {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func readManifest(t *testing.T, file string) map[string]record {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	records := map[string]record{}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Path != "." {
			records[r.Path] = r
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return records
}

// manifest describes a tree as an oracle's manifest does.
func manifest(t *testing.T, in assemble.Input, root *tree.Tree) map[string]record {
	t.Helper()
	records := map[string]record{}
	names := map[*tree.Node][]string{}
	sums := contentSums(t, in, root)
	err := root.Walk(func(path string, n *tree.Node) error {
		r := record{Path: path, UID: n.UID, GID: n.GID, Mode: fmt.Sprintf("%04o", n.Mode)}
		switch n.Kind {
		case tree.Dir:
			r.Type = "dir"
		case tree.File:
			r.Type, r.Size, r.SHA256 = "file", n.Size(), sums[n]
			if path == "etc/shadow" || path == "etc/shadow-" {
				r.SHA256n = shadowSum(t, n)
			}
		case tree.Symlink:
			r.Type, r.Target, r.Mode = "symlink", n.Target, ""
		case tree.Fifo:
			r.Type = "fifo"
		case tree.CharDevice:
			r.Type, r.Dev = "char", []int64{n.Major, n.Minor}
		case tree.BlockDevice:
			r.Type, r.Dev = "block", []int64{n.Major, n.Minor}
		}
		for name, value := range n.Xattrs {
			if r.Xattrs == nil {
				r.Xattrs = map[string]string{}
			}
			r.Xattrs[name] = hex.EncodeToString([]byte(value))
		}
		records[path] = r
		if n.Kind != tree.Dir {
			names[n] = append(names[n], path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range names {
		slices.Sort(group)
		for _, path := range group {
			if r := records[path]; len(group) > 1 {
				r.Links = group
				records[path] = r
			}
		}
	}
	return records
}

// contentSums returns the SHA-256 of every file's content, which is read as a
// layer's writer does: a package's in one go.
func contentSums(t *testing.T, in assemble.Input, root *tree.Tree) map[*tree.Node]string {
	t.Helper()
	sums := map[*tree.Node]string{}
	sum := func(n *tree.Node, r io.Reader) error {
		h := sha256.New()
		_, err := io.Copy(h, r)
		sums[n] = hex.EncodeToString(h.Sum(nil))
		return err
	}
	shipped := make([]map[int]*tree.Node, len(in.Packages))
	for i := range shipped {
		shipped[i] = map[int]*tree.Node{}
	}
	err := root.Walk(func(path string, n *tree.Node) error {
		if n.Kind != tree.File || sums[n] != "" {
			return nil
		}
		if n.Source.Package > 0 {
			shipped[n.Source.Package-1][n.Source.Entry] = n
			return nil
		}
		r, err := n.Open()
		if err != nil {
			return err
		}
		return errors.Join(sum(n, r), r.Close())
	})
	for i, p := range in.Packages {
		err = errors.Join(err, p.Walk(t.Context(), func(entry int, content io.Reader) error {
			if n := shipped[i][entry]; n != nil {
				return sum(n, content)
			}
			return nil
		}))
	}
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// shadowSum is the SHA-256 of a shadow(5) file without the days of change.
func shadowSum(t *testing.T, n *tree.Node) string {
	t.Helper()
	r, err := n.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if f := strings.Split(line, ":"); len(f) == 9 && f[2] != "" && f[2] != "0" && strings.Trim(f[2], "0123456789") == "" {
			f[2] = "DAY"
			lines[i] = strings.Join(f, ":")
		}
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, "\n"))))
}

// BenchmarkCompose composes the largest world of the oracle, decoding every
// package, and with the packages' entries known.
func BenchmarkCompose(b *testing.B) {
	alpine := apktest.Alpine(b)
	world := readWorlds[[]string](b, filepath.Join(alpine, "..", "oracle", "rootfs"))["b-big"]
	in := labInput(b, world, openLab(b, alpine))
	compose := func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := assemble.Compose(b.Context(), in); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("decoding", compose)
	for i := range in.Packages {
		entries, err := in.Packages[i].Archive.Entries(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		in.Packages[i].Entries = entries
	}
	b.Run("entries known", compose)
}
