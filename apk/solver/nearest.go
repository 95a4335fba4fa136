package solver

import (
	"cmp"
	"slices"
	"strings"
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
		switch d := distance(wanted, name, limit); {
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

// distance returns how many characters have to be inserted, removed, replaced
// or swapped with their neighbour to make a out of b, or more than limit.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	var rows [3][]int // the row being filled, the one before it, the one before that
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := range len(a) {
		rows[0], rows[1], rows[2] = rows[2], rows[0], rows[1]
		row, before := rows[0], rows[1]
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			change := before[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, before[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], rows[2][j-1]+1)
			}
			least = min(least, row[j+1])
		}
		if least > limit {
			return limit + 1
		}
	}
	return rows[0][len(b)]
}
