package solver

import "slices"

// need is one requirement: dep of asker, or one of the world.
type need struct {
	asker  *pkg // nil is the world
	dep    *dependency
	world  int  // number in the world, where asker is nil
	brings *pkg // by an install_if that has dep, which asker meets
}

// findWays finds the shortest way from the world to each chosen package, by
// dependencies where there is one and by install_if otherwise.
func (e *explainer) findWays() {
	var queue []*pkg
	reach := func(p *pkg, n need) {
		if _, known := e.how[p]; p != nil && !known {
			e.how[p] = n
			queue = append(queue, p)
		}
	}
	for i := range e.world {
		if d := &e.world[i].dependency; !d.not {
			reach(d.name.chosen.pkg, need{dep: d, world: i})
		}
	}
	for next := 0; ; next++ {
		if next == len(queue) {
			e.findRules(reach)
		}
		if next == len(queue) {
			return
		}
		p := queue[next]
		for i := range e.load(p).depends {
			if d := &p.depends[i]; !d.not {
				reach(d.name.chosen.pkg, need{asker: p, dep: d})
			}
		}
	}
}

// findRules reaches packages that came by an install_if.
func (e *explainer) findRules(reach func(*pkg, need)) {
	for _, p := range e.pkgs {
		if p == nil || !p.chosen || !p.ruleTriggered {
			continue
		}
		for i := range p.installIf {
			d := &p.installIf[i]
			if asker := d.name.chosen.pkg; asker != nil && e.how[asker].dep != nil {
				reach(p, need{asker: asker, dep: d, brings: p})
				break
			}
		}
	}
}

// needsOf returns what requires a name, the world first.
func (e *explainer) needsOf(n *name) []need {
	var all []need
	for i := range e.world {
		if d := &e.world[i].dependency; d.name == n && !d.not {
			all = append(all, need{dep: d, world: i})
		}
	}
	for _, p := range e.pkgs {
		if p == nil || !p.usable || e.how[p].dep == nil {
			continue // what it needs is not the fault
		}
		for i := range p.depends {
			if d := &p.depends[i]; d.name == n && !d.not {
				all = append(all, need{asker: p, dep: d})
			}
		}
	}
	return all
}

// needOf returns the requirement of an asker, or the world's.
func (e *explainer) needOf(asker *pkg, d *dependency) need {
	if asker != nil {
		return need{asker: asker, dep: d}
	}
	return need{dep: d, world: e.indexOf(d.name)}
}

// indexOf returns the number in the world of what it says about a name.
func (e *explainer) indexOf(n *name) int {
	return slices.IndexFunc(e.world, func(w worldDependency) bool { return w.name == n })
}
