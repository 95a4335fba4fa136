package solver

// order is the packages in the order in which apk installs them: what the
// world asks for, sorted by name, each after its dependencies in the order in
// which it lists them, and right after each what its coming completes an
// install_if rule of.
type order struct {
	s        *state
	packages []*pkg
}

// installationOrder returns the packages that a run chose.
func (s *state) installationOrder(world []worldDependency) []*pkg {
	o := order{s: s}
	for i := range world {
		o.dependency(nil, &world[i].dependency)
	}
	return o.packages
}

// dependency puts what meets d of asker in order, and faults asker if nothing
// does.
func (o *order) dependency(asker *pkg, d *dependency) {
	p := d.name.chosen.pkg
	if asker != nil && !o.s.meets(asker, d, d.name.chosen) {
		o.s.fail(asker, cause{kind: causeDepends, dep: d})
	}
	o.name(d.name)
	if p != nil && p.failed {
		o.s.fail(asker, cause{kind: causeFailed})
	}
}

func (o *order) name(n *name) {
	if n.ordered {
		return
	}
	n.ordered = true
	p := n.chosen.pkg
	if p == nil || p.placed {
		return
	}
	p.placed = true
	p.name.ordered = true
	for i := range p.provides {
		p.provides[i].name.ordered = true
	}
	for i := range p.depends {
		o.dependency(p, &p.depends[i])
	}
	o.packages = append(o.packages, p)
	o.reactors(p.name)
	for i := range p.provides {
		o.reactors(p.provides[i].name)
	}
}

// reactors puts in order what a rule on n installs, if all that the rule names
// had its turn.
func (o *order) reactors(n *name) {
	for _, id := range o.s.c.reactors.of(n.id) {
		m := o.s.names[id]
		if m == nil || m.ordered || m.chosen.pkg == nil {
			continue
		}
		if p := m.chosen.pkg; o.complete(p) {
			o.name(m)
		}
	}
}

func (o *order) complete(p *pkg) bool {
	for i := range p.installIf {
		d := &p.installIf[i]
		if !d.not && !d.name.ordered || !o.s.meets(p, d, d.name.chosen) {
			return false
		}
	}
	return true
}
