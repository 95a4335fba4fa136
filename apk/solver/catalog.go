package solver

import (
	"cmp"
	"fmt"
	"math"
	"slices"

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

// The most repositories and tags that apk takes; more could choose otherwise.
const (
	maxRepositories = 32
	maxTags         = 15
)

func newCatalog(tables []*apk.Table) (*catalog, error) {
	if len(tables) > maxRepositories {
		return nil, fmt.Errorf("cannot resolve: %d repositories, apk takes at most %d", len(tables), maxRepositories)
	}
	c := &catalog{alsoIn: map[uint32]uint32{}}
	for _, t := range tables {
		c.sources = append(c.sources, source{table: t, first: c.packages})
		s := &c.sources[len(c.sources)-1]
		if uint64(c.names)+uint64(t.NumNames()) > math.MaxInt32 || uint64(c.packages)+uint64(t.NumPackages()) > math.MaxInt32 {
			return nil, fmt.Errorf("cannot resolve: the indexes have too many packages")
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
	return c, nil
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

// repository returns where a package is and its number there.
func (c *catalog) repository(p uint32) (repository int, local uint32) {
	r := len(c.sources) - 1
	for c.sources[r].first > p {
		r--
	}
	return r, p - c.sources[r].first
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
	if int(n)+1 >= len(r.starts) {
		return nil
	}
	return r.items[r.starts[n]:r.starts[n+1]]
}

func (c *catalog) findReactors() reactors {
	type pair struct {
		on    uint32
		place tablePlace
	}
	var pairs []pair
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
				pairs = append(pairs, pair{on, c.place(s.globalName(s.table.PackageName(p)))})
				for k := range provides.Len() {
					pairs = append(pairs, pair{on, c.place(s.globalName(provides.Name(k)))})
				}
			}
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.on, b.on), cmp.Compare(a.place, b.place))
	})
	pairs = slices.Compact(pairs)
	r := reactors{starts: make([]uint32, c.names+1), items: make([]uint32, len(pairs))}
	for i, p := range pairs {
		r.starts[p.on+1]++
		r.items[i] = ^uint32(p.place)
	}
	for i := range c.names {
		r.starts[i+1] += r.starts[i]
	}
	return r
}
