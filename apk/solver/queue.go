package solver

import (
	"cmp"
	"container/heap"
	"slices"
)

// Two kinds of queue drive the solver. Changed names are looked at again,
// first come first served. When none is left, the next waiting name is decided:
// those that leave no choice in the order in which they came, then those that
// can be chosen by themselves, then the others, both by name.order.
const (
	choosable = iota
	other
)

// orderHeap is a heap of waiting names with the highest order on top.
type orderHeap []*name

func (h orderHeap) Len() int           { return len(h) }
func (h orderHeap) Less(i, j int) bool { return h[i].order > h[j].order }

func (h orderHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heapIndex, h[j].heapIndex = i, j
}

// Push and Pop are for container/heap.
func (h *orderHeap) Push(x any) {
	n := x.(*name)
	n.heapIndex = len(*h)
	*h = append(*h, n)
}

func (h *orderHeap) Pop() any {
	last := len(*h) - 1
	n := (*h)[last]
	*h = (*h)[:last]
	return n
}

// queueChanged lets a name be looked at again, unless nothing asks for it.
func (s *state) queueChanged(n *name) {
	if n.inChanged != nil || n.locked || n.requirers == 0 && !n.recheckRules {
		return
	}
	n.inChanged = s.changed.PushBack(n)
}

// queueWaiting lets a name wait to be decided. One that waits already moves
// only when it has become urgent or again is set.
func (s *state) queueWaiting(n *name, again bool) {
	if n.locked {
		return
	}
	isUrgent := n.requirersDone && n.requirers > 0 && n.selectable && !n.options
	switch {
	case n.inUrgent != nil, n.inHeap != nil && !isUrgent && !again:
		return
	case n.inHeap != nil:
		s.leaveWaiting(n)
	case n.requirers == 0 && !n.triggered && !n.ruleNeeds:
		return
	}
	if isUrgent {
		n.inUrgent = s.urgent.PushBack(n)
		return
	}
	n.inHeap = &s.waiting[other]
	if n.selectable {
		n.inHeap = &s.waiting[choosable]
	}
	s.providers(n) // which n.order comes with
	heap.Push(n.inHeap, n)
}

func (s *state) leaveWaiting(n *name) {
	if n.inUrgent != nil {
		s.urgent.Remove(n.inUrgent)
	}
	if n.inHeap != nil {
		heap.Remove(n.inHeap, n.heapIndex)
	}
	n.inUrgent, n.inHeap = nil, nil
}

// nextChanged returns the next name to look at again, or nil.
func (s *state) nextChanged() *name {
	e := s.changed.Front()
	if e == nil {
		return nil
	}
	n := s.changed.Remove(e).(*name)
	n.inChanged = nil
	return n
}

// nextWaiting returns the next name to decide, or nil.
func (s *state) nextWaiting() *name {
	var n *name
	switch e := s.urgent.Front(); {
	case e != nil:
		n = e.Value.(*name)
	case len(s.waiting[choosable]) > 0:
		n = s.waiting[choosable][0]
	case len(s.waiting[other]) > 0:
		n = s.waiting[other][0]
	default:
		return nil
	}
	s.leaveWaiting(n)
	return n
}

// require counts a requirement on the name. The first one makes it take part:
// it waits, and it is looked at again when what its providers depend on changes.
func (s *state) require(n *name) {
	n.requirers++
	if n.requirers > 1 {
		return
	}
	place := s.c.place(n.id)
	for _, p := range s.providers(n) {
		for _, d := range s.load(p.pkg).depends {
			i, found := slices.BinarySearchFunc(d.name.dependents, place, func(m *name, at tablePlace) int {
				return cmp.Compare(s.c.place(m.id), at)
			})
			if !found {
				d.name.dependents = slices.Insert(d.name.dependents, i, n)
			}
		}
	}
	s.queueWaiting(n, false)
	s.upsetRules(n)
	s.queueChanged(n)
}

// upsetDependents has the dependencies on a name checked again.
func (s *state) upsetDependents(n *name) {
	s.clock++
	n.upset = s.clock
	for _, m := range n.dependents {
		s.queueChanged(m)
	}
}

// upsetRules has the install_if rules that name n checked again.
func (s *state) upsetRules(n *name) {
	for _, id := range s.c.reactors.of(n.id) {
		m := s.name(id) // which discovery found, as it found n

		if s.providers(m); m.noRules {
			continue
		}
		m.recheckRules = true
		s.queueChanged(m)
	}
}

// upsetRulesOf does so for everything that a package is called.
func (s *state) upsetRulesOf(p *pkg) {
	s.upsetRules(p.name)
	for _, d := range s.load(p).provides {
		s.upsetRules(d.name)
	}
}

// disqualify gives a package up.
func (s *state) disqualify(p *pkg, why cause) {
	if p.selectable {
		p.why = why
		s.refused = append(s.refused, p)
	}
	p.selectable = false
	s.upsetDependents(p.name)
	for _, d := range s.load(p).provides {
		s.upsetDependents(d.name)
	}
	s.upsetRulesOf(p)
}
