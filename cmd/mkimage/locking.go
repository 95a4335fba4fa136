package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/apk/lock"
	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/assemble/provenance"
	"github.com/mkimage/mkimage/spec"
)

const lockedHelp = `  --locked              refuse a spec without a lock
  --vendor DIR          take locked packages from there (default: vendor beside
                        the spec)
`

// lockedFlags are shared by the commands that build from locks.
type lockedFlags struct {
	locked bool
	vendor string
}

func (f *lockedFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.locked, "locked", false, "")
	cmd.Flags().StringVar(&f.vendor, "vendor", "", "")
}

// locks are the locks of specs that have one.
type locks struct {
	files  map[*spec.Image]*lockFile
	vendor string // folder, in place of the default
}

// locks reads the locks of specs and holds them against the specs: a lock that
// is there is used, or it is an error.
func (f *lockedFlags) locks(images []*spec.Image, s *specFlags) (*locks, error) {
	list := &locks{files: map[*spec.Image]*lockFile{}}
	if f.vendor != "" {
		abs, err := filepath.Abs(f.vendor)
		if err != nil {
			return nil, err
		}
		list.vendor = abs
	}
	var faults unfit
	for _, img := range images {
		l, err := readLock(img)
		if err == nil && l == nil && (f.locked || f.vendor != "") && hasPackages(img) {
			_, shown := lockName(img)
			err = &spec.Error{Faults: []spec.Fault{{
				Pos: spec.Pos{File: img.SpecFiles[0]}, Message: fmt.Sprintf("cannot go by a lock: there is no %s", shown),
			}}}
		}
		if err == nil && l != nil {
			list.files[img] = l
			err = l.check(img)
		}
		if err != nil && !faults.add(err, s.lockCommand(img, err)) {
			return nil, err
		}
	}
	if len(faults.lines) > 0 {
		return nil, &faults
	}
	return list, nil
}

// hasPackages reports whether there is something to lock.
func hasPackages(img *spec.Image) bool { return img.APK != nil && len(img.APK.Packages) > 0 }

// check returns an error that lists how the lock does not fit the spec.
func (l *lockFile) check(img *spec.Image) error {
	faults, err := l.faults(img)
	if err != nil || len(faults) == 0 {
		return err
	}
	return &spec.Error{Faults: faults}
}

// lockCommand returns the command that repairs the lock of a spec, whatever is
// wrong with it.
func (f *specFlags) lockCommand(img *spec.Image, fault error) string {
	words := []string{"mkimage lock"}
	var unread *lock.Error
	if errors.As(fault, &unread) {
		words = append(words, "--update")
	}
	for _, tag := range f.tags {
		words = append(words, "-D", shellQuote(tag))
	}
	for _, p := range f.platforms {
		words = append(words, "--platform", shellQuote(p))
	}
	for _, file := range img.SpecFiles {
		words = append(words, shellQuote(file))
	}
	return strings.Join(words, " ")
}

// shellQuote writes a word so that it can be pasted.
func shellQuote(s string) string {
	plain := strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=:,./@%", r)
	}) < 0
	if plain && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// unfit is the error of locks that cannot be used: a line a fault, and the
// commands that help.
type unfit struct {
	lines    []string
	commands []string
}

// add takes the faults of a lock. It returns false for other errors.
func (u *unfit) add(err error, command string) bool {
	var changed *spec.Error
	var unread *lock.Error
	if !errors.As(err, &changed) && !errors.As(err, &unread) {
		return false
	}
	u.lines = append(u.lines, err.Error())
	u.commands = append(u.commands, command)
	return true
}

// Error returns the faults alone.
func (u *unfit) Error() string { return strings.Join(u.lines, "\n") }

// hint returns the way out: what to run.
func (u *unfit) hint() string {
	return "to make the lock fit, run:\n  " + strings.Join(u.commands, "\n  ")
}

// choose returns the packages of an image for one platform: those of its lock
// or, without one, those that the indexes come to.
func (b *builder) choose(ctx context.Context, c *repo.Client, img *spec.Image, p spec.Platform, q question) (*answer, error) {
	l := b.locks.files[img]
	if l == nil {
		b.bar.step("resolving %s for %s", img.Name, p)
		return resolve(ctx, c, q)
	}
	a, err := l.answer(img, p, q)
	if err != nil {
		return nil, err
	}
	a.vendor = b.locks.folder(img)
	return a, nil
}

// folder returns where vendored packages of an image are, if they are.
func (l *locks) folder(img *spec.Image) string {
	if l.vendor != "" {
		return l.vendor
	}
	return filepath.Join(img.Dir, vendorName)
}

// listed names the lock of an image, by digest, for who asks what it was built
// from; nil where there is none.
func (l *locks) listed(img *spec.Image) *provenance.File {
	file := l.files[img]
	if file == nil {
		return nil
	}
	sum := sha256.Sum256(file.content)
	return &provenance.File{Name: filepath.Base(file.path), SHA256: hex.EncodeToString(sum[:])}
}
