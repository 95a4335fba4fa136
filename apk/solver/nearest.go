package solver

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mkimage/mkimage/internal/spelling"
)

// nearest returns up to three names that are likely to be meant by one that
// nothing has: those that differ by few characters, or else those that continue
// it with a version, such as postgresql16 for postgresql.
func (c *catalog) nearest(wanted string) []string {
	type candidate struct {
		name     string
		distance int
	}
	if len(wanted) < 3 {
		return nil
	}
	limit := 1 + len(wanted)/6
	var near []candidate
	for _, name := range c.packageNames() {
		switch d := spelling.Distance(wanted, name, limit); {
		case d <= limit:
			near = append(near, candidate{name, d})
		case continues(wanted, name):
			near = append(near, candidate{name, limit + len(name) - len(wanted)})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	names := []string{}
	for _, n := range near {
		if names = append(names, n.name); len(names) == 3 {
			break
		}
	}
	return names
}

// continues reports whether name is wanted and a number.
func continues(wanted, name string) bool {
	rest, ok := strings.CutPrefix(name, wanted)
	return ok && rest != "" && strings.Trim(rest, "0123456789.-") == ""
}

// findPackageNames returns the names of packages, not of what they provide.
func (c *catalog) findPackageNames() []string {
	var names []string
	for i := range c.sources {
		t := c.sources[i].table
		for p := range uint32(t.NumPackages()) {
			names = append(names, t.Name(t.PackageName(p)))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
