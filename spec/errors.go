package spec

import (
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with a spec.
type Fault struct {
	Pos     Pos    // of the user's own text; zero when the fault is in a flag
	Message string // one line: the field, then the rule it breaks
}

// String returns the fault as one line, its position first.
func (f Fault) String() string {
	if !f.Pos.IsValid() {
		return f.Message
	}
	return f.Pos.String() + ": " + f.Message
}

// Error holds every fault that was found, sorted by position and without
// duplicates. It is never empty.
type Error struct {
	Faults []Fault
}

// Error returns one line a fault.
func (e *Error) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// newError returns the faults as an error, or nil when there are none.
func newError(faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	sorted := slices.Clone(faults)
	slices.SortStableFunc(sorted, func(a, b Fault) int {
		if c := a.Pos.compare(b.Pos); c != 0 {
			return c
		}
		return strings.Compare(a.Message, b.Message)
	})
	return &Error{Faults: slices.Compact(sorted)}
}

// faults collects what is wrong with the specs of one Load.
type faults struct {
	list []Fault
}

// add records a fault at pos.
func (f *faults) add(pos Pos, format string, args ...any) {
	f.list = append(f.list, Fault{Pos: pos, Message: fmt.Sprintf(format, args...)})
}
