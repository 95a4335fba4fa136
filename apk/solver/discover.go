package solver

import "github.com/mkimage/mkimage/apk"

// discovery finds the names that a world could have to do with and numbers
// them in the order in which apk's own search leaves them: among names that
// wait to be decided, that order says which is next.
//
// The search visits, for a name: what its providers depend on; the names that
// react to it by install_if; for each provider what reacts to the provider's
// name and what it provides. Then the name has its number, and last come the
// names that its providers' own install_if have.
type discovery struct {
	c     *catalog
	idle  []bool   // by name: left out, as no order depends on them
	seen  []bool   // by name
	order []uint32 // by name, from 1
	count uint32

	met []bool // by package: its depends are walked, by whoever met it first
	// Other lists are walked by every name that they lie around. What is
	// before the cursor was visited already, or is being visited, so that
	// walking on from the cursor is the same as walking from the start.
	provides, installIf []uint32 // by package
	reactors            []uint32 // by name
	stack               []visit
}

// visit is a name whose surroundings are being searched.
type visit struct {
	name     uint32
	stage    stage
	source   int // the provider that is being looked at
	provider int
	first    bool // the provider was met here first
	depend   int  // then: the next of its depends
}

type stage int

const (
	stageDepends stage = iota
	stageReactors
	stageProvides
	stageNumber
	stageInstallIf
	stageDone
)

func newDiscovery(c *catalog, names uint32) *discovery {
	return &discovery{
		c:         c,
		idle:      c.idle(),
		seen:      make([]bool, names),
		order:     make([]uint32, names),
		met:       make([]bool, c.packages),
		provides:  make([]uint32, c.packages),
		installIf: make([]uint32, c.packages),
		reactors:  make([]uint32, names),
	}
}

// visit searches from a name. Names that were visited before stay as they are.
func (d *discovery) visit(name uint32) {
	d.push(name)
	for len(d.stack) > 0 {
		v := &d.stack[len(d.stack)-1]
		next, ok := d.step(v)
		switch {
		case ok:
			d.push(next)
		case v.stage == stageDone:
			d.stack = d.stack[:len(d.stack)-1]
		}
	}
}

func (d *discovery) push(name uint32) {
	if !d.seen[name] {
		d.seen[name] = true
		d.stack = append(d.stack, visit{name: name})
	}
}

// step returns the next name around v, or moves v on.
func (d *discovery) step(v *visit) (uint32, bool) {
	switch v.stage {
	case stageReactors:
		if n, ok := d.nextReactor(v.name); ok {
			return n, true
		}
	case stageNumber:
		d.count++
		d.order[v.name] = d.count
	default:
		if n, ok := d.stepProviders(v); ok {
			return n, true
		}
	}
	v.stage++
	v.source, v.provider = 0, 0
	return 0, false
}

func (d *discovery) nextReactor(name uint32) (uint32, bool) {
	list := d.c.reactors.of(name)
	for d.reactors[name] < uint32(len(list)) {
		n := list[d.reactors[name]]
		d.reactors[name]++
		if !d.seen[n] {
			return n, true
		}
	}
	return 0, false
}

// stepProviders returns the next unseen name around the providers of v.
func (d *discovery) stepProviders(v *visit) (uint32, bool) {
	for ; v.source < len(d.c.sources); v.source, v.provider = v.source+1, 0 {
		s := &d.c.sources[v.source]
		local, ok := s.localName(v.name)
		if !ok {
			continue
		}
		for list := s.table.Providers(local); v.provider < list.Len(); v.provider++ {
			p := list.At(v.provider).Package
			if s.twin[p] {
				continue
			}
			if n, ok := d.stepPackage(s, v, p); ok {
				return n, true
			}
		}
	}
	return 0, false
}

func (d *discovery) stepPackage(s *source, v *visit, p uint32) (uint32, bool) {
	switch v.stage {
	case stageDepends:
		return d.stepDepends(s, v, p)
	case stageProvides:
		if n, ok := d.nextReactor(s.globalName(s.table.PackageName(p))); ok {
			return n, true
		}
		return d.nextLink(s, s.table.Provides(p), &d.provides[s.first+p])
	}
	return d.nextLink(s, s.table.InstallIf(p), &d.installIf[s.first+p])
}

func (d *discovery) stepDepends(s *source, v *visit, p uint32) (uint32, bool) {
	if !d.met[s.first+p] {
		d.met[s.first+p] = true
		v.first, v.depend = true, 0
	}
	if !v.first {
		return 0, false
	}
	links := s.table.Depends(p)
	for v.depend < links.Len() {
		n := s.globalName(links.Name(v.depend))
		v.depend++
		if !d.seen[n] {
			return n, true
		}
	}
	v.first = false
	return 0, false
}

func (d *discovery) nextLink(s *source, links apk.Links, cursor *uint32) (uint32, bool) {
	for *cursor < uint32(links.Len()) {
		n := s.globalName(links.Name(int(*cursor)))
		*cursor++
		if !d.seen[n] && !d.idle[n] {
			return n, true
		}
	}
	return 0, false
}
