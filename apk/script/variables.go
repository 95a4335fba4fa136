package script

import (
	"maps"
	"sort"
)

// variable is one shell variable; one that is only exported or read-only has
// no value yet.
type variable struct {
	value    string
	set      bool
	exported bool
	readonly bool
}

// variables are those of one shell, and what the functions being run have made
// local: their scope is dynamic (ash's local).
type variables struct {
	vars  map[string]variable
	saved []map[string]variable // per function call, values to restore
}

func newVariables() *variables {
	return &variables{vars: map[string]variable{"IFS": {value: " \t\n", set: true}}}
}

func (v *variables) clone() *variables {
	c := &variables{vars: maps.Clone(v.vars)}
	for _, frame := range v.saved {
		c.saved = append(c.saved, maps.Clone(frame))
	}
	return c
}

func (v *variables) get(name string) (string, bool) {
	vr := v.vars[name]
	return vr.value, vr.set
}

// set gives a variable a value; false if it is read-only.
func (v *variables) set(name, value string) bool {
	vr := v.vars[name]
	if vr.readonly {
		return false
	}
	vr.value, vr.set = value, true
	v.vars[name] = vr
	return true
}

func (v *variables) export(name, value string) {
	v.vars[name] = variable{value: value, set: true, exported: true}
}

// mark adds attributes to a variable, whether it is set or not.
func (v *variables) mark(name string, exported, readonly bool) {
	vr := v.vars[name]
	vr.exported = vr.exported || exported
	vr.readonly = vr.readonly || readonly
	v.vars[name] = vr
}

// unset removes a variable; false if it is read-only.
func (v *variables) unset(name string) bool {
	if v.vars[name].readonly {
		return false
	}
	delete(v.vars, name)
	return true
}

// push begins a function call, pop ends it and undoes its local variables.
func (v *variables) push() { v.saved = append(v.saved, map[string]variable{}) }

func (v *variables) pop() {
	frame := v.saved[len(v.saved)-1]
	v.saved = v.saved[:len(v.saved)-1]
	v.restore(frame)
}

// local lets the innermost function call have its own name, unset at first.
func (v *variables) local(name string) {
	frame := v.saved[len(v.saved)-1]
	if _, ok := frame[name]; !ok {
		frame[name] = v.vars[name]
		delete(v.vars, name)
	}
}

// restore puts back variables that were saved by value; the zero variable did
// not exist.
func (v *variables) restore(saved map[string]variable) {
	for name, old := range saved {
		if old == (variable{}) {
			delete(v.vars, name)
		} else {
			v.vars[name] = old
		}
	}
}

// environ returns the exported variables as NAME=VALUE, sorted.
func (v *variables) environ() []string {
	var list []string
	for name, vr := range v.vars {
		if vr.exported && vr.set {
			list = append(list, name+"="+vr.value)
		}
	}
	sort.Strings(list)
	return list
}
