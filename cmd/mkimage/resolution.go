package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/apk/solver"
	"github.com/mkimage/mkimage/spec"
)

// question is what packages are asked for, of whom and under whose signature.
type question struct {
	arch         string
	repositories []repo.Repository
	keys         apk.Keys
	world        []solver.Requirement
}

// answer is the question resolved: packages in the order of installation.
type answer struct {
	question
	*solver.Solution
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
	if q.keys, err = trustedKeys(img.APK.Keys); err != nil {
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

// trustedKeys returns Alpine's keys and those in files.
func trustedKeys(files []spec.Path) (apk.Keys, error) {
	keys, err := apk.AlpineKeys()
	if err != nil {
		return nil, err
	}
	var faults []spec.Fault
	for _, file := range files {
		data, err := os.ReadFile(file.Abs)
		if err == nil {
			keys[filepath.Base(file.Abs)], err = apk.ParseKey(data)
		}
		if err != nil {
			faults = append(faults, spec.Fault{Pos: file.Pos, Message: fmt.Sprintf("cannot read the key %s: %v", file.Written, plain(err))})
		}
	}
	if len(faults) > 0 {
		return nil, &spec.Error{Faults: faults}
	}
	return keys, nil
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
	if err != nil {
		return nil, err
	}
	return &answer{q, solution}, nil
}

// fetch makes the answer's packages available on disk, verified.
func fetch(ctx context.Context, c *repo.Client, a *answer) ([]*apk.Archive, error) {
	choices := make([]repo.Choice, len(a.Install))
	for i, s := range a.Install {
		choices[i] = repo.Choice{Repository: a.repository(s), Arch: a.arch, Package: s.Package}
	}
	return c.Fetch(ctx, choices)
}

// dependencies returns the world without its origins.
func (q question) dependencies() []apk.Dependency {
	list := make([]apk.Dependency, len(q.world))
	for i, r := range q.world {
		list[i] = r.Dependency
	}
	return list
}
