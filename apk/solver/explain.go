package solver

import (
	"cmp"
	"fmt"
	"slices"
)

// explainer turns the faults of an exact run into clashes.
type explainer struct {
	*state
	r     *Request
	world []worldDependency
	// how has, for packages that the run chose and for those that an
	// explanation leads to, the shortest way in which the world comes to them.
	how    map[*pkg]need
	told   map[string]bool
	causes []explained
}

// explained is a clash under consideration. One that is weak may be only the
// consequence of another: a conflict is, where a name went to another package
// because of a requirement that cannot be met anyway.
type explained struct {
	Clash
	weak bool
}

// explain returns why a run failed. It finds a reason whenever there are
// faults.
func (s *state) explain(r *Request, world []worldDependency) *Refusal {
	e := &explainer{state: s, r: r, world: world, how: map[*pkg]need{}, told: map[string]bool{}}
	e.findWays()
	for _, f := range s.faults {
		switch {
		case f.name != nil:
			e.nobody(f.name)
		case f.kind != causeFailed:
			e.because(f.pkg, f.cause, nil)
		}
	}
	if len(e.causes) == 0 {
		e.contradiction()
	}
	clashes := e.roots()
	slices.SortStableFunc(clashes, func(a, b Clash) int {
		return cmp.Compare(a.Lines[0].Requirement, b.Lines[0].Requirement)
	})
	return &Refusal{clashes}
}

// contradiction is the explanation that is left if there is no other: the
// fewest requirements that cannot be met together.
func (e *explainer) contradiction() {
	keep := slices.Clone(e.world)
	for i := len(keep) - 1; i >= 0; i-- {
		fewer := slices.Delete(slices.Clone(keep), i, i+1)
		var world []Requirement
		for _, w := range fewer {
			world = append(world, e.r.World[w.requirement])
		}
		if !e.solvable(world) {
			keep = fewer
		}
	}
	var lines []Line
	for i, w := range keep {
		start := []string{"cannot install ", "but "}[min(i, 1)]
		lines = append(lines, e.line(need{dep: &w.dependency, world: e.indexOf(w.name)}, start, ""))
	}
	e.add(false, lines...)
}

// roots leaves out clashes that are only consequences: weak ones that involve
// all that another involves, and those whose requirements can be met by
// themselves.
func (e *explainer) roots() []Clash {
	slices.SortStableFunc(e.causes, func(a, b explained) int { return -boolCompare(b.weak, a.weak) })
	var kept []Clash
	for _, c := range e.causes {
		covered := slices.ContainsFunc(kept, func(k Clash) bool { return k.within(c.Clash) })
		if c.weak && (covered || len(kept) > 0 && e.solvable(e.requirements(c.Clash))) {
			continue
		}
		kept = append(kept, c.Clash)
	}
	return kept
}

// within reports whether all requirements of c are among those of d.
func (c Clash) within(d Clash) bool {
	return !slices.ContainsFunc(c.Lines, func(l Line) bool {
		return !slices.ContainsFunc(d.Lines, func(m Line) bool { return m.Requirement == l.Requirement })
	})
}

func (e *explainer) requirements(c Clash) []Requirement {
	var world []Requirement
	for _, l := range c.Lines {
		world = append(world, e.r.World[l.Requirement])
	}
	return world
}

// solvable reports whether a part of the world alone can be had.
func (e *explainer) solvable(world []Requirement) bool {
	r := *e.r
	r.World = world
	s, part := run(e.c, &r, e.tags, true)
	s.installationOrder(part)
	return len(s.faults) == 0
}

// nobody explains a required name that no package got.
func (e *explainer) nobody(n *name) {
	if needs := e.needsOf(n); len(needs) > 0 {
		e.unmet(needs[0], nil)
	}
}

// maxVia is how many packages an explanation comes through at most.
const maxVia = 100

// because explains why p cannot be had. via are the packages that the
// explanation came through.
func (e *explainer) because(p *pkg, why cause, via []*pkg) {
	if _, known := e.how[p]; !known || slices.Contains(via, p) || len(via) == maxVia {
		return // something else has a fault that leads to it, or contradiction
	}
	via = append(via, p)
	switch why.kind {
	case causeUnusable:
		e.add(true, e.line(e.how[p], "cannot install ", e.unusable(p)))
	case causeTag:
		e.add(true, e.line(e.how[p], "cannot install ", e.onlyTagged(p)))
	case causeUnmet:
		e.conflict(p, e.needOf(why.asker, why.dep))
	case causeDepends:
		e.unmet(need{asker: p, dep: why.dep}, via)
	case causeTaken:
		e.taken(p, why.name, why.other)
	case causeExcluded:
		e.taken(p, why.name, why.name.chosen.pkg)
	}
}

// unmet explains why a requirement cannot be met.
func (e *explainer) unmet(n need, via []*pkg) {
	d := n.dep
	providers := e.providers(d.name)
	if d.not {
		if p := d.name.chosen.pkg; p != nil {
			e.conflict(p, n)
		} else if len(providers) > 0 {
			e.conflict(providers[0].pkg, n)
		}
		return
	}
	if len(providers) == 0 {
		e.missing(n)
		return
	}
	if p := d.name.chosen; p.pkg != nil && !e.meets(n.asker, d, p) && slices.ContainsFunc(providers, e.meeting(n)) {
		e.conflict(p.pkg, n)
		return
	}
	var best provider
	for _, p := range providers {
		if e.meets(n.asker, d, p) && (best.pkg == nil || e.better(p, best) > 0) {
			best = p
		}
	}
	if best.pkg == nil {
		e.noVersion(n)
		return
	}
	if _, known := e.how[best.pkg]; !known {
		e.how[best.pkg] = n
	}
	switch {
	case !best.pkg.selectable:
		e.because(best.pkg, best.pkg.why, via)
	case !best.pkg.tagAllowed:
		e.because(best.pkg, cause{kind: causeTag}, via)
	case d.name.chosen.pkg == nil:
		e.virtual(n) // or it would have been chosen
	}
}

func (e *explainer) meeting(n need) func(provider) bool {
	return func(p provider) bool { return e.meets(n.asker, n.dep, p) }
}

// conflict explains that p, which something needs, is not as another
// requirement wants.
func (e *explainer) conflict(p *pkg, breaker need) {
	wanted, ok := e.how[p]
	if _, known := e.how[breaker.asker]; breaker.asker != nil && !known {
		return
	}
	if !ok || wanted.asker == breaker.asker && wanted.dep == breaker.dep {
		e.noVersion(breaker)
		return
	}
	e.tellBoth(wanted, "", breaker, e.breaks(p, breaker))
}

// breaks says how a requirement stands against p.
func (e *explainer) breaks(p *pkg, breaker need) string {
	if breaker.dep.not {
		return fmt.Sprintf("which rules %s out", e.title(p))
	}
	return fmt.Sprintf("which %s is not", e.title(p))
}

// taken explains that two packages cannot both have a name.
func (e *explainer) taken(p *pkg, n *name, other *pkg) {
	a, b := e.how[p], e.how[other]
	if other == nil || b.dep == nil || other == p {
		e.tell(a, "%s cannot be beside what else provides %s", e.title(p), n.text)
		return
	}
	if p.id > other.id { // once, whichever of the two is looked at
		p, other, a, b = other, p, b, a
	}
	e.tellBoth(a, fmt.Sprintf("%s provides %s", e.title(p), n.text), b,
		fmt.Sprintf("%s provides it too, and only one package can", e.title(other)))
}

// tell adds a clash of one line: how the world comes to n, and what is wrong.
func (e *explainer) tell(n need, format string, args ...any) {
	e.add(false, e.line(n, "cannot install ", fmt.Sprintf(format, args...)))
}

// tellBoth adds a clash of two requirements.
func (e *explainer) tellBoth(a need, whatA string, b need, whatB string) {
	e.add(true, e.line(a, "cannot install ", whatA), e.line(b, "but ", whatB))
}

func (e *explainer) add(weak bool, lines ...Line) {
	key := ""
	for _, l := range lines {
		key += fmt.Sprintln(l.Requirement, l.Text)
	}
	if !e.told[key] {
		e.told[key] = true
		e.causes = append(e.causes, explained{Clash{lines}, weak})
	}
}
