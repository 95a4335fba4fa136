package solver

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/mkimage/mkimage/apk"
)

// catalog gives the names and packages of several indexes common numbers.
//
// Names are numbered in the order in which apk meets them when it reads the
// indexes one after the other, which decides where they stand in its hash
// table. A package that two indexes have, by its checksum, is one package and
// belongs to the first. A catalog is immutable.
type catalog struct {
	sources  []source
	names    uint32 // how many there are
	packages uint32
	// alsoIn has the bits of the further repositories that a package is in.
	alsoIn map[uint32]uint32
	// reactors are, by name, the names whose packages have it in install_if.
	reactors reactors
	// idle returns, by number, the names that only one package has and nothing
	// mentions, unless that package has an install_if.
	idle func() []bool
	// packageNames returns the names of packages, sorted.
	packageNames func() []string
}

// source is one index of a catalog.
type source struct {
	table *apk.Table
	first uint32 // number of its first package
	// global has its names' numbers, local the reverse plus one; both are
	// nil in the first source, whose numbers are common ones.
	global, local []uint32
	twin          map[uint32]bool // its packages that an earlier source has
}

const (
	// The most repositories and tags that apk takes.
	maxRepositories = 32
	maxTags         = 15
	// The most packages, several times those of the largest distribution;
	// their dependencies are followed as deep as they go.
	maxPackages = 1 << 20
)

func newCatalog(tables []*apk.Table) (*catalog, error) {
	if len(tables) > maxRepositories {
		return nil, fmt.Errorf("cannot resolve: %d repositories, apk takes at most %d", len(tables), maxRepositories)
	}
	c := &catalog{alsoIn: map[uint32]uint32{}}
	for _, t := range tables {
		c.sources = append(c.sources, source{table: t, first: c.packages})
		s := &c.sources[len(c.sources)-1]
		if int(c.packages)+t.NumPackages() > maxPackages || int(c.names)+t.NumNames() > math.MaxInt32 {
			return nil, fmt.Errorf("cannot resolve: the repositories have more than %d packages", maxPackages)
		}
		if len(c.sources) == 1 {
			c.names = uint32(t.NumNames())
		} else {
			c.number(s)
		}
		c.packages += uint32(t.NumPackages())
		if len(c.sources) > 1 {
			c.findTwins(s)
		}
	}
	c.reactors = c.findReactors()
	c.idle = sync.OnceValue(c.findIdle)
	c.packageNames = sync.OnceValue(c.findPackageNames)
	return c, nil
}

func (c *catalog) findIdle() []bool {
	idle := make([]bool, c.names)
	busy := make([]bool, c.names) // seen in an earlier source, or mentioned
	for i := range c.sources {
		s := &c.sources[i]
		for local := range uint32(s.table.NumNames()) {
			n := s.globalName(local)
			providers := s.table.Providers(local)
			idle[n] = !busy[n] && providers.Len() == 1 &&
				s.table.Dependers(local).Len() == 0 && len(c.reactors.of(n)) == 0 &&
				s.table.InstallIf(providers.At(0).Package).Len() == 0
			busy[n] = true
		}
	}
	return idle
}

// number gives the names of a further source their numbers.
func (c *catalog) number(s *source) {
	n := uint32(s.table.NumNames())
	s.global = make([]uint32, n)
	s.local = make([]uint32, c.names, c.names+n)
	earlier := c.sources[:len(c.sources)-1]
	for i := range n {
		g, ok := lookup(earlier, s.table.NameBytes(i), s.table.NameHash(i))
		if !ok {
			g = c.names
			c.names++
			s.local = append(s.local, 0)
		}
		s.global[i], s.local[g] = g, i+1
	}
}

// lookup returns the number of a name in some sources.
func lookup(sources []source, name []byte, hash uint32) (uint32, bool) {
	for i := range sources {
		if n, ok := sources[i].table.LookupName(name, hash); ok {
			return sources[i].globalName(n), true
		}
	}
	return 0, false
}

// findTwins finds the source's packages that an earlier one has.
func (c *catalog) findTwins(s *source) {
	repository := uint(len(c.sources) - 1)
	s.twin = map[uint32]bool{}
	for p := range uint32(s.table.NumPackages()) {
		name := s.globalName(s.table.PackageName(p))
		for i := range c.sources[:repository] {
			if q, ok := c.sources[i].find(name, s.table.Checksum(p)); ok {
				s.twin[p] = true
				c.alsoIn[q] |= 1 << repository
				break
			}
		}
	}
}

// find returns the number of the source's own package with that checksum.
func (s *source) find(name uint32, sum apk.Checksum) (uint32, bool) {
	local, ok := s.localName(name)
	if !ok {
		return 0, false
	}
	for i, l := 0, s.table.Providers(local); i < l.Len(); i++ {
		p := l.At(i).Package
		if s.table.PackageName(p) == local && s.table.Checksum(p) == sum && !s.twin[p] {
			return s.first + p, true
		}
	}
	return 0, false
}

func (s *source) globalName(local uint32) uint32 {
	if s.global == nil {
		return local
	}
	return s.global[local]
}

func (s *source) localName(global uint32) (uint32, bool) {
	switch {
	case s.local == nil:
		return global, int(global) < s.table.NumNames()
	case int(global) < len(s.local) && s.local[global] != 0:
		return s.local[global] - 1, true
	}
	return 0, false
}

// nameOf returns the name of that number.
func (c *catalog) nameOf(n uint32) string {
	for i := range c.sources {
		if local, ok := c.sources[i].localName(n); ok {
			return c.sources[i].table.Name(local)
		}
	}
	return ""
}

// tablePlace is where a name stands in apk's hash table of names: the walks
// over that table, bucket by bucket and the newest name of a bucket first, are
// what orders reverse dependencies.
type tablePlace uint64

const nameBuckets = 20000

func (c *catalog) place(n uint32) tablePlace {
	for i := range c.sources {
		if local, ok := c.sources[i].localName(n); ok {
			bucket := c.sources[i].table.NameHash(local) % nameBuckets
			return tablePlace(bucket)<<32 | tablePlace(^n)
		}
	}
	return 0
}

// reactors are lists of names by name, end to end.
type reactors struct {
	starts []uint32
	items  []uint32
}

// of returns the names with packages that have n in install_if, in the order
// of apk's hash table.
func (r *reactors) of(n uint32) []uint32 {
	if int(n)+2 >= len(r.starts) {
		return nil
	}
	return r.items[r.starts[n]:r.starts[n+1]]
}

func (c *catalog) findReactors() reactors {
	r := reactors{starts: make([]uint32, c.names+2)}
	c.eachReactor(func(on, _ uint32) { r.starts[on+2]++ })
	for i := range c.names {
		r.starts[i+2] += r.starts[i+1]
	}
	places := make([]tablePlace, r.starts[c.names+1])
	c.eachReactor(func(on, n uint32) {
		places[r.starts[on+1]] = c.place(n)
		r.starts[on+1]++
	})
	r.items = make([]uint32, 0, len(places))
	for i := range c.names {
		list := places[r.starts[i]:r.starts[i+1]]
		slices.Sort(list)
		r.starts[i] = uint32(len(r.items))
		for j, p := range list {
			if j == 0 || p != list[j-1] {
				r.items = append(r.items, ^uint32(p))
			}
		}
	}
	r.starts[c.names] = uint32(len(r.items))
	return r
}

// eachReactor calls f for every name in an install_if with every name of the
// package that has it.
func (c *catalog) eachReactor(f func(on, n uint32)) {
	for i := range c.sources {
		s := &c.sources[i]
		for p := range uint32(s.table.NumPackages()) {
			rule := s.table.InstallIf(p)
			if rule.Len() == 0 || s.twin[p] {
				continue
			}
			provides := s.table.Provides(p)
			for j := range rule.Len() {
				on := s.globalName(rule.Name(j))
				f(on, s.globalName(s.table.PackageName(p)))
				for k := range provides.Len() {
					f(on, s.globalName(provides.Name(k)))
				}
			}
		}
	}
}
