package solver

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/apktest"
)

// realIndex reads a repository of that folder, such as "v3.19/main".
func realIndex(tb testing.TB, repository string) *apk.Index {
	tb.Helper()
	keys, err := apk.AlpineKeys()
	if err != nil {
		tb.Fatal(err)
	}
	f, err := os.Open(filepath.Join(apktest.Alpine(tb), repository, "x86_64", "APKINDEX.tar.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	x, err := apk.ReadIndex(f, keys)
	if err != nil {
		tb.Fatalf("%s: %v", repository, err)
	}
	return x
}

// answer is what apk-tools 3.0.6 said about a world.
type answer struct {
	ID           string
	Class        string
	Repositories []string // folders, after a tag where they have one
	World        []string
	OK           bool
	Order        []string // name=version
}

func answers(tb testing.TB) []answer {
	tb.Helper()
	f, err := os.Open(filepath.Join(apktest.Alpine(tb), "..", "oracle", "solver", "worlds.jsonl.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	var all []answer
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			tb.Fatal(err)
		}
		all = append(all, a)
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
	return all
}

// library has what the answers are about, each index and combination of
// indexes once.
type library struct {
	indexes  map[string]*apk.Index
	catalogs map[string]*catalog
}

func newLibrary() *library {
	return &library{map[string]*apk.Index{}, map[string]*catalog{}}
}

// request returns the question that an answer answers.
func (l *library) request(tb testing.TB, a *answer) (*catalog, Request) {
	tb.Helper()
	r := Request{Arch: "x86_64"}
	for _, repository := range a.Repositories {
		tag := ""
		if rest, ok := strings.CutPrefix(repository, "@"); ok {
			tag, repository, _ = strings.Cut(rest, " ")
		}
		if l.indexes[repository] == nil {
			l.indexes[repository] = realIndex(tb, repository)
		}
		r.Repositories = append(r.Repositories, Repository{repository, tag, l.indexes[repository]})
	}
	for _, w := range a.World {
		d, err := apk.ParseDependency(w)
		if err != nil {
			tb.Fatal(err)
		}
		r.World = append(r.World, Requirement{d, ""})
	}
	key := strings.Join(a.Repositories, " ")
	if l.catalogs[key] == nil {
		c, err := r.catalog()
		if err != nil {
			tb.Fatal(err)
		}
		l.catalogs[key] = c
	}
	return l.catalogs[key], r
}

// TestOracle compares sets, orders of installation and refusals with those of
// apk-tools 3.0.6.
func TestOracle(t *testing.T) {
	type tally struct{ worlds, sets, orders, refusals, wrong int }
	t.Parallel()
	classes := map[string]*tally{}
	known := newLibrary()
	for _, a := range answers(t) {
		catalog, r := known.request(t, &a)
		if classes[a.Class] == nil {
			classes[a.Class] = &tally{}
		}
		got, err := solve(catalog, &r)
		c := classes[a.Class]
		c.worlds++
		var order []string
		if err == nil {
			for _, p := range got.Install {
				order = append(order, p.Package.Name+"="+p.Package.Version)
			}
		}
		switch {
		case a.OK != (err == nil):
			c.wrong++
			t.Errorf("%s: %q of %q: %v, want ok %v", a.ID, a.World, a.Repositories, err, a.OK)
		case err != nil:
			c.refusals++
		case !slices.Equal(slices.Sorted(slices.Values(order)), slices.Sorted(slices.Values(a.Order))):
			c.wrong++
			t.Errorf("%s: %q of %q: %q, want %q", a.ID, a.World, a.Repositories, order, a.Order)
		case slices.Equal(order, a.Order):
			c.orders++
			fallthrough
		default:
			c.sets++
		}
		if err == nil && a.OK && !slices.Equal(order, a.Order) {
			t.Errorf("%s: %q: order %q, want %q", a.ID, a.World, order, a.Order)
		}
	}
	var summary strings.Builder
	fmt.Fprintf(&summary, "%-18s %7s %7s %7s %9s %6s\n", "class", "worlds", "sets", "orders", "refusals", "wrong")
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		c := classes[name]
		fmt.Fprintf(&summary, "%-18s %7d %7d %7d %9d %6d\n", name, c.worlds, c.sets, c.orders, c.refusals, c.wrong)
	}
	t.Log("\n" + summary.String())
}

// TestQuickRuns checks that what is found without apk's order of decisions is
// what apk's order leads to.
func TestQuickRuns(t *testing.T) {
	t.Parallel()
	known := newLibrary()
	quick := 0
	for i, a := range answers(t) {
		if i%16 != 0 {
			continue
		}
		catalog, r := known.request(t, &a)
		tags, err := readTags(&r)
		if err != nil {
			continue
		}
		var results [2][]uint32
		for j := range results {
			s, world := run(catalog, &r, tags, j == 1)
			if j == 0 && !s.certain() {
				break
			}
			for _, p := range s.installationOrder(world) {
				results[j] = append(results[j], p.id)
			}
			quick += 1 - j
		}
		if results[0] != nil && !slices.Equal(results[0], results[1]) {
			t.Errorf("%q: %d packages, in apk's order of decisions %d", a.World, len(results[0]), len(results[1]))
		}
	}
	t.Logf("%d quick runs", quick)
}
