package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/lock"
	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/apk/solver"
	"github.com/mkimage/mkimage/spec"
)

// question is what packages are asked for, of whom and under whose signature.
type question struct {
	arch         string
	repositories []repo.Repository
	keys         apk.Keys
	keyFiles     map[string][]byte // those of keys that the user named, as files
	world        []solver.Requirement
}

// answer is the question resolved: packages in the order of installation. Of
// packages from a lock only what identifies them is known until they are
// fetched.
type answer struct {
	question
	*solver.Solution
	indexes []*repo.Index // those that were read, by repository

	// Of the answer of a lock:
	locked []lock.Package // by package
	from   string         // the lock's name
	vendor string         // folder that may have the packages
}

// choice returns package number i in the form for fetching it.
func (a *answer) choice(i int) repo.Choice {
	s := a.Install[i]
	c := repo.Choice{Repository: a.repository(s), Arch: a.arch, Package: s.Package}
	if a.locked != nil {
		c.SHA256, c.Vendor = &a.locked[i].SHA256, a.vendor
	}
	return c
}

// repository returns the repository that a selected package comes from.
func (a *answer) repository(s solver.Selected) repo.Repository { return a.repositories[s.Repository] }

// ask makes the question of a spec for one platform. A spec without packages
// asks for nothing.
func ask(img *spec.Image, p spec.Platform) (question, error) {
	arch, err := p.Arch()
	if err != nil || img.APK == nil {
		return question{arch: arch}, err
	}
	q := question{arch: arch}
	if err := q.trust(img.APK.Keys); err != nil {
		return question{}, err
	}
	for _, r := range img.APK.Repositories {
		location := r.URL
		if location == "" {
			location = r.Dir.Abs
		}
		q.repositories = append(q.repositories, repo.Repository{Tag: r.Tag, Location: location})
	}
	var faults []spec.Fault
	for _, entry := range img.APK.Packages {
		d, err := apk.ParseDependency(entry.Value)
		if err != nil {
			faults = append(faults, spec.Fault{Pos: entry.Pos, Message: err.Error()})
			continue
		}
		q.world = append(q.world, solver.Requirement{Dependency: d, Origin: entry.Pos.String()})
	}
	if len(faults) > 0 {
		return question{}, &spec.Error{Faults: faults}
	}
	return q, nil
}

// trust makes Alpine's keys and those in files the trusted ones.
func (q *question) trust(files []spec.Path) error {
	keys, err := apk.AlpineKeys()
	if err != nil {
		return err
	}
	q.keys, q.keyFiles = keys, map[string][]byte{}
	var faults []spec.Fault
	for _, file := range files {
		name := filepath.Base(file.Abs)
		data, err := os.ReadFile(file.Abs)
		if err == nil {
			keys[name], err = apk.ParseKey(data)
		}
		if err != nil {
			faults = append(faults, spec.Fault{Pos: file.Pos, Message: fmt.Sprintf("cannot read the key %s: %v", file.Written, plain(err))})
		}
		q.keyFiles[name] = data
	}
	if len(faults) > 0 {
		return &spec.Error{Faults: faults}
	}
	return nil
}

// plain returns the reason of a failed file operation without the path that the
// message names already.
func plain(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// resolve reads the indexes and chooses.
func resolve(ctx context.Context, c *repo.Client, q question) (*answer, error) {
	if len(q.world) == 0 {
		return &answer{question: q, Solution: &solver.Solution{}}, nil
	}
	indexes, err := c.Indexes(ctx, q.repositories, q.arch)
	if err != nil {
		return nil, err
	}
	request := solver.Request{Arch: q.arch, World: q.world}
	for _, x := range indexes {
		request.Repositories = append(request.Repositories, solver.Repository{
			Name: x.Repository.String(), Tag: x.Repository.Tag, Index: x.Index,
		})
	}
	solution, err := solver.Solve(request)
	var refusal *solver.Refusal
	if errors.As(err, &refusal) {
		// Say where a missing name is to be had, as far as that can be found out.
		if request.Known = siblings(ctx, c, q); len(request.Known) > 0 {
			_, err = solver.Solve(request)
		}
	}
	if err != nil {
		return nil, err
	}
	return &answer{question: q, Solution: solution, indexes: indexes}, nil
}

// siblings returns the repositories of the same Alpine release that the
// question leaves out, those that can be read.
func siblings(ctx context.Context, c *repo.Client, q question) []solver.Repository {
	asked := map[string]bool{}
	for _, r := range q.repositories {
		asked[r.Location] = true
	}
	var known []solver.Repository
	for _, r := range q.repositories {
		release, name := path.Split(r.Location)
		if !slices.Contains(alpineRepositories(), name) {
			continue
		}
		for _, other := range alpineRepositories() {
			r := repo.Repository{Location: release + other}
			if asked[r.Location] {
				continue
			}
			asked[r.Location] = true
			// A hint is no reason to fail: what cannot be read is not named.
			if x, err := c.Index(ctx, r, q.arch); err == nil {
				known = append(known, solver.Repository{Name: r.String(), Index: x.Index})
			}
		}
	}
	return known
}

// alpineRepositories are those of a release (apk-repositories(5)); only edge
// has testing.
func alpineRepositories() []string { return []string{"main", "community", "testing"} }

// fetch makes the answer's packages available on disk, verified. They are
// described as they describe themselves, which an index only repeats: so an
// image is the same whether its packages come from a lock or from indexes.
func fetch(ctx context.Context, c *repo.Client, a *answer) ([]*apk.Archive, error) {
	choices := make([]repo.Choice, len(a.Install))
	for i := range choices {
		choices[i] = a.choice(i)
	}
	archives, err := c.Fetch(ctx, choices)
	if err != nil {
		return nil, err
	}
	for _, archive := range archives {
		archive.Package = selfDescribed(archive)
	}
	return archives, a.complete(archives)
}

// complete refuses a lock that somebody has edited so that it lacks something.
func (a *answer) complete(archives []*apk.Archive) error {
	if a.from == "" {
		return nil
	}
	packages := make([]*apk.Package, len(archives))
	for i, archive := range archives {
		packages[i] = archive.Package
		if want := a.locked[i].DataHash; archive.Info.DataHash != want {
			return fmt.Errorf("cannot use %s: %s has the data hash %x and not %x; \"mkimage lock --update\" makes the lock anew",
				a.from, archive.Package, archive.Info.DataHash, want)
		}
	}
	if err := lock.Complete(a.dependencies(), packages); err != nil {
		return fmt.Errorf("cannot use %s: %w; \"mkimage lock --update\" makes the lock anew", a.from, err)
	}
	return nil
}

// selfDescribed returns what a package's .PKGINFO says of it. Checksum, size
// and architecture are those of whoever vouches for the package; Alpine's
// indexes give noarch packages the architecture of the folder.
func selfDescribed(a *apk.Archive) *apk.Package {
	p := a.Info.Package
	p.Arch, p.Checksum, p.Size = a.Package.Arch, a.Package.Checksum, a.Package.Size
	return &p
}

// dependencies returns the world without its origins.
func (q question) dependencies() []apk.Dependency {
	list := make([]apk.Dependency, len(q.world))
	for i, r := range q.world {
		list[i] = r.Dependency
	}
	return list
}
