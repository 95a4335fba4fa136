package solver

import (
	"fmt"

	"github.com/mkimage/mkimage/apk"
)

// Reason is why a package of a solution is there.
type Reason struct {
	Kind ReasonKind
	// By is, for Needed, the number in Solution.Install of the package that
	// needs it and, for Asked, the number in Request.World of the requirement.
	By int
	// Dependency is what is met: the requirement of the world, the needing
	// package's dependency or the first element of the install_if.
	Dependency apk.Dependency
}

// ReasonKind is one of Asked, Needed and Triggered.
type ReasonKind int

const (
	Asked     ReasonKind = iota // the world asks for it
	Needed                      // a package depends on it
	Triggered                   // its install_if applies
)

// Explain returns a reason of a package of the solution in words.
func (s *Solution) Explain(r Reason) string {
	switch r.Kind {
	case Asked:
		return fmt.Sprintf("asked for as %s", r.Dependency)
	case Needed:
		return fmt.Sprintf("needed by %s as %s", s.Install[r.By].Package, r.Dependency)
	}
	return fmt.Sprintf("install_if of %s", r.Dependency)
}

// reasons returns those of each package of a result: first what the world
// asks for, then what is needed by which package, in the order of
// installation, then install_if rules.
func (s *state) reasons(world []worldDependency, packages []*pkg, r *Request) [][]Reason {
	all := make([][]Reason, len(packages))
	number := make(map[*pkg]int, len(packages))
	for i, p := range packages {
		number[p] = i
	}
	add := func(p *pkg, reason Reason) {
		if i, ok := number[p]; ok {
			all[i] = append(all[i], reason)
		}
	}
	for i := range world {
		if d := &world[i]; !d.not {
			add(d.name.chosen.pkg, Reason{Asked, d.requirement, r.World[d.requirement].Dependency})
		}
	}
	for i, p := range packages {
		for j := range p.depends {
			if d := &p.depends[j]; !d.not {
				add(d.name.chosen.pkg, Reason{Needed, i, d.public()})
			}
		}
	}
	for _, p := range packages {
		if len(p.installIf) > 0 && s.ruleMet(p) {
			add(p, Reason{Triggered, -1, p.installIf[0].public()})
		}
	}
	return all
}

// public returns the dependency in the form that callers know.
func (d *dependency) public() apk.Dependency {
	return apk.Dependency{Name: d.name.text, Op: d.op, Version: d.version, Not: d.not}
}
