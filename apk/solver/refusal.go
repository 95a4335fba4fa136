package solver

import "strings"

// Refusal is the error of a request that apk would refuse as well.
type Refusal struct {
	Clashes []Clash // at least one
}

// Clash is one reason for which a world cannot be had: what cannot be met, or
// two requirements that exclude each other. Its lines name everything of the
// world that takes part in it.
type Clash struct {
	Lines []Line // one or two
}

// Line is one requirement of the world and what it leads to.
type Line struct {
	Requirement int    // its number in Request.World
	Origin      string // of the requirement
	Text        string // begins with "cannot", in a second line with "but"
}

// Error returns a line for every line of every clash, each beginning with the
// origin of a requirement where it has one.
func (r *Refusal) Error() string {
	var b strings.Builder
	for _, c := range r.Clashes {
		for _, l := range c.Lines {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			if l.Origin != "" {
				b.WriteString(l.Origin + ": ")
			}
			b.WriteString(l.Text)
		}
	}
	return b.String()
}
