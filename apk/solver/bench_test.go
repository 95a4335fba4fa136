package solver

import (
	"testing"

	"github.com/mkimage/mkimage/apk"
)

// BenchmarkSolve is a solve alone, of indexes that are open already.
func BenchmarkSolve(b *testing.B) {
	known := newLibrary()
	for _, bench := range []struct {
		name  string
		world []string
	}{
		{"single", []string{"jq"}},
		{"realistic", []string{"nginx", "ca-certificates", "tzdata", "curl", "bash"}},
		{"large", []string{"gnome", "libreoffice", "build-base", "docs"}},
	} {
		a := answer{Repositories: []string{"v3.19/main", "v3.19/community"}, World: bench.world}
		c, r := known.request(b, &a)
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := solve(c, &r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	a := answer{Repositories: []string{"v3.19/main", "v3.19/community"}, World: []string{"jq"}}
	_, r := known.request(b, &a)
	b.Run("catalog", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.catalog(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkDiscover is the search through the index that quick runs do without.
func BenchmarkDiscover(b *testing.B) {
	a := answer{Repositories: []string{"v3.19/main", "v3.19/community"}, World: []string{"jq"}}
	c, _ := newLibrary().request(b, &a)
	jq, _ := lookup(c.sources, []byte("jq"), apk.NameHash("jq"))
	for b.Loop() {
		newDiscovery(c, c.names).visit(jq)
	}
}
