package main

import (
	"context"
	"crypto/sha256"
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
)

// vendorFolder is a folder of locked packages:
//
//	README                    says so; without it the folder is not mkimage's
//	ARCH/NAME-VERSION.apk     the packages, as their repositories have them
//	ARCH/APKINDEX.tar.gz      an index of them, sorted by name and version
//
// The same packages make the same folder. It is brought up to date in place: new
// packages come before the index that names them, and what is not locked any
// more goes last, so that at every moment the index is right and a build that
// needs what was locked before or is now finds it.
type vendorFolder struct {
	path     string
	packages map[string]map[string]vendored // by architecture and file name
}

// vendored is a package of the folder.
type vendored struct {
	archive *apk.Archive
	sha256  [sha256.Size]byte
}

const (
	vendorReadme     = "README"
	vendorIndex      = "APKINDEX.tar.gz"
	vendorReadmeText = `The packages that locks beside specs name, kept by "mkimage vendor".
Packages that are not locked any more are removed by its next run.
`
)

// openVendorFolder returns the folder at path, which may not exist yet. One
// with other content is refused.
func openVendorFolder(path string) (*vendorFolder, error) {
	f := &vendorFolder{path: path, packages: map[string]map[string]vendored{}}
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(entries) == 0:
		return f, nil
	case err != nil:
		return nil, fmt.Errorf("cannot vendor packages in %s: %w", path, plain(err))
	}
	text, err := os.ReadFile(filepath.Join(path, vendorReadme))
	if err != nil || string(text) != vendorReadmeText {
		return nil, fmt.Errorf("cannot vendor packages in %s: it holds something else; name another folder with --output", path)
	}
	return f, nil
}

// removeDamaged removes files that are not the locked packages that they are
// named after, so that these are fetched anew.
func (f *vendorFolder) removeDamaged(ctx context.Context, a *answer) error {
	for i := range a.locked {
		path := filepath.Join(f.path, a.arch, a.Install[i].Package.FileName())
		there, same, err := hasDigest(ctx, path, a.locked[i].SHA256)
		if err == nil && there && !same {
			err = os.Remove(path)
		}
		if err != nil {
			return fmt.Errorf("cannot vendor packages in %s: %w", f.path, err)
		}
	}
	return nil
}

// add takes a package. Two of one file name must be the same.
func (f *vendorFolder) add(arch string, a *apk.Archive, sum [sha256.Size]byte) error {
	name := a.Package.FileName()
	if f.packages[arch] == nil {
		f.packages[arch] = map[string]vendored{}
	}
	if other, ok := f.packages[arch][name]; ok && other.sha256 != sum {
		return fmt.Errorf("cannot vendor two packages %s for %s that differ; vendor these specs to folders of their own", a.Package, arch)
	}
	f.packages[arch][name] = vendored{a, sum}
	return nil
}

// index returns the index of an architecture.
func (f *vendorFolder) index(arch string, signer *apk.Signer) ([]byte, error) {
	var list []*apk.Package
	for _, v := range f.packages[arch] {
		list = append(list, v.archive.Package)
	}
	slices.SortFunc(list, func(a, b *apk.Package) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.FileName(), b.FileName())
	})
	return apk.WriteIndex("mkimage vendor", apk.FormatIndex(list), signer)
}

// write brings the folder up to date.
func (f *vendorFolder) write(ctx context.Context, signer *apk.Signer) error {
	err := f.writeFiles(ctx, signer)
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("cannot vendor packages in %s: %w", f.path, plain(err))
}

func (f *vendorFolder) writeFiles(ctx context.Context, signer *apk.Signer) error {
	if err := os.MkdirAll(f.path, 0o777); err != nil {
		return err
	}
	if err := writeWhole(filepath.Join(f.path, vendorReadme), []byte(vendorReadmeText)); err != nil {
		return err
	}
	for _, arch := range slices.Sorted(maps.Keys(f.packages)) {
		dir := filepath.Join(f.path, arch)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(f.packages[arch])) {
			if err := f.packages[arch][name].write(ctx, filepath.Join(dir, name)); err != nil {
				return err
			}
		}
		index, err := f.index(arch, signer)
		if err != nil {
			return err
		}
		if err := writeWhole(filepath.Join(dir, vendorIndex), index); err != nil {
			return err
		}
	}
	return f.clean()
}

// write puts the package where it is to be, unless it is there.
func (v vendored) write(ctx context.Context, path string) error {
	if _, same, err := hasDigest(ctx, path, v.sha256); same || err != nil {
		return err
	}
	temp := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.tmp-%d", filepath.Base(path), os.Getpid()))
	err := v.copy(ctx, temp)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	return nil
}

func (v vendored) copy(ctx context.Context, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	hash := sha256.New()
	err = v.archive.Copy(ctx, io.MultiWriter(file, hash))
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil && [sha256.Size]byte(hash.Sum(nil)) != v.sha256 {
		err = fmt.Errorf("%s has changed while it was read", v.archive.Package)
	}
	return err
}

// hasDigest reports whether a file is there, and whether with that content.
func hasDigest(ctx context.Context, path string, want [sha256.Size]byte) (there, same bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, false, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return true, false, err
	}
	return true, [sha256.Size]byte(hash.Sum(nil)) == want, nil
}

// clean removes packages that are not locked any more, and the index of an
// architecture that has none left. What else someone put there stays.
func (f *vendorFolder) clean() error {
	folders, err := os.ReadDir(f.path)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if _, err := apk.ArchPlatform(folder.Name()); err != nil {
			continue
		}
		dir, wanted := filepath.Join(f.path, folder.Name()), f.packages[folder.Name()]
		files, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, file := range files {
			_, locked := wanted[file.Name()]
			if ours := filepath.Ext(file.Name()) == ".apk" || file.Name() == vendorIndex && wanted == nil; !ours || locked {
				continue
			}
			if err := os.Remove(filepath.Join(dir, file.Name())); err != nil {
				return err
			}
		}
		if wanted == nil {
			// It stays if something else is in it.
			_ = os.Remove(dir)
		}
	}
	return nil
}
