package lock

import (
	"fmt"

	"github.com/mkimage/mkimage/apk"
)

// Complete reports what a world or one of the packages requires and the
// packages do not meet. It is how a lock is noticed that somebody has edited so
// that a package is missing or another version is in its place: the packages,
// once fetched, say themselves what they need.
func Complete(world []apk.Dependency, packages []*apk.Package) error {
	named := map[string][]*apk.Package{}
	for _, p := range packages {
		named[p.Name] = append(named[p.Name], p)
		for _, d := range p.Provides {
			named[d.Name] = append(named[d.Name], p)
		}
	}
	for _, d := range World(world) {
		if !met(d, nil, named[d.Name]) {
			return fmt.Errorf("the spec asks for %s, which the locked packages do not meet", d)
		}
	}
	for _, p := range packages {
		for _, d := range p.Depends {
			if !met(d, p, named[d.Name]) {
				return fmt.Errorf("%s needs %s, which the locked packages do not meet", p, d)
			}
		}
	}
	return nil
}

// met reports whether a dependency of asker, nil for the world, is met by the
// packages that have its name. A conflict does not apply to who declares it.
func met(d apk.Dependency, asker *apk.Package, named []*apk.Package) bool {
	for _, p := range named {
		if matches(p, d) && !(d.Not && p == asker) {
			return !d.Not
		}
	}
	return d.Not
}

// matches reports whether a package, by itself or what it provides, is what a
// dependency speaks of, be it asked for or excluded.
func matches(p *apk.Package, d apk.Dependency) bool {
	if p.Name == d.Name {
		if d.Op == apk.OpChecksum {
			return p.Checksum.String() == d.Version
		}
		if d.Matches(p.Version) {
			return true
		}
	}
	for _, provided := range p.Provides {
		if provided.Name == d.Name && d.Matches(provided.Version) {
			return true
		}
	}
	return false
}
