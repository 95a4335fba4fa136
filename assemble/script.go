package assemble

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/script"
	"github.com/mkimage/mkimage/assemble/tree"
)

// ScriptRunner carries out install scripts on a tree, as *script.Runner does.
// An error is the build's: it names the package, the script and what is wrong.
type ScriptRunner interface {
	Run(ctx context.Context, t *tree.Tree, s script.Script) error
}

// runScript runs the script of a kind if the package has it. A failing one
// ends the build.
func (db *database) runScript(ctx context.Context, p *installed, kind apk.ScriptKind, args ...string) error {
	text, ok := p.source.Archive.Scripts[kind]
	if !ok {
		return nil
	}
	s := script.Script{Package: p.Name, Version: p.Version, Kind: script.Kind(kind), Text: text, Args: args}
	if db.skip[p.Name] {
		db.skipped = append(db.skipped, s)
		return nil
	}
	if db.scripts == nil {
		return nil
	}
	// apk mounts the two for the script; the directories stay.
	for _, dir := range []string{"proc", "dev"} {
		if _, err := db.tree.Lstat(dir); err != nil {
			if _, err := db.tree.Mkdir(dir, 0o755); err != nil {
				return err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := db.scripts.Run(ctx, db.tree, s)
	db.owners.reset()
	return err
}

// triggers returns the patterns of the directories that the package watches.
func (p *installed) triggers() []string {
	if !p.unpacked {
		return nil
	}
	return p.source.Archive.Info.Triggers
}

// runTriggers runs the packages' triggers in the order of installation, once
// each, with the directories that match as arguments.
func (db *database) runTriggers(ctx context.Context) error {
	dirs := db.hashed()
	for _, p := range db.packages {
		fired := false
		var args []string
		for _, d := range dirs {
			only, ok := matchTrigger(p.triggers(), "/"+d.path)
			fired = fired || ok
			if ok && (!only || d.modified) {
				args = append(args, "/"+d.path)
			}
		}
		if !fired {
			continue
		}
		if err := db.runScript(ctx, p, apk.Trigger, args...); err != nil {
			return err
		}
	}
	return nil
}

// dirBuckets is the size of the hash table in which apk has the directories.
const dirBuckets = 20000

// hashed returns the directories in the order of apk's hash table, which is
// that of a trigger's arguments: by bucket, in one bucket the latest first.
func (db *database) hashed() []*directory {
	list := make([]*directory, 0, len(db.dirs))
	bucket := make(map[*directory]uint32, len(db.dirs))
	for _, d := range db.dirs {
		list = append(list, d)
		bucket[d] = apk.NameHash(d.path) % dirBuckets
	}
	slices.SortFunc(list, func(a, b *directory) int {
		return cmp.Or(cmp.Compare(bucket[a], bucket[b]), cmp.Compare(b.number, a.number))
	})
	return list
}

// matchTrigger reports whether one of the patterns matches the directory, and
// whether the first that does asks for modified ones only. Patterns that are
// not absolute match nothing.
func matchTrigger(patterns []string, dir string) (modifiedOnly, ok bool) {
	for _, pattern := range patterns {
		pattern, modifiedOnly = strings.CutPrefix(pattern, "+")
		if strings.HasPrefix(pattern, "/") && fnmatch(pattern, dir) {
			return modifiedOnly, true
		}
	}
	return false, false
}
