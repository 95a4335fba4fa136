package lock

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mkimage/mkimage/apk"
)

// World returns a world in the form of Inputs.Packages: of several elements on
// one name the last counts, as for apk, and the order means nothing.
func World(world []apk.Dependency) []apk.Dependency {
	last := map[string]apk.Dependency{}
	for _, d := range world {
		last[d.Name] = d
	}
	return slices.SortedFunc(maps.Values(last), func(a, b apk.Dependency) int { return cmp.Compare(a.Name, b.Name) })
}

// Change is one difference between what was locked and what is asked now.
type Change struct {
	Kind ChangeKind
	Old  string // as it is locked; empty: it is not
	New  string // as it is asked now; empty: it is not
}

// ChangeKind says what a change is one of.
type ChangeKind int

// The kinds of changes. Old and New are lines of apk-repositories(5), names of
// keys and elements of a world. RepositoryOrder has neither.
const (
	RepositoryChange ChangeKind = iota
	RepositoryOrder
	KeyChange
	PackageChange
)

// String says what has changed, for a message that names the lock.
func (c Change) String() string {
	what := map[ChangeKind]string{RepositoryChange: "the repository ", KeyChange: "the key "}[c.Kind]
	switch {
	case c.Kind == RepositoryOrder:
		return "the repositories are locked in another order"
	case c.Old == "":
		return fmt.Sprintf("%s%s is not locked", what, c.New)
	case c.New == "":
		return fmt.Sprintf("%s%s is locked but no longer asked for", what, c.Old)
	case c.Kind == KeyChange:
		return fmt.Sprintf("%s%s is another one than is locked", what, c.New)
	}
	return fmt.Sprintf("%s%s is locked as %s", what, c.New, c.Old)
}

// Changes returns how now differs from the locked inputs: first what is asked,
// in its own order, then what is no longer.
func (in *Inputs) Changes(now *Inputs) []Change {
	list := in.repositoryChanges(now)
	locked := map[string]Key{}
	for _, k := range in.Keys {
		locked[k.Name] = k
	}
	for _, k := range now.Keys {
		old, ok := locked[k.Name]
		switch {
		case !ok:
			list = append(list, Change{KeyChange, "", k.Name})
		case old != k:
			list = append(list, Change{KeyChange, k.Name, k.Name})
		}
		delete(locked, k.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(locked)) {
		list = append(list, Change{KeyChange, name, ""})
	}
	return append(list, in.packageChanges(now)...)
}

func (in *Inputs) repositoryChanges(now *Inputs) (list []Change) {
	for _, r := range now.Repositories {
		if !slices.Contains(in.Repositories, r) {
			list = append(list, Change{RepositoryChange, "", r})
		}
	}
	for _, r := range in.Repositories {
		if !slices.Contains(now.Repositories, r) {
			list = append(list, Change{RepositoryChange, r, ""})
		}
	}
	if len(list) == 0 && !slices.Equal(in.Repositories, now.Repositories) {
		list = append(list, Change{Kind: RepositoryOrder})
	}
	return list
}

func (in *Inputs) packageChanges(now *Inputs) (list []Change) {
	locked := map[string]apk.Dependency{}
	for _, d := range in.Packages {
		locked[d.Name] = d
	}
	for _, d := range now.Packages {
		old, ok := locked[d.Name]
		switch {
		case !ok:
			list = append(list, Change{PackageChange, "", d.String()})
		case old != d:
			list = append(list, Change{PackageChange, old.String(), d.String()})
		}
		delete(locked, d.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(locked)) {
		list = append(list, Change{PackageChange, locked[name].String(), ""})
	}
	return list
}

// Update is a package that one lock has otherwise than another.
type Update struct {
	Name string
	Old  string // version; empty: the package is new
	New  string // version; empty: the package is gone
}

// String writes the update as "name old -> new".
func (u Update) String() string {
	switch {
	case u.Old == "":
		return fmt.Sprintf("%s: new, %s", u.Name, u.New)
	case u.New == "":
		return fmt.Sprintf("%s: gone, was %s", u.Name, u.Old)
	case u.Old == u.New:
		return fmt.Sprintf("%s %s -> %s, built anew", u.Name, u.Old, u.New)
	}
	return fmt.Sprintf("%s %s -> %s", u.Name, u.Old, u.New)
}

// Updates returns what differs between two platforms, sorted by name. A nil
// platform has no packages.
func Updates(old, new *Platform) (list []Update) {
	before := map[string]Package{}
	if old != nil {
		for _, p := range old.Packages {
			before[p.Name] = p
		}
	}
	if new != nil {
		for _, p := range new.Packages {
			was, ok := before[p.Name]
			if !ok || was.Checksum != p.Checksum || was.Version != p.Version {
				list = append(list, Update{p.Name, was.Version, p.Version})
			}
			delete(before, p.Name)
		}
	}
	for _, p := range before {
		list = append(list, Update{p.Name, p.Version, ""})
	}
	slices.SortFunc(list, func(a, b Update) int { return strings.Compare(a.Name, b.Name) })
	return list
}
