// Package assemble composes the root filesystem of an image, as a tree that
// refers to its content without holding it. Its contract:
//
//   - Packages are installed as "apk add --root" installs them into an empty
//     folder, in the order given: extraction, conflicts, owners, scripts,
//     triggers and database are apk's own, measured on apk-tools 3.0.6. What
//     apk reports as an error and goes on after is refused here.
//   - The spec's declarations come after: accounts, programs, then files in the
//     order of their paths. A declaration wins over a package.
//   - Nothing is executed and no file of the host is read but those that the
//     spec or the caller names. Scripts are given to a [ScriptRunner].
//   - The same input gives the same tree. Neither clock, umask, locale nor map
//     order have a part in it.
//   - apk's commit hooks do not run: they serve the machine that runs apk.
//   - Faults in the spec come all at once as a *spec.Error, those in a package
//     all of that package, one line each with the packages and paths named.
package assemble

import (
	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/script"
	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/spec"
)

// Input is what an image is composed of.
type Input struct {
	Image *spec.Image

	// Arch is Alpine's name of the architecture, for etc/apk/arch.
	Arch string
	// World is what the packages were resolved from. If it is empty, the
	// image gets no database of packages.
	World []apk.Dependency
	// Packages are in the order of installation.
	Packages []Package
	// Keys are the public keys that apk is to trust in the image, by file
	// name, for etc/apk/keys.
	Keys map[string][]byte
	// Scripts runs the packages' scripts. Nil runs none.
	Scripts ScriptRunner

	// Programs are added with mode 0755, root's.
	Programs []Program
}

// Package is a package to install.
type Package struct {
	Archive *apk.Archive
	// Tag is the repository tag, without its @, that the world asked for
	// the package by; empty for none.
	Tag string
	// Entries are those of Archive's data section, for callers that know
	// them already. Nil: they are read from the archive.
	Entries []apk.Entry
}

// Program is an executable of the build machine and its place in the image.
type Program struct {
	Path spec.String // absolute and clean
	File string      // on the build machine
}

// Root is a composed root filesystem.
type Root struct {
	// Tree's contents are read from the files that they came from, under
	// the context that Compose was given: both must last until the tree
	// is written.
	Tree *tree.Tree
	// User is who the image's process runs as, in the form of the image
	// configuration's "User": "uid" or "uid:gid".
	User string
	// Skipped are the scripts that did not run because the spec says so.
	Skipped []script.Script
}
