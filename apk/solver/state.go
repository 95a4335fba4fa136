package solver

import (
	"container/list"
	"slices"

	"github.com/mkimage/mkimage/apk"
)

// state is one run of the solver. Names and packages come into it when they
// are first touched.
type state struct {
	c       *catalog
	arch    string
	tags    []tag      // of the repositories; the first is the absent tag
	found   *discovery // nil in a quick run
	names   []*name    // by number; beyond the catalog's, those only the world has
	pkgs    []*pkg
	touched []*name // the names that are not nil
	refused []*pkg  // that were given up
	hazard  bool    // a quick run met what could depend on order
	clock   int     // of changes that may have made a dependency unmeetable
	changed list.List
	urgent  list.List    // waiting names, see queueWaiting
	waiting [2]orderHeap // the others
	faults  []fault
}

// tag is a repository tag, with the bits of the repositories that have it.
type tag struct {
	name         string
	repositories uint32
}

// untagged is the bit of the absent tag in sets of tags.
const untagged = 1

// name is the state of a name.
type name struct {
	id       uint32
	text     string
	order    int32 // among waiting names, the highest is next
	inWorld  bool
	loaded   bool
	provided []provider // read by providers

	locked bool     // decided, for chosen
	chosen provider // of no package: nothing has this name

	requirers  int
	dependents []*name // required names with a provider that depends on this
	upset      int     // clock when providers' dependents were last to be checked
	checked    int     // clock when this name's own providers were

	recheckRules  bool // whether install_if rules of its providers apply
	triggered     bool // one does
	noRules       bool // none can any more
	ruleNeeds     bool // a rule waits for this name to stay absent
	selectable    bool // a provider may be chosen by itself
	options       bool // there is a choice, or a tag in the way
	requirersDone bool // every name that could require this is decided

	mergeDepends, mergeProvides int
	mergeUnversioned            bool

	inChanged *list.Element
	inUrgent  *list.Element
	inHeap    *orderHeap
	heapIndex int

	ordered bool // it had its turn in the order of installation
}

// provider is a package that has a name, in a version of that name; without
// a version it is a virtual one.
type provider struct {
	pkg     *pkg
	version string
}

// pkg is the state of a package.
type pkg struct {
	id         uint32
	repository int
	local      uint32
	name       *name
	version    string
	priority   int
	inRepos    uint32 // bits of the repositories it is in

	loaded                       bool
	depends, provides, installIf []dependency

	usable        bool // its entry and architecture do not forbid it
	selectable    bool // not known to be impossible
	conflicts     int
	tagAllowed    bool
	tagPreferred  bool
	allowedTags   uint32
	ruleTriggered bool
	ruleFailed    bool  // it never triggers, or there is none
	merged        *name // whose candidates it was last among
	used          bool  // it was when they last passed anything down

	why    cause // of not being selectable any more
	chosen bool
	failed bool
	placed bool // in the order of installation
}

// dependency is an apk.Dependency on a name of the run.
type dependency struct {
	name    *name
	op      apk.Op
	not     bool
	version string
}

// fault is what makes a run fail: a required name that no one got, or a
// package that was chosen although it cannot be had.
type fault struct {
	name *name
	pkg  *pkg
	cause
}

// cause is why a package cannot be had.
type cause struct {
	kind  causeKind
	asker *pkg        // of dep; nil is the world
	dep   *dependency // what is not met
	name  *name       // what two packages cannot both have
	other *pkg        // the other of the two, if it is known
}

type causeKind int

const (
	causeUnusable causeKind = iota // by its entry or architecture
	causeUnmet                     // it is not as dep of asker wants
	causeDepends                   // its own dep cannot be met
	causeTaken                     // other has a name of its
	causeExcluded                  // whoever gets name has a name of its
	causeTag                       // its repositories' tags are not allowed
	causeFailed                    // what it depends on has failed
)

// name returns the state of a catalog's name.
func (s *state) name(id uint32) *name {
	if n := s.names[id]; n != nil {
		return n
	}
	n := &name{id: id, text: s.c.nameOf(id), upset: -1, checked: 0}
	s.names[id] = n
	s.touched = append(s.touched, n)
	return n
}

// providers returns who has the name, in the order in which apk met them.
func (s *state) providers(n *name) []provider {
	if n.loaded {
		return n.provided
	}
	n.loaded = true
	n.noRules = true
	for r := range s.c.sources {
		src := &s.c.sources[r]
		local, ok := src.localName(n.id)
		if !ok {
			continue
		}
		list := src.table.Providers(local)
		n.provided = slices.Grow(n.provided, list.Len())
		for i := range list.Len() {
			if p := list.At(i); !src.twin[p.Package] {
				pkg := s.pkg(r, p.Package)
				n.provided = append(n.provided, provider{pkg, src.table.Version(p.Version)})
				n.noRules = n.noRules && pkg.ruleFailed
			}
		}
	}
	n.order = s.orderOf(n)
	return n.provided
}

// orderOf returns the name's place among waiting names: those of the world
// before others, then those that no package is called before others, then by
// discovery, latest first.
func (s *state) orderOf(n *name) int32 {
	var order uint32
	if s.found != nil {
		order = s.found.order[n.id]
	}
	if !n.inWorld {
		order |= 1 << 31
	}
	if slices.ContainsFunc(n.provided, func(p provider) bool { return p.pkg.name == n }) {
		order |= 1 << 30
	}
	return int32(order)
}

// pkg returns the state of a package by its repository and number there.
func (s *state) pkg(repository int, local uint32) *pkg {
	src := &s.c.sources[repository]
	id := src.first + local
	if p := s.pkgs[id]; p != nil {
		return p
	}
	r := src.table.Package(local)
	arch := src.table.Version(r.Arch)
	p := &pkg{
		id:          id,
		repository:  repository,
		local:       local,
		name:        s.name(src.globalName(r.Name)),
		version:     src.table.Version(r.Version),
		priority:    r.ProviderPriority,
		inRepos:     1<<repository | s.c.alsoIn[id],
		usable:      !r.Uninstallable && (arch == "" || arch == "noarch" || arch == s.arch),
		ruleFailed:  src.table.InstallIf(local).Len() == 0,
		allowedTags: untagged,
	}
	p.selectable = p.usable
	p.tagPreferred = r.Empty || p.inRepos&s.tags[0].repositories != 0
	p.tagAllowed = p.tagPreferred
	s.pkgs[id] = p
	return p
}

// load reads the links of a package.
func (s *state) load(p *pkg) *pkg {
	if p.loaded {
		return p
	}
	p.loaded = true
	t := s.c.sources[p.repository].table
	p.depends = s.dependencies(p, t.Depends(p.local))
	p.provides = s.dependencies(p, t.Provides(p.local))
	p.installIf = s.dependencies(p, t.InstallIf(p.local))
	return p
}

func (s *state) dependencies(p *pkg, links apk.Links) []dependency {
	if links.Len() == 0 {
		return nil
	}
	src := &s.c.sources[p.repository]
	list := make([]dependency, links.Len())
	for i := range list {
		l := links.At(i)
		list[i] = dependency{s.name(src.globalName(l.Name)), l.Op, l.Not, src.table.Version(l.Version)}
	}
	return list
}

// meets reports whether a provider, which may be none, is as d asks; asker is
// the package that asks, nil for the world. A package never conflicts with
// itself.
func (s *state) meets(asker *pkg, d *dependency, p provider) bool {
	if p.pkg == nil {
		return d.not
	}
	if d.not && asker == p.pkg {
		return true
	}
	if d.op == apk.OpChecksum {
		return !d.not && s.c.sources[p.pkg.repository].table.Checksum(p.pkg.local).String() == d.version
	}
	return d.op.Matches(p.version, d.version) != d.not
}

// repositoriesOf returns the bits of the repositories with any of the tags.
func (s *state) repositoriesOf(tags uint32) uint32 {
	var all uint32
	for i, t := range s.tags {
		if tags&(1<<i) != 0 {
			all |= t.repositories
		}
	}
	return all
}
