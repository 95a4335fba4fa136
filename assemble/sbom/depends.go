package sbom

import (
	"slices"

	"github.com/mkimage/mkimage/apk"
)

// dependencies returns for each package the positions of those packages that
// meet its dependencies, ascending.
func dependencies(packages []Package) [][]int {
	type provider struct {
		position int
		version  string
	}
	providers := map[string][]provider{}
	for i, p := range packages {
		providers[p.Name] = append(providers[p.Name], provider{i, p.Version})
		for _, name := range p.Provides {
			providers[name.Name] = append(providers[name.Name], provider{i, name.Version})
		}
	}
	edges := make([][]int, len(packages))
	for i, p := range packages {
		for _, d := range p.Depends {
			for _, by := range providers[d.Name] {
				if by.position != i && !d.Not && (d.Op == apk.OpNone || d.Matches(by.version)) {
					edges[i] = append(edges[i], by.position)
				}
			}
		}
		slices.Sort(edges[i])
		edges[i] = slices.Compact(edges[i])
	}
	return edges
}
