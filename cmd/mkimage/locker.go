package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/lock"
	"github.com/mkimage/mkimage/internal/spelling"
	"github.com/mkimage/mkimage/spec"
)

// locker makes the locks of one command.
type locker struct {
	fetcher *fetcher
	bar     *progress
	update  update
}

// relocked is a lock that was made anew.
type relocked struct {
	path, name string
	content    []byte     // as it is to be written
	had        []byte     // as it is
	old, new   *lock.Lock // old nil: there was none
}

// all makes the locks of all images, before any is written.
func (l *locker) all(ctx context.Context, images []*spec.Image, flags *specFlags) (list []*relocked, err error) {
	files := make([]*lockFile, len(images))
	var faults unfit
	for i, img := range images {
		if files[i], err = readLock(img); err == nil || l.update.all && isUnread(err) {
			continue
		}
		if !faults.add(err, flags.lockCommand(img, err)) {
			return nil, err
		}
	}
	if len(faults.lines) > 0 {
		return nil, &faults
	}
	if err := l.update.check(files); err != nil {
		return nil, err
	}
	for i, img := range images {
		r, err := l.relock(ctx, img, files[i])
		if err != nil {
			return nil, err
		}
		if r != nil {
			list = append(list, r)
		}
	}
	return list, nil
}

func isUnread(err error) bool {
	var unread *lock.Error
	return errors.As(err, &unread)
}

// check refuses names of packages that no lock has.
func (u update) check(files []*lockFile) error {
	var known []string
	for _, l := range files {
		if l == nil {
			continue
		}
		for _, p := range l.Platforms {
			for i := range p.Packages {
				known = append(known, p.Packages[i].Name)
			}
		}
	}
	for _, name := range u.names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("cannot update %s: it is not in the lock%s", name, spelling.Hint(name, known))
		}
	}
	return nil
}

// relock makes the lock of one image; nil if there is nothing to lock, or to
// change.
func (l *locker) relock(ctx context.Context, img *spec.Image, file *lockFile) (*relocked, error) {
	if file == nil && !hasPackages(img) {
		return nil, nil
	}
	r := &relocked{new: &lock.Lock{}}
	r.path, r.name = lockName(img)
	if file != nil {
		r.old, r.had = file.Lock, file.content
	}
	platforms := lockedPlatforms(img, file)
	if file != nil && !l.update.all && len(l.update.names) == 0 {
		whole := *img
		whole.Platforms = platforms
		faults, err := file.faults(&whole)
		if err != nil || len(faults) == 0 && len(platforms) == len(file.Platforms) {
			return nil, err
		}
	}
	r.new.Platforms = make([]lock.Platform, len(platforms))
	err := eachPlatform(ctx, platforms, func(ctx context.Context, i int, p spec.Platform) error {
		q, err := ask(img, p)
		if err != nil {
			return err
		}
		if i == 0 {
			if r.new.Inputs, err = inputs(img, q); err != nil {
				return err
			}
		}
		locked, err := l.platform(ctx, img, p, q, r.old)
		if err == nil {
			r.new.Platforms[i] = *locked
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	r.content, err = lock.Format(r.new)
	return r, err
}

// lockedPlatforms returns the platforms to lock, sorted: those that the spec
// names or, where it leaves that open or a flag has a say, those and the ones
// that are locked already.
func lockedPlatforms(img *spec.Image, file *lockFile) []spec.Platform {
	platforms := slices.Clone(img.Platforms)
	named := slices.ContainsFunc(platforms, func(p spec.Platform) bool { return p.Pos.IsValid() })
	if file != nil && !named {
		for _, locked := range file.Platforms {
			known := slices.ContainsFunc(platforms, func(p spec.Platform) bool { return p.String() == locked.Name })
			if p, err := apk.ParsePlatform(locked.Name); err == nil && !known {
				platforms = append(platforms, spec.Platform{Platform: p})
			}
		}
	}
	slices.SortFunc(platforms, func(a, b spec.Platform) int { return strings.Compare(a.String(), b.String()) })
	return platforms
}

// platform locks one platform.
func (l *locker) platform(ctx context.Context, img *spec.Image, p spec.Platform, q question, old *lock.Lock) (*lock.Platform, error) {
	l.bar.step("resolving %s for %s", img.Name, p)
	client := l.fetcher.client(q.keys)
	pins := l.pins(p, old)
	k := &keeper{client: client, question: q, pins: pins, vendor: filepath.Join(img.Dir, vendorName)}
	if img.APK != nil {
		for _, r := range img.APK.Repositories {
			k.locations = append(k.locations, lockLocation(img, r))
		}
	}
	chosen, err := k.resolve(ctx)
	if err != nil {
		return nil, err
	}
	locked := &lock.Platform{Name: p.String(), Arch: q.arch, Packages: make([]lock.Package, len(chosen.Install))}
	for i, x := range chosen.indexes {
		if !slices.ContainsFunc(locked.Indexes, func(l lock.Index) bool { return l.Location == k.locations[i] }) {
			locked.Indexes = append(locked.Indexes, lock.Index{Location: k.locations[i], SHA256: x.Digest})
		}
	}
	slices.SortFunc(locked.Indexes, func(a, b lock.Index) int { return strings.Compare(a.Location, b.Location) })
	return locked, k.fill(ctx, chosen, locked.Packages)
}

// pins returns the locked packages of a platform that are to stay.
func (l *locker) pins(p spec.Platform, old *lock.Lock) []lock.Package {
	if old == nil || l.update.all {
		return nil
	}
	platform := old.Platform(p.String())
	if platform == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(platform.Packages), func(k lock.Package) bool {
		return slices.Contains(l.update.names, k.Name)
	})
}

// write writes the lock, unless that would change nothing.
func (r *relocked) write() error {
	if bytes.Equal(r.content, r.had) {
		return nil
	}
	if err := writeWhole(r.path, r.content); err != nil {
		return fmt.Errorf("cannot write %s: %w", r.name, plain(err))
	}
	return nil
}

// changes says in words what became of the packages of a lock that was there:
// a line each, with the platform where it is not so on all that both have.
func (r *relocked) changes() []string {
	if r.old == nil {
		return nil
	}
	var common []string
	where := map[lock.Update][]string{}
	for i := range r.new.Platforms {
		now := &r.new.Platforms[i]
		before := r.old.Platform(now.Name)
		if before == nil {
			continue
		}
		common = append(common, now.Name)
		for _, u := range lock.Updates(before, now) {
			where[u] = append(where[u], now.Name)
		}
	}
	var lines []string
	for u, platforms := range where {
		line := u.String()
		if len(platforms) < len(common) {
			line += " (" + strings.Join(platforms, ", ") + ")"
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}
