package solver

// constrain applies a dependency of asker, or of the world with the tags that
// it allows, to all that have its name.
func (s *state) constrain(asker *pkg, d *dependency, worldTags uint32) {
	n := d.name
	if !d.not {
		s.require(n)
	}
	for _, p := range s.providers(n) {
		met := s.meets(asker, d, p)
		if !met {
			p.pkg.conflicts++
		}
		if p.pkg.selectable && p.pkg.conflicts > 0 {
			s.disqualify(p.pkg, cause{kind: causeUnmet, asker: asker, dep: d})
		}
		if met {
			s.inheritTags(p.pkg, asker, worldTags)
		}
	}
}

// inheritTags lets a package come from the repositories of the tags that what
// asks for it may come from. A tag that the world gives is also preferred.
func (s *state) inheritTags(p, asker *pkg, worldTags uint32) {
	if asker != nil {
		p.allowedTags |= asker.allowedTags
	} else {
		p.allowedTags |= worldTags
		p.tagPreferred = p.inRepos&s.repositoriesOf(worldTags) != 0
	}
	if p.inRepos&s.repositoriesOf(p.allowedTags) != 0 {
		p.tagAllowed = true
	}
}

// choosableAlone reports whether a provider may be chosen just because its
// name is needed: a virtual one needs a priority, or to be needed itself.
func (p provider) choosableAlone() bool {
	return p.version != "" || p.pkg.priority != 0 || p.pkg.name.requirers > 0
}

// reconsider narrows what a name's providers can be, and passes down what all
// that are left have in common.
func (s *state) reconsider(n *name) {
	recheck, recheckRules := s.outdated(n), n.recheckRules
	n.checked, n.recheckRules = s.clock, false

	m := merge{}
	triggered, noRules, selectable := false, true, false
	for _, p := range s.providers(n) {
		p.pkg.merged = nil
		if recheck && p.pkg.selectable {
			if d := s.unsatisfiable(p.pkg); d != nil {
				s.disqualify(p.pkg, cause{kind: causeDepends, dep: d})
			}
		}
		if !p.pkg.selectable {
			continue
		}
		if recheckRules {
			s.checkRule(p.pkg)
		}
		triggered = triggered || p.pkg.ruleTriggered
		noRules = noRules && p.pkg.ruleFailed
		selectable = selectable || p.pkg.ruleTriggered
		if n.requirers == 0 {
			continue
		}
		s.load(p.pkg)
		m.add(p)
		p.pkg.merged = n
		selectable = selectable || p.choosableAlone()
	}
	n.options = m.count > 1 || m.tagsInTheWay
	n.triggered, n.noRules = triggered, noRules
	again := selectable != n.selectable
	n.selectable = selectable
	if m.first != nil {
		s.passDown(n, &m)
	}
	n.requirersDone = s.requirersDecided(n)
	s.queueWaiting(n, again)
}

// outdated reports whether a dependency of the name's providers changed since
// they were last looked at.
func (s *state) outdated(n *name) bool {
	if s.clock == n.checked {
		return false
	}
	for _, p := range s.providers(n) {
		for i := range s.load(p.pkg).depends {
			if p.pkg.depends[i].name.upset > n.checked {
				return true
			}
		}
	}
	return false
}

// unsatisfiable returns a dependency of the package that nothing can meet, or
// nil.
func (s *state) unsatisfiable(p *pkg) *dependency {
	for i := range s.load(p).depends {
		if d := &p.depends[i]; !s.satisfiable(p, d) {
			return d
		}
	}
	return nil
}

func (s *state) satisfiable(p *pkg, d *dependency) bool {
	if d.name.locked {
		return s.meets(p, d, d.name.chosen)
	}
	if d.name.requirers == 0 && d.not {
		return true
	}
	for _, q := range s.providers(d.name) {
		if q.pkg.selectable && s.meets(p, d, q) {
			return true
		}
	}
	return false
}

// checkRule finds out whether the package's install_if applies: all its names
// must be decided and as it asks.
func (s *state) checkRule(p *pkg) {
	s.load(p)
	if !p.ruleTriggered && !p.ruleFailed {
		p.ruleTriggered = true
		for i := range p.installIf {
			d := &p.installIf[i]
			if !d.name.locked {
				if d.not {
					d.name.ruleNeeds, s.hazard = true, true
					s.queueWaiting(d.name, false)
				}
				p.ruleTriggered = false
				break
			}
			if !s.meets(p, d, d.name.chosen) {
				p.ruleTriggered, p.ruleFailed = false, true
				break
			}
		}
	}
	if p.ruleTriggered {
		for i := range p.installIf {
			s.inheritTags(p, p.installIf[i].name.chosen.pkg, 0)
		}
	}
}

// merge collects what a name's candidates have in common. The counts that it
// leaves in names are exact only for names that the first candidate has; no
// others are looked at.
type merge struct {
	first        *pkg
	count        int
	tagsInTheWay bool
}

func (m *merge) add(p provider) {
	if m.first == nil {
		m.first = p.pkg
	}
	for i := range p.pkg.depends {
		if d := &p.pkg.depends[i]; !d.not && d.name.mergeDepends == m.count {
			d.name.mergeDepends = m.count + 1
		}
	}
	m.provides(p.pkg.name, p.version)
	for i := range p.pkg.provides {
		m.provides(p.pkg.provides[i].name, p.pkg.provides[i].version)
	}
	m.tagsInTheWay = m.tagsInTheWay || !p.pkg.tagAllowed
	m.count++
}

func (m *merge) provides(n *name, version string) {
	if n.mergeProvides == m.count {
		n.mergeProvides = m.count + 1
		n.mergeUnversioned = n.mergeUnversioned || version == ""
	}
}

// complete takes back a count and reports whether all candidates were in it.
func (m *merge) complete(count *int) bool {
	all := *count == m.count
	*count = 0
	return all
}

// passDown applies what all candidates of a name need, and gives up packages
// that have a name in common with them all without being one of them.
func (s *state) passDown(n *name, m *merge) {
	for _, p := range s.providers(n) {
		p.pkg.used = p.pkg.merged == n
	}
	for i := range m.first.depends {
		d := &m.first.depends[i]
		if !m.complete(&d.name.mergeDepends) {
			continue
		}
		switch {
		case m.count == 1:
			s.constrain(m.first, d, 0)
		case d.name.requirers == 0:
			s.require(d.name)
			for _, p := range s.providers(d.name) {
				s.inheritTags(p.pkg, m.first, 0)
			}
		}
	}
	if m.complete(&m.first.name.mergeProvides) {
		s.exclude(m.first.name, n)
	}
	for i := range m.first.provides {
		if p := m.first.provides[i].name; m.complete(&p.mergeProvides) {
			s.exclude(p, n)
		}
	}
	m.first.name.mergeUnversioned = false
	for i := range m.first.provides {
		m.first.provides[i].name.mergeUnversioned = false
	}
}

// exclude gives up providers of a name that do not have another name which
// whoever gets the name has. Virtual providers can be many and stay.
func (s *state) exclude(n, must *name) {
	if n == must {
		return
	}
	virtual := n.mergeUnversioned
	for _, p := range s.providers(n) {
		switch {
		case p.pkg.merged == must, !p.pkg.selectable: // one of them, or given up
		case virtual && (p.version == "" || unversionedProvide(s.load(p.pkg))):
		default:
			s.disqualify(p.pkg, cause{kind: causeExcluded, name: n})
		}
	}
}

// requirersDecided reports whether every name that has a provider which
// depends on n, as far as discovery came, is decided.
func (s *state) requirersDecided(n *name) bool {
	if s.found == nil {
		return false // which only order depends on
	}
	undecided := func(id uint32) bool {
		return s.found.seen[id] && (s.names[id] == nil || !s.names[id].locked)
	}
	for r := range s.c.sources {
		src := &s.c.sources[r]
		local, ok := src.localName(n.id)
		if !ok {
			continue
		}
		list := src.table.Dependers(local)
		for i := range list.Len() {
			p := list.At(i)
			if src.twin[p] {
				continue
			}
			if undecided(src.globalName(src.table.PackageName(p))) {
				return false
			}
			for j, l := 0, src.table.Provides(p); j < l.Len(); j++ {
				if undecided(src.globalName(l.Name(j))) {
					return false
				}
			}
		}
	}
	return true
}
