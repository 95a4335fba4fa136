package solver

import (
	"cmp"
)

// better compares two providers of a name as candidates for it: positive if a
// is to be preferred, 0 if neither is.
func (s *state) better(a, b provider) int {
	if a.pkg == nil || b.pkg == nil {
		return boolCompare(a.pkg != nil, b.pkg != nil)
	}
	p, q := a.pkg, b.pkg
	return cmp.Or(
		boolCompare(p.selectable, q.selectable),
		boolCompare(p.used, q.used),
		cmp.Compare(q.conflicts, p.conflicts),
		boolCompare(p.tagAllowed, q.tagAllowed),
		boolCompare(p.tagPreferred, q.tagPreferred),
		betterBySelf(a, b),
	)
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// decide chooses who gets a name, perhaps no one.
func (s *state) decide(n *name) {
	var best provider
	if n.requirers > 0 || n.triggered {
		for _, p := range s.providers(n) {
			if n.requirers == 0 && !(p.pkg.ruleTriggered && p.pkg.tagAllowed && p.pkg.selectable) {
				continue
			}
			if p.choosableAlone() && s.better(p, best) > 0 {
				best = p
			}
		}
	}
	p := best.pkg
	if n.requirers == 0 {
		s.hazard = s.hazard || p == nil || len(n.provided) > 1 || unversionedProvide(s.load(p))
	}
	if p == nil {
		s.assign(n, provider{})
		if n.requirers > 0 {
			s.faults = append(s.faults, fault{name: n})
		}
		return
	}
	switch {
	case !p.selectable:
		s.fail(p, p.why)
	case !p.tagAllowed:
		s.fail(p, cause{kind: causeTag})
	}
	p.chosen = true
	s.assign(p.name, provider{p, p.version})
	for i := range s.load(p).provides {
		s.assign(p.provides[i].name, provider{p, p.provides[i].version})
	}
	for i := range p.depends {
		s.constrain(p, &p.depends[i], 0)
	}
}

// fail marks a package that is chosen although it cannot be had.
func (s *state) fail(p *pkg, why cause) {
	if p != nil && !p.failed {
		p.failed = true
		s.faults = append(s.faults, fault{pkg: p, cause: why})
	}
}

// assign decides a name. Only virtual providers can share one.
func (s *state) assign(n *name, p provider) {
	if n.locked {
		s.hazard = true
		if p.version != "" || n.chosen.version != "" {
			s.fail(p.pkg, cause{kind: causeTaken, name: n, other: n.chosen.pkg})
			s.fail(n.chosen.pkg, cause{kind: causeTaken, name: n, other: p.pkg})
		}
		return
	}
	n.locked, n.chosen = true, p
	s.leaveWaiting(n)
	if n.inChanged != nil {
		s.changed.Remove(n.inChanged)
		n.inChanged = nil
	}
	if p.pkg != nil && n.requirers == 0 && p.pkg.ruleTriggered {
		for i := range p.pkg.installIf {
			if d := &p.pkg.installIf[i]; !d.name.locked {
				s.constrain(p.pkg, d, 0)
			}
		}
	}
	for _, q := range s.providers(n) {
		if q.pkg != p.pkg && (p.version != "" || q.version != "") {
			s.disqualify(q.pkg, cause{kind: causeTaken, name: n, other: p.pkg})
		}
	}
	s.upsetDependents(n)
	if p.pkg != nil {
		s.upsetRulesOf(p.pkg)
	} else {
		s.upsetRules(n)
	}
}
