// Package script runs the install scripts of Alpine packages over a file tree
// in memory. Nothing is executed and nothing of the host is reachable. The
// rules:
//
//   - A script is parsed and expanded by mvdan.cc/sh and interpreted here.
//     Every file access, test, glob, redirection and command goes to the tree:
//     there is no call that opens, stats or starts anything of the host, and
//     no host environment, clock, user database or process number is read.
//   - The interpreter is busybox ash as Alpine configures it. Syntax that ash
//     lacks, and values that differ in every run ($$, $RANDOM), are refused.
//   - One thing happens at a time. A pipeline runs from left to right, each
//     stage to its end before the next begins, and a background job runs where
//     it stands. Both are schedules that the real shell may choose as well, and
//     the only ones that give the same tree every time. (The interpreter that
//     mvdan.cc/sh brings runs stages concurrently over pipes of the host; this
//     and what it reads of the host is why only its parser and expander serve.)
//   - A command exists if the tree holds it where the real shell would find
//     it, and is then done by this package, as busybox 1.36.1 does it. One that
//     the tree lacks gives status 127, as it would in the image.
//   - A command that the tree holds and this package does not know, or an
//     option of one, ends the run with an *Unsupported error, whatever the
//     script would have made of a failure.
//   - Steps, bytes, depth and time are bounded; a bound that is hit ends the
//     run with a *Limit error.
//   - A tree for which Run returned an error holds what the script did until
//     then. It must be discarded: a script is run as a whole or not at all.
//
// The environment is apk's (apk-tools, src/database.c, apk_db_run_script): the
// working directory is the root, umask 022, standard input empty, and of
// variables only PATH, APK_SCRIPT and APK_PACKAGE are set.
package script

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/mkimage/mkimage/assemble/tree"
)

// Kind is when apk runs a script, the name that it has in the package's control
// member without the leading dot.
type Kind string

// The kinds of script that an installation into an empty root runs
// (apk-package(5)); what runs on upgrades and removals has no place in a build.
const (
	PreInstall  Kind = "pre-install"
	PostInstall Kind = "post-install"
	Trigger     Kind = "trigger"
)

// Script is one install script of one package.
type Script struct {
	Package string // name, for messages and APK_PACKAGE
	Version string
	Kind    Kind
	Text    []byte
	Args    []string // $1 and on: the version, or the directories of a trigger
}

func (s Script) String() string {
	return fmt.Sprintf("%s script of %s-%s", s.Kind, s.Package, s.Version)
}

// Runner holds what all scripts of one image share. The zero value is usable.
type Runner struct {
	// Arch is what apk --print-arch answers; empty refuses the question.
	Arch string
	// Now is the time that scripts see, in seconds since 1970: what date
	// prints, and the day of the last password change that adduser records.
	Now int64
	// Output receives what scripts write to their standard output and error;
	// nil discards it.
	Output io.Writer
	// MaxSteps bounds the statements and commands that one script runs;
	// 0 is 1,000,000.
	MaxSteps int
	// MaxBytes bounds what one script may read, write and expand in all;
	// 0 is 256 MiB.
	MaxBytes int64
	// Timeout bounds one script; 0 is one minute.
	Timeout time.Duration
}

const (
	defaultSteps   = 1_000_000
	defaultBytes   = 256 << 20
	defaultTimeout = time.Minute

	// maxText bounds a script, and so how deep its syntax can nest.
	maxText = 64 << 10
	// maxDepth bounds how deep functions, subshells and scripts call another.
	maxDepth = 200
)

// Run runs a script over the tree. It returns nil if the script ended with
// status 0, a *Failed error if it ended with another one, *Unsupported if it
// needs what this package does not do, *Limit if it hit a bound, and the
// context's error if that ended first. After any error the tree must be
// discarded.
func (r *Runner) Run(ctx context.Context, t *tree.Tree, s Script) (err error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(r.Timeout, defaultTimeout))
	defer cancel()
	// The expander of mvdan.cc/sh panics on nodes that it does not expect.
	// A script must not be able to end the build without a message.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: the %s: %v", s, p)
		}
	}()
	m := &machine{
		ctx:    ctx,
		tree:   t,
		script: s,
		arch:   r.Arch,
		now:    r.Now,
		log:    &console{out: r.Output},
		steps:  cmp.Or(r.MaxSteps, defaultSteps),
		bytes:  cmp.Or(r.MaxBytes, defaultBytes),
	}
	return m.run()
}
