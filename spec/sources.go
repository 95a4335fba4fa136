package spec

import (
	"os"
	"path/filepath"
)

// CheckSources looks whether the files and folders that the image names on
// this machine exist, for each of its platforms, and returns an [*Error] with
// all that do not. It reads no content. Folders that are repositories need not
// be there where the packages are locked: repositories false leaves them out.
func (img *Image) CheckSources(repositories bool) error {
	var f faults
	for _, file := range img.Files {
		if file.Kind == KindSource {
			f.exists(file.Source, "files", anything)
		}
	}
	if img.Go != nil && img.Go.Package.Abs != "" {
		f.exists(img.Go.Package, "go.package", folder)
	} else if img.Go != nil {
		// "cmd/web" is an import path of the standard library to Go.
		if info, err := os.Stat(filepath.Join(img.Go.Dir, filepath.FromSlash(img.Go.ImportPath))); err == nil && info.IsDir() {
			f.add(img.Go.Package.Pos, "go.package: cannot use %q: a folder starts with \"./\", write %q", img.Go.ImportPath, "./"+img.Go.ImportPath)
		}
	}
	if img.Binary != nil {
		for _, p := range img.Platforms {
			f.exists(img.Binary.For(p), "binary.source", regularFile)
		}
	}
	if img.APK != nil {
		for _, key := range img.APK.Keys {
			f.exists(key, "apk.keys", regularFile)
		}
		for _, r := range img.APK.Repositories {
			if r.Dir.Abs != "" && repositories {
				f.exists(r.Dir, "apk.repositories", folder)
			}
		}
	}
	return newError(f.list)
}

// wanted is what must be at a path.
type wanted int

const (
	anything wanted = iota
	regularFile
	folder
)

// exists records that p, named by field, is not there or not what is wanted.
func (f *faults) exists(p Path, field string, want wanted) {
	info, err := os.Stat(p.Abs)
	switch {
	case err != nil:
		f.add(p.Pos, "%s: cannot find %s: %s", field, p.Written, reason(err))
	case want == folder && !info.IsDir():
		f.add(p.Pos, "%s: cannot use %s: not a folder", field, p.Written)
	case want == regularFile && !info.Mode().IsRegular():
		f.add(p.Pos, "%s: cannot use %s: not a regular file", field, p.Written)
	}
}
