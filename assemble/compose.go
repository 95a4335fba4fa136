package assemble

import (
	"context"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/script"
	"github.com/mkimage/mkimage/assemble/tree"
)

// Compose makes the root filesystem. Errors are *spec.Error for what the spec
// declares, *PackageError for faults of packages, those of in.Scripts and the
// context's as they are.
func Compose(ctx context.Context, in Input) (*Root, error) {
	t := tree.New()
	var skipped []script.Script
	if len(in.World) > 0 {
		var err error
		if skipped, err = install(ctx, t, in); err != nil {
			return nil, err
		}
	}
	user, err := declare(ctx, t, in)
	if err != nil {
		return nil, err
	}
	return &Root{Tree: t, User: user, Skipped: skipped}, nil
}

// install does what "apk add" does.
func install(ctx context.Context, t *tree.Tree, in Input) ([]script.Script, error) {
	packages, err := readPackages(ctx, in.Packages)
	if err != nil {
		return nil, err
	}
	db := newDatabase(ctx, t, in)
	if err := db.writeConfig(in); err != nil {
		return nil, err
	}
	for _, p := range packages {
		if err := db.install(ctx, p); err != nil {
			return nil, err
		}
	}
	if err := db.runTriggers(ctx); err != nil {
		return nil, err
	}
	return db.skipped, db.write(in)
}

// install installs one package.
func (db *database) install(ctx context.Context, p *installed) error {
	db.packages = append(db.packages, p)
	if err := ctx.Err(); err != nil || !p.unpacked {
		return err
	}
	if err := db.extract(ctx, p); err != nil { // runs pre-install
		return err
	}
	if err := db.commit(p); err != nil {
		return err
	}
	return db.runScript(ctx, p, apk.PostInstall, p.Version)
}

// declare adds what the spec declares and returns the process's user.
func declare(ctx context.Context, t *tree.Tree, in Input) (string, error) {
	d := newDeclarer(ctx, t)
	d.addAccounts(in.Image.Users, in.Image.Groups)
	for _, p := range in.Programs {
		d.addProgram(p)
	}
	// Owners are named by the accounts that the image ends up with.
	for _, f := range in.Image.Files {
		if isAccounts(f.Path) {
			d.addFile(f)
		}
	}
	d.readAccounts()
	for _, f := range in.Image.Files {
		if !isAccounts(f.Path) {
			d.addFile(f)
		}
	}
	d.readAccounts() // a source may hold others
	user := d.processUser(in.Image.User)
	return user, d.err()
}
