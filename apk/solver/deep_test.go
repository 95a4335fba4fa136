package solver

import (
	"fmt"
	"strings"
	"testing"
)

// TestDeep follows dependencies much deeper than real ones go.
func TestDeep(t *testing.T) {
	const depth = 100000
	var chain strings.Builder
	for i := range depth {
		fmt.Fprintf(&chain, "p%d 1 D:p%d\n", i, i+1)
	}
	if _, err := Solve(ask(t, "p0", chain.String())); err == nil || len(err.Error()) > 1000 {
		t.Errorf("a missing end: %.1000v", err)
	}
	fmt.Fprintf(&chain, "p%d 1\n", depth)
	s, err := Solve(ask(t, "p0", chain.String()))
	if err != nil || len(s.Install) != depth+1 {
		t.Errorf("%v", err)
	}
}

func TestNoRepositories(t *testing.T) {
	if s, err := Solve(ask(t, "!a")); err != nil || len(s.Install) != 0 {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := Solve(ask(t, "a")); err == nil {
		t.Error("a package out of nowhere")
	}
}
