package solver

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// randomRepository describes some packages of few names, so that they meet.
func randomRepository(r *rand.Rand, names int) string {
	name := func() string { return string(rune('a' + r.IntN(names))) }
	requirement := func() string {
		s := name()
		if r.IntN(6) == 0 {
			s = "!" + s
		}
		if r.IntN(3) == 0 {
			s += []string{"=", "<", ">", ">=", "~"}[r.IntN(5)] + fmt.Sprint(1+r.IntN(3))
		}
		return s
	}
	var b strings.Builder
	seen := map[string]bool{}
	for range 2 + r.IntN(2*names) {
		head := fmt.Sprintf("%s %d", name(), 1+r.IntN(3))
		if seen[head] {
			continue
		}
		seen[head] = true
		b.WriteString(head)
		for range r.IntN(3) {
			b.WriteString(" D:" + requirement())
		}
		for range r.IntN(3) {
			b.WriteString(" p:" + name())
			if r.IntN(2) == 0 {
				fmt.Fprintf(&b, "=%d", 1+r.IntN(3))
			}
		}
		if r.IntN(4) == 0 {
			b.WriteString(" i:" + requirement() + " " + requirement())
		}
		if r.IntN(3) == 0 {
			fmt.Fprintf(&b, " k:%d", r.IntN(3))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestRandomWorlds checks on many small worlds that a result which is called

// the world is written, and that every refusal is explained.
func TestRandomWorlds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	certain, refused := 0, 0
	for i := range 20000 {
		names := 3 + r.IntN(6)
		repositories := []string{randomRepository(r, names)}
		if r.IntN(3) == 0 {
			repositories = append(repositories, randomRepository(r, names))
		}
		var world []string
		for _, n := range r.Perm(names)[:1+r.IntN(3)] {
			world = append(world, string(rune('a'+n)))
		}
		req := ask(t, strings.Join(world, " "), repositories...)
		c, err := req.catalog()
		if err != nil {
			t.Fatal(err)
		}
		tags := []tag{{repositories: 1<<len(repositories) - 1}}
		exact, w := run(c, &req, tags, true)
		want := exact.installationOrder(w)
		quick, w := run(c, &req, tags, false)
		got := quick.installationOrder(w)
		if quick.certain() {
			certain++
			if len(exact.faults) > 0 || fmt.Sprint(titles(got)) != fmt.Sprint(titles(want)) {
				t.Fatalf("%d: world %v of\n%s\n%v, in apk's order %v (%d faults)",
					i, world, strings.Join(repositories, "--\n"), titles(got), titles(want), len(exact.faults))
			}
		}
		if _, err := Solve(req); err != nil {
			refused++
			if refusal, ok := err.(*Refusal); !ok || len(refusal.Clashes) == 0 {
				t.Fatalf("%d: unexplained: %v", i, err)
			}
		}
	}
	t.Logf("%d certain, %d refused", certain, refused)
}

func titles(packages []*pkg) []string {
	var all []string
	for _, p := range packages {
		all = append(all, p.name.text+"="+p.version)
	}
	return all
}
