package main

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/lock"
	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/apk/solver"
)

// keeper resolves a question so that locked packages stay as they are, as far
// as that is possible. To the solver it is as if the indexes had of these
// packages no other version; a locked package that is in no index any more
// can stay if it is vendored. What so cannot be resolved is tried with fewer
// packages kept, by halves, so that few are given up with few attempts.
type keeper struct {
	client    *repo.Client
	question  question
	locations []string // of the question's repositories, as the lock writes them
	pins      []lock.Package
	vendor    string // folder of vendored packages

	indexes  []*repo.Index
	vendored []map[string]*apk.Package // by repository and name: those that no index lists
}

// pinned returns the locked form of a package that stayed; nil for others.
func (k *keeper) pinned(p *apk.Package) *lock.Package {
	i := slices.IndexFunc(k.pins, func(l lock.Package) bool {
		return l.Name == p.Name && l.Version == p.Version && l.Arch == p.Arch && l.Checksum == p.Checksum &&
			(p.Size == 0 || p.Size == l.Size)
	})
	if i < 0 {
		return nil
	}
	return &k.pins[i]
}

// resolve answers the question.
func (k *keeper) resolve(ctx context.Context) (*answer, error) {
	q := k.question
	if len(k.pins) == 0 || len(q.world) == 0 {
		return resolve(ctx, k.client, q)
	}
	indexes, err := k.client.Indexes(ctx, q.repositories, q.arch)
	if err != nil {
		return nil, err
	}
	k.indexes = indexes
	if err := k.find(ctx); err != nil {
		return nil, err
	}
	kept, a, err := k.keep(nil, k.pins)
	if err == nil && a == nil {
		a, err = k.solve(kept)
	}
	if err == nil && a == nil {
		return resolve(ctx, k.client, q) // which explains why it cannot be
	}
	return a, err
}

// find leaves of the pins those that are still to be had.
func (k *keeper) find(ctx context.Context) error {
	k.vendored = make([]map[string]*apk.Package, len(k.indexes))
	var found []lock.Package
	for _, p := range k.pins {
		repository := slices.Index(k.locations, p.Repository)
		switch {
		case repository < 0:
			continue
		case !slices.ContainsFunc(k.indexes, func(x *repo.Index) bool { return lists(x.Index, &p) }):
			a, err := apk.OpenArchive(filepath.Join(k.vendor, k.question.arch, p.Entry().FileName()), p.Entry())
			if err != nil {
				continue
			}
			if sum, err := a.Digest(ctx); err != nil || sum != p.SHA256 {
				continue
			}
			if k.vendored[repository] == nil {
				k.vendored[repository] = map[string]*apk.Package{}
			}
			k.vendored[repository][p.Name] = selfDescribed(a)
		}
		found = append(found, p)
	}
	k.pins = found
	return ctx.Err()
}

// keep returns as many of more beside kept as can stay, and the answer if the
// last attempt had one.
func (k *keeper) keep(kept, more []lock.Package) ([]lock.Package, *answer, error) {
	if len(more) == 0 {
		return kept, nil, nil
	}
	all := slices.Concat(kept, more)
	a, err := k.solve(all)
	if err != nil || a != nil {
		return all, a, err
	}
	if len(more) == 1 {
		return kept, nil, nil
	}
	half := len(more) / 2
	if kept, _, err = k.keep(kept, more[:half]); err != nil {
		return nil, nil, err
	}
	return k.keep(kept, more[half:])
}

// solve answers the question with some packages kept; nil if there is no
// answer.
func (k *keeper) solve(kept []lock.Package) (*answer, error) {
	request := solver.Request{Arch: k.question.arch, World: k.question.world}
	var origin []int // of the request's repositories, by number in the question
	add := func(i int, x *apk.Index) {
		r := k.indexes[i].Repository
		request.Repositories = append(request.Repositories, solver.Repository{Name: r.String(), Tag: r.Tag, Index: x})
		origin = append(origin, i)
	}
	for i, x := range k.indexes {
		narrow, err := narrowed(x.Index, kept)
		if err != nil {
			return nil, err
		}
		add(i, narrow)
	}
	for i, packages := range k.vendored {
		var list []*apk.Package
		for _, p := range kept {
			if vendored := packages[p.Name]; vendored != nil {
				list = append(list, vendored)
			}
		}
		if len(list) > 0 {
			x, err := apk.ParseIndex(apk.FormatIndex(list))
			if err != nil {
				return nil, err
			}
			add(i, x)
		}
	}
	solution, err := solver.Solve(request)
	var refusal *solver.Refusal
	if errors.As(err, &refusal) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for i := range solution.Install {
		solution.Install[i].Repository = origin[solution.Install[i].Repository]
	}
	return &answer{question: k.question, Solution: solution, indexes: k.indexes}, nil
}

// fill describes the chosen packages. Those that stayed are known already, the
// others are fetched.
func (k *keeper) fill(ctx context.Context, chosen *answer, packages []lock.Package) error {
	var fetched []int
	var choices []repo.Choice
	for i, s := range chosen.Install {
		old := k.pinned(s.Package)
		if old == nil {
			fetched = append(fetched, i)
			choices = append(choices, chosen.choice(i))
			old = &lock.Package{Name: s.Package.Name, Version: s.Package.Version, Arch: s.Package.Arch, Checksum: s.Package.Checksum}
		}
		packages[i] = *old
		packages[i].Repository, packages[i].Tag = k.locations[s.Repository], s.Tag
	}
	archives, err := k.client.Fetch(ctx, choices)
	if err != nil {
		return err
	}
	for j, a := range archives {
		p := &packages[fetched[j]]
		p.Size, p.DataHash = a.Size(), a.Info.DataHash
		if p.SHA256, err = a.Digest(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lists reports whether an index has exactly the locked package.
func lists(x *apk.Index, locked *lock.Package) (found bool) {
	eachNamed(x, locked.Name, func(p uint32) { found = found || x.Table().Checksum(p) == locked.Checksum })
	return found
}

// narrowed returns an index without the other versions of packages that are
// kept.
func narrowed(x *apk.Index, kept []lock.Package) (*apk.Index, error) {
	drop := map[uint32]bool{}
	for i := range kept {
		eachNamed(x, kept[i].Name, func(p uint32) {
			if x.Table().Checksum(p) != kept[i].Checksum {
				drop[p] = true
			}
		})
	}
	return x.Without(func(p uint32) bool { return drop[p] })
}

// eachNamed calls do for each package of that name, what else provides it left
// aside.
func eachNamed(x *apk.Index, name string, do func(p uint32)) {
	t := x.Table()
	number, ok := t.LookupName([]byte(name), apk.NameHash(name))
	if !ok {
		return
	}
	for list, i := t.Providers(number), 0; i < list.Len(); i++ {
		if p := list.At(i).Package; t.PackageName(p) == number {
			do(p)
		}
	}
}
