package spec

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue/parser"
)

// unit is what makes one image: files to unify, or the CUE package in a
// folder.
type unit struct {
	dir     string            // absolute; of the first file
	files   []string          // absolute
	pkg     bool              // files are the package in dir, which may take files of parent folders too
	content map[string][]byte // of files
	matched bool              // found by a "..." pattern: a package without fields is no spec then
}

// units sorts the arguments into what makes one image each.
func (src Source) units(f *faults) []unit {
	if len(src.Args) == 0 {
		f.add(Pos{}, "cannot load a spec: no file or folder given")
		return nil
	}
	var files []string
	var folders []unit
	for _, arg := range src.Args {
		path, all := strings.CutSuffix(filepath.ToSlash(arg), "/...")
		if arg == "..." {
			path, all = ".", true
		}
		path = absolute(src.Dir, path)
		info, err := os.Stat(path)
		switch {
		case err != nil:
			f.add(Pos{File: arg}, "cannot load: %s", reason(err))
		case all:
			folders = append(folders, src.below(arg, path, f)...)
		case info.IsDir():
			if u, ok := src.folder(path, f); ok {
				folders = append(folders, u)
			}
		case !slices.Contains([]string{".cue", ".json", ".yaml", ".yml"}, filepath.Ext(path)):
			f.add(Pos{File: arg}, "cannot load: a spec is a .cue, .json, .yaml or .yml file")
		case filepath.Ext(path) == ".cue" && strings.Contains(filepath.Base(path), ":"):
			f.add(Pos{File: arg}, "cannot load: the name of a CUE file cannot hold \":\"")
		case slices.Contains(files, path):
			f.add(Pos{File: arg}, "cannot load: the file is given twice")
		default:
			files = append(files, path)
		}
	}
	if len(files) == 0 {
		return folders
	}
	if len(folders) > 0 {
		f.add(Pos{File: relativeTo(src.Dir, files[0])}, "cannot load files and folders at once: files given together are one image, a folder is one of its own")
		return nil
	}
	u := unit{dir: filepath.Dir(files[0]), files: files}
	if !src.read(&u, f) {
		return nil
	}
	return []unit{u}
}

// below returns a unit for each folder at or below root that holds a spec.
// Folders that CUE and Go leave out of "..." are left out.
func (src Source) below(arg, root string, f *faults) []unit {
	var found []unit
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "cue.mod" || name == "testdata" || name == "node_modules") {
			return filepath.SkipDir
		}
		if len(cueFiles(path)) > 0 {
			if u, ok := src.folder(path, f); ok {
				u.matched = true
				found = append(found, u)
			}
		}
		return nil
	})
	if err != nil {
		at := arg
		if pathErr, ok := err.(*fs.PathError); ok {
			at = relativeTo(src.Dir, pathErr.Path)
		}
		f.add(Pos{File: at}, "cannot load: %s", reason(err))
	} else if len(found) == 0 {
		f.add(Pos{File: arg}, "cannot load: no folder with a .cue file")
	}
	return found
}

// folder returns the unit of the CUE files in dir.
func (src Source) folder(dir string, f *faults) (unit, bool) {
	u := unit{dir: dir, files: cueFiles(dir)}
	if len(u.files) == 0 {
		f.add(Pos{File: relativeTo(src.Dir, dir)}, "cannot load: no .cue file in the folder")
		return u, false
	}
	u.pkg = true
	return u, src.read(&u, f)
}

// read reads the files of u and refuses those in CUE that are not of one
// package. Files without a package clause go with a package only if they are
// given one by one; a folder without any is no package.
func (src Source) read(u *unit, f *faults) bool {
	isFolder := u.pkg
	u.content = make(map[string][]byte, len(u.files))
	first, pkg := "", ""
	for _, file := range u.files {
		shown := relativeTo(src.Dir, file)
		content, err := readFile(file)
		if err != nil {
			f.add(Pos{File: shown}, "cannot load: %s", reason(err))
			return false
		}
		content = cutMark(content)
		if i := notText(content); i >= 0 {
			line, column := placeOf(content, i)
			f.add(Pos{shown, line, column}, "cannot load: the byte 0x%02x is no text in UTF-8, as a spec must be", content[i])
			return false
		}
		u.content[file] = content
		if filepath.Ext(file) != ".cue" {
			continue
		}
		name := ""
		if parsed, err := parser.ParseFile(file, content, parser.PackageClauseOnly); err == nil {
			name = parsed.PackageName()
		}
		switch {
		case name == "" && !isFolder:
		case first == "":
			first, pkg = file, name
		case name != pkg:
			f.add(Pos{File: shown}, "cannot load: %s, but %s %s; files of one image are of one package",
				clause(name), relativeTo(src.Dir, first), clause(pkg))
			return false
		}
	}
	u.pkg = isFolder && pkg != ""
	return true
}

// clause describes a file by its package clause.
func clause(name string) string {
	if name == "" {
		return "has no package clause"
	}
	return "is of package " + name
}

// cueFiles returns the CUE files in dir that make a package, sorted; those
// of tools and tests do not, nor do those that start with "." or "_".
func cueFiles(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var files []string
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || !strings.HasSuffix(name, ".cue") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") ||
			strings.HasSuffix(name, "_tool.cue") || strings.HasSuffix(name, "_test.cue") {
			continue
		}
		files = append(files, filepath.Join(dir, name))
	}
	return files
}

// absolute returns path taken from the absolute folder dir, clean.
func absolute(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// reason returns err without the path that the fault's position names.
func reason(err error) string {
	for {
		pathErr, ok := err.(*fs.PathError)
		if !ok {
			return oneLine(err.Error())
		}
		err = pathErr.Err
	}
}
