package main

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/lock"
	"github.com/mkimage/mkimage/apk/solver"
	"github.com/mkimage/mkimage/spec"
)

// lockFile is the lock of a spec.
type lockFile struct {
	path    string // absolute
	name    string // as the user would type it
	content []byte
	*lock.Lock
}

// lockName returns where the lock of a spec is: beside its first file, with
// that file's name. shown is what the user would type.
func lockName(img *spec.Image) (path, shown string) {
	first := img.SpecFiles[0]
	shown = strings.TrimSuffix(first, filepath.Ext(first)) + ".lock.json"
	return filepath.Join(img.Dir, filepath.Base(shown)), shown
}

// hasLock reports whether there is a file at that place.
func hasLock(img *spec.Image) bool {
	path, _ := lockName(img)
	_, err := os.Stat(path)
	return err == nil
}

// readLock reads the lock of a spec. It returns nil where there is none, and a
// *lock.Error for one that cannot be understood.
func readLock(img *spec.Image) (*lockFile, error) {
	path, shown := lockName(img)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the lock %s: %w", shown, plain(err))
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, lock.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the lock %s: %w", shown, plain(err))
	}
	l, err := lock.Parse(shown, content)
	if err != nil {
		return nil, err
	}
	return &lockFile{path, shown, content, l}, nil
}

// inputs returns what the choice of a spec's packages depends on.
func inputs(img *spec.Image, q question) (lock.Inputs, error) {
	in := lock.Inputs{Packages: lock.World(q.dependencies())}
	if img.APK == nil {
		return in, nil
	}
	for _, r := range img.APK.Repositories {
		if line := lockLine(img, r); !slices.Contains(in.Repositories, line) {
			in.Repositories = append(in.Repositories, line)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(q.keyFiles)) {
		der, err := x509.MarshalPKIXPublicKey(q.keys[name])
		if err != nil {
			return in, fmt.Errorf("internal error: key %s: %w", name, err)
		}
		in.Keys = append(in.Keys, lock.Key{Name: name, SHA256: sha256.Sum256(der)})
	}
	return in, nil
}

// lockLine writes a repository as a lock has it.
func lockLine(img *spec.Image, r spec.Repository) string {
	if r.Tag != "" {
		return "@" + r.Tag + " " + lockLocation(img, r)
	}
	return lockLocation(img, r)
}

// lockLocation writes a repository's location: a folder as seen from the lock,
// so that a checkout can move, unless the spec itself has an absolute path.
func lockLocation(img *spec.Image, r spec.Repository) string {
	if r.URL != "" {
		return r.URL
	}
	rel, err := filepath.Rel(img.Dir, r.Dir.Abs)
	if err != nil || filepath.IsAbs(r.Dir.Written) {
		return filepath.ToSlash(r.Dir.Abs)
	}
	if rel = filepath.ToSlash(rel); rel != ".." && !strings.HasPrefix(rel, "../") {
		rel = "./" + rel
	}
	return rel
}

// faults returns how a lock does not fit a spec, each at its place in the spec.
func (l *lockFile) faults(img *spec.Image) ([]spec.Fault, error) {
	q, err := ask(img, img.Platforms[0])
	if err != nil {
		return nil, err
	}
	now, err := inputs(img, q)
	if err != nil {
		return nil, err
	}
	var faults []spec.Fault
	for _, c := range l.Inputs.Changes(&now) {
		faults = append(faults, spec.Fault{Pos: changePos(img, c), Message: fmt.Sprintf("%s does not fit: %s", l.name, c)})
	}
	for _, p := range img.Platforms {
		if l.Platform(p.String()) == nil {
			faults = append(faults, spec.Fault{Pos: p.Pos, Message: fmt.Sprintf("%s does not fit: %s is not locked", l.name, p)})
		}
	}
	slices.SortStableFunc(faults, func(a, b spec.Fault) int {
		return cmp.Or(strings.Compare(a.Pos.File, b.Pos.File), a.Pos.Line-b.Pos.Line, a.Pos.Column-b.Pos.Column)
	})
	return faults, nil
}

// changePos returns where in the spec an input is; of one that is there no
// more, where the spec speaks of packages.
func changePos(img *spec.Image, c lock.Change) spec.Pos {
	if img.APK == nil {
		return spec.Pos{File: img.SpecFiles[0]}
	}
	switch c.Kind {
	case lock.PackageChange:
		for _, p := range slices.Backward(img.APK.Packages) {
			if d, err := apk.ParseDependency(p.Value); err == nil && d.String() == c.New {
				return p.Pos
			}
		}
	case lock.RepositoryChange:
		for _, r := range img.APK.Repositories {
			if lockLine(img, r) == c.New {
				return r.Pos
			}
		}
	case lock.KeyChange:
		for _, k := range img.APK.Keys {
			if filepath.Base(k.Abs) == c.New {
				return k.Pos
			}
		}
	}
	return img.APK.Pos
}

// answer returns the packages that the lock has for a question that it fits.
func (l *lockFile) answer(img *spec.Image, p spec.Platform, q question) (*answer, error) {
	platform := l.Platform(p.String())
	a := &answer{question: q, Solution: &solver.Solution{}, locked: platform.Packages, from: l.name}
	for i := range platform.Packages {
		k := &platform.Packages[i]
		repository := slices.IndexFunc(img.APK.Repositories, func(r spec.Repository) bool { return lockLocation(img, r) == k.Repository })
		if repository < 0 {
			return nil, fmt.Errorf("internal error: %s has %s from %s, which the spec does not name", l.name, k.Name, k.Repository)
		}
		a.Install = append(a.Install, solver.Selected{Package: k.Entry(), Repository: repository, Tag: k.Tag})
	}
	return a, nil
}
