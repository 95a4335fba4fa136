// Package solver chooses the packages that apk-tools 3.0.6 would install from
// the same indexes into an empty root, and the order in which it would install
// them. It is a pure function of indexes already verified and a world: no
// clock, no network, no files but what an Index reads to give a package.
//
// The rules, as apk's code has them (apk-world(5) and apk-package(5) describe
// the parts that are documented):
//
//   - Among the candidates for a name the order of preference is: not known to
//     be impossible; among the candidates that were compared last; fewest
//     conflicts with what is required; from a repository whose tag is allowed;
//     from one whose tag is asked for; highest version of the name; highest
//     version of the package; highest provider priority; earliest repository;
//     first in the index.
//   - A provide without a version is chosen only with a provider priority, or
//     if its package is required anyway. It is less than every version.
//   - Several packages have a name only if all provide it without a version.
//   - What is required narrows the candidates of a name, what all candidates of
//     a name have in common is required, and no decision is ever taken back.
//   - An install_if applies when all its names are decided as it asks.
//   - A repository tag is allowed for what the world asks for with it and for
//     the dependencies of that. Empty packages need no tag.
//   - Of two elements of the world on one name the last counts.
//   - Packages are installed after their dependencies, entered by the world in
//     the order of its names; each is followed by what its coming completes an
//     install_if of, in the order of apk's hash table of names.
//
// A world that apk refuses is refused with a *Refusal, which says why.
package solver

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mkimage/mkimage/apk"
)

// Index is what the solver needs of a repository's index. *apk.Index is one.
type Index interface {
	// Table returns what choosing works on.
	Table() *apk.Table
	// Package returns a package by its number in the table.
	Package(i int) (*apk.Package, error)
}

// Repository is one to choose from. Its index must be verified.
type Repository struct {
	Name  string // URL or folder, for messages
	Tag   string // without its @; its packages are only for those who ask for it
	Index Index
}

// Requirement is one element of a world.
type Requirement struct {
	apk.Dependency
	Origin string // where it was asked for, such as "app.cue:12:5"; for messages
}

// Request is a question to the solver.
type Request struct {
	Arch         string       // by Alpine's name, such as "x86_64"
	Repositories []Repository // in the order of /etc/apk/repositories
	World        []Requirement

	// Known are repositories that are not chosen from, only named in a
	// refusal if they have what is missing.
	Known []Repository
}

// Solution is an answer.
type Solution struct {
	Install []Selected // in the order of installation
}

// Selected is a package of a solution.
type Selected struct {
	Package    *apk.Package
	Repository int      // number of its repository in the request
	Tag        string   // by which that repository may be used, without its @
	Reasons    []Reason // at least one
}

// Solve answers a request. The error is a *Refusal where apk would refuse too,
// or else that of an Index.
func Solve(r Request) (*Solution, error) {
	c, err := r.catalog()
	if err != nil {
		return nil, err
	}
	return solve(c, &r)
}

func (r *Request) catalog() (*catalog, error) {
	tables := make([]*apk.Table, len(r.Repositories))
	for i := range tables {
		tables[i] = r.Repositories[i].Index.Table()
	}
	return newCatalog(tables)
}

func solve(c *catalog, r *Request) (*Solution, error) {
	tags, err := readTags(r)
	if err != nil {
		return nil, err
	}
	s, world := run(c, r, tags, false)
	if !s.certain() {
		s, world = run(c, r, tags, true)
	}
	packages := s.installationOrder(world)
	if len(s.faults) > 0 {
		return nil, s.explain(r, world)
	}
	return s.solution(world, packages, r)
}

// run decides all names that the world leads to. Only an exact run decides them
// in apk's order, see certain.
func run(c *catalog, r *Request, tags []tag, exact bool) (*state, []worldDependency) {
	s, world := newState(c, r, tags)
	if exact {
		s.found = newDiscovery(c, uint32(len(s.names)))
		for i := range world {
			s.found.visit(world[i].name.id)
		}
	}
	for i := range world {
		s.constrain(nil, &world[i].dependency, world[i].tags)
	}
	for exact || !s.hazard && len(s.faults) == 0 {
		for n := s.nextChanged(); n != nil; n = s.nextChanged() {
			s.reconsider(n)
		}
		n := s.nextWaiting()
		if n == nil {
			break
		}
		s.decide(n)
	}
	return s, world
}

// readTags returns the tags of the request's repositories after the absent
// one, and refuses a world that has others.
func readTags(r *Request) ([]tag, error) {
	tags := []tag{{}}
	find := func(name string) int {
		return slices.IndexFunc(tags, func(t tag) bool { return t.name == name })
	}
	for i, repository := range r.Repositories {
		n := find(repository.Tag)
		if n < 0 {
			n = len(tags)
			tags = append(tags, tag{name: repository.Tag})
		}
		tags[n].repositories |= 1 << i
	}
	if len(tags) > maxTags+1 {
		return nil, fmt.Errorf("cannot resolve: %d repository tags, apk takes at most %d", len(tags)-1, maxTags)
	}
	var refusal Refusal
	for i, w := range r.World {
		if w.Tag != "" && find(w.Tag) < 0 {
			refusal.Clashes = append(refusal.Clashes, Clash{[]Line{{i, w.Origin, fmt.Sprintf(
				"cannot install %s: no repository is tagged @%s", w.Dependency, w.Tag)}}})
		}
	}
	if len(refusal.Clashes) > 0 {
		return nil, &refusal
	}
	return tags, nil
}

// worldDependency is an element of the world in a run.
type worldDependency struct {
	dependency
	tags        uint32
	requirement int // its number in the request
}

// newState begins a run. The world that it returns has each name once, with
// what the request says last about it, sorted as apk does.
func newState(c *catalog, r *Request, tags []tag) (*state, []worldDependency) {
	last := map[string]int{}
	for i, w := range r.World {
		last[w.Name] = i
	}
	s := &state{c: c, arch: r.Arch, tags: tags}
	s.names = make([]*name, c.names+uint32(len(last)))
	s.pkgs = make([]*pkg, c.packages)
	unknown := c.names
	var world []worldDependency
	for i, w := range r.World {
		if last[w.Name] != i {
			continue
		}
		id, ok := lookup(c.sources, []byte(w.Name), apk.NameHash(w.Name))
		if !ok {
			id = unknown
			unknown++
			s.names[id] = &name{id: id, text: w.Name, upset: -1}
		}
		n := s.name(id)
		n.inWorld = true
		t := slices.IndexFunc(tags, func(t tag) bool { return t.name == w.Tag })
		world = append(world, worldDependency{dependency{n, w.Op, w.Not, w.Version}, 1 << t, i})
	}
	slices.SortFunc(world, func(a, b worldDependency) int {
		return cmp.Or(
			strings.Compare(lower(a.name.text), lower(b.name.text)),
			strings.Compare(a.name.text, b.name.text),
		)
	})
	return s, world
}

// lower folds case as strcasecmp does in the C locale.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

func (s *state) solution(world []worldDependency, packages []*pkg, r *Request) (*Solution, error) {
	reasons := s.reasons(world, packages, r)
	solution := &Solution{Install: make([]Selected, len(packages))}
	for i, p := range packages {
		info, err := r.Repositories[p.repository].Index.Package(int(p.local))
		if err != nil {
			return nil, err
		}
		solution.Install[i] = Selected{Package: info, Repository: p.repository, Tag: s.tagOf(p), Reasons: reasons[i]}
	}
	return solution, nil
}

// tagOf returns the first tag that lets the package be used.
func (s *state) tagOf(p *pkg) string {
	for i, t := range s.tags {
		if p.allowedTags&(1<<i) != 0 && t.repositories&p.inRepos != 0 {
			return t.name
		}
	}
	return ""
}
