package assemble

import (
	"context"
	"strings"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/script"
	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/spec"
)

// database is what apk knows of the packages that it installs.
type database struct {
	tree     *tree.Tree
	packages []*installed          // in the order of installation
	dirs     map[string]*directory // by path, the root's is empty
	files    map[string]*file      // by path: who owns what
	owners   owners
	contents *contents

	scripts ScriptRunner
	skip    map[string]bool // packages whose scripts are not to run
	skipped []script.Script
}

// directory is one that any package ships, and the parents of such.
type directory struct {
	path   string
	parent *directory
	owner  *folder // whose mode and owner it has; nil: no package's
	number int     // in the order in which apk met the directories

	made     bool // apk has seen to its existence
	intact   bool // apk made it or found it as expected
	modified bool // for triggers: something in it has changed
}

func newDatabase(ctx context.Context, t *tree.Tree, in Input) *database {
	db := &database{
		tree:     t,
		dirs:     map[string]*directory{},
		files:    map[string]*file{},
		owners:   owners{tree: t},
		contents: newContents(ctx),
		scripts:  in.Scripts,
		skip:     map[string]bool{},
	}
	if in.Image.APK != nil {
		for _, s := range in.Image.APK.Scripts {
			db.skip[s.Name] = s.Value == "skip"
		}
	}
	return db
}

// dir returns the directory at path, a new one with its parents if no package
// has shipped it yet.
func (db *database) dir(path string) *directory {
	if d := db.dirs[path]; d != nil {
		return d
	}
	d := &directory{path: path, number: len(db.dirs)}
	db.dirs[path] = d
	if path != "" {
		above, _ := split(path)
		d.parent = db.dir(above)
	}
	return d
}

// configDir is where apk's configuration is, databaseDir where its database
// is: under /usr where /lib is a link there.
const (
	configDir   = "etc/apk"
	databaseDir = "lib/apk/db"
)

// writeConfig writes what has to be there before apk can install from
// nothing: trusted keys and repositories. Folders on the build machine are no
// repositories that the image could use, and are left out.
func (db *database) writeConfig(in Input) error {
	if _, err := db.tree.MkdirAll(configDir+"/keys", 0o755); err != nil {
		return databaseError(err)
	}
	for name, key := range in.Keys {
		if _, err := db.tree.WriteFile(configDir+"/keys/"+name, tree.Bytes(key), 0o644); err != nil {
			return databaseError(err)
		}
	}
	var lines strings.Builder
	if in.Image.APK != nil {
		for _, r := range in.Image.APK.Repositories {
			lines.WriteString(repositoryLine(r))
		}
	}
	if _, err := db.tree.WriteFile(configDir+"/repositories", tree.Bytes(lines.String()), 0o644); err != nil {
		return databaseError(err)
	}
	return nil
}

// repositoryLine returns a line of apk-repositories(5).
func repositoryLine(r spec.Repository) string {
	switch {
	case r.URL == "":
		return ""
	case r.Tag != "":
		return "@" + r.Tag + " " + r.URL + "\n"
	}
	return r.URL + "\n"
}

// write writes the database as apk does when all is installed.
func (db *database) write(in Input) error {
	for _, dir := range []string{databaseDir, configDir} {
		if _, err := db.tree.MkdirAll(dir, 0o755); err != nil {
			return databaseError(err)
		}
	}
	packages := sortedByName(db.packages, func(p *installed) string { return p.Name })
	scripts, err := scriptsText(packages)
	if err != nil {
		return databaseError(err)
	}
	for _, f := range []struct {
		path    string
		content []byte
	}{
		{configDir + "/arch", []byte(in.Arch + "\n")},
		{configDir + "/world", worldText(in.World)},
		{databaseDir + "/installed", installedText(packages)},
		{databaseDir + "/scripts.tar", scripts},
		{databaseDir + "/triggers", triggersText(packages)},
	} {
		if _, err := db.tree.WriteFile(f.path, tree.Bytes(f.content), 0o644); err != nil {
			return databaseError(err)
		}
	}
	return nil
}

// worldText returns the content of etc/apk/world (apk-world(5)). Of several
// elements on one name the last one counts.
func worldText(world []apk.Dependency) []byte {
	last := map[string]apk.Dependency{}
	for _, d := range world {
		last[d.Name] = d
	}
	var unique []apk.Dependency
	for _, d := range world {
		if _, ok := last[d.Name]; ok {
			unique = append(unique, last[d.Name])
			delete(last, d.Name)
		}
	}
	var b strings.Builder
	for _, d := range sortedByName(unique, func(d apk.Dependency) string { return d.Name }) {
		b.WriteString(d.String() + "\n")
	}
	return []byte(b.String())
}
