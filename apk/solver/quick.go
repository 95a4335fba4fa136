package solver

import (
	"cmp"
	"math/bits"

	"github.com/mkimage/mkimage/apk"
)

// Finding out in which order apk decides names costs more than everything
// else, because discovery walks most of the index. The order matters only
// where a decision could come out differently by coming sooner. So a request
// is first run in an arbitrary order, and the result stands if it is certain:
// if every required name has the very package that it would have been given
// before anything was known, nothing in the result stands in the way of
// anything else in it, and nothing was kept out of it that an earlier turn
// would have let in. Each step in any other order then finds the same package
// to be the best, and still possible. Otherwise the request is run again in
// apk's order.

// certain reports whether every order of decisions leads to this result.
func (s *state) certain() bool {
	if s.hazard || len(s.faults) > 0 || len(s.tags) > 1 {
		return false
	}
	for _, n := range s.touched {
		if n.requirers > 0 && !s.foregone(n) {
			return false
		}
	}
	for _, p := range s.refused {
		if p.chosen || len(s.load(p).installIf) > 0 && s.ruleMet(p) {
			return false
		}
	}
	return true
}

// foregone reports whether the package that has the name is the best of all
// that could ever have had it, and the only one of the result that can.
func (s *state) foregone(n *name) bool {
	var best provider
	for _, p := range s.providers(n) {
		if !p.pkg.usable {
			continue
		}
		if p.version == "" && p.pkg.priority == 0 {
			// It could be chosen once its own name is required.
			if p.pkg.chosen || p.pkg.name.requirers > 0 {
				return false
			}
			continue
		}
		if p.pkg.chosen && p.pkg != n.chosen.pkg {
			return false
		}
		if best.pkg == nil || betterBySelf(p, best) > 0 {
			best = p
		}
	}
	return best.pkg != nil && best.pkg == n.chosen.pkg
}

// betterBySelf is the part of better that no decision changes.
func betterBySelf(a, b provider) int {
	p, q := a.pkg, b.pkg
	if r := apk.CompareVersions(a.version, b.version); r != 0 {
		return r
	}
	if p.name == q.name {
		if r := apk.CompareVersions(p.version, q.version); r != 0 {
			return r
		}
	}
	return cmp.Or(
		cmp.Compare(p.priority, q.priority),
		cmp.Compare(bits.TrailingZeros32(q.inRepos), bits.TrailingZeros32(p.inRepos)),
	)
}

func (s *state) ruleMet(p *pkg) bool {
	for i := range p.installIf {
		if d := &p.installIf[i]; !s.meets(p, d, d.name.chosen) {
			return false
		}
	}
	return true
}

func unversionedProvide(p *pkg) bool {
	for i := range p.provides {
		if p.provides[i].version == "" {
			return true
		}
	}
	return false
}
