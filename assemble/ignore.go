package assemble

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/mkimage/mkimage/spec"
)

// ignorePatterns say what of a source is left out. They are a part of
// gitignore(5): a pattern without a slash fits names in every directory, one
// with a slash paths from the source on; "*", "?" and classes stay within a
// name, "**" stands for any number of directories or, at the end, for all that
// is in one; a slash at the end fits directories only. What is in a directory
// that is left out is left out too.
type ignorePatterns []ignorePattern

type ignorePattern struct {
	names     []string // one for each name of a path
	anywhere  bool     // names has one element, for the last name of a path
	directory bool
}

func compileIgnore(patterns []spec.String) ignorePatterns {
	var compiled ignorePatterns
	for _, p := range patterns {
		text, directory := strings.CutSuffix(p.Value, "/")
		anywhere := !strings.Contains(text, "/")
		names := strings.Split(path.Clean("/" + text)[1:], "/")
		compiled = append(compiled, ignorePattern{names, anywhere, directory})
	}
	return compiled
}

// match reports whether what is at rel is left out.
func (list ignorePatterns) match(rel string, directory bool) bool {
	for _, p := range list {
		names := strings.Split(rel, "/")
		if p.anywhere {
			names = names[len(names)-1:]
		}
		if (directory || !p.directory) && matchNames(p.names, names) {
			return true
		}
	}
	return false
}

// Copies reports whether a source that is a tree takes what is at path on the
// build machine, a folder or not, with it.
func Copies(f spec.File, path string, folder bool) bool {
	rel, err := filepath.Rel(f.Source.Abs, path)
	if rel = filepath.ToSlash(rel); err != nil || f.Kind != spec.KindSource || rel == "." || rel == ".." || strings.HasPrefix(rel, "../") {
		return false
	}
	ignore := compileIgnore(f.Ignore)
	for end, c := range rel + "/" {
		if c == '/' && ignore.match(rel[:end], folder || end < len(rel)) {
			return false
		}
	}
	return true
}

// matchNames matches patterns with the names of a path, one by one.
func matchNames(patterns, names []string) bool {
	for len(patterns) > 0 {
		if patterns[0] == "**" {
			if len(patterns) == 1 {
				return len(names) > 0
			}
			for i := range len(names) + 1 {
				if matchNames(patterns[1:], names[i:]) {
					return true
				}
			}
			return false
		}
		if len(names) == 0 || !fnmatch(patterns[0], names[0]) {
			return false
		}
		patterns, names = patterns[1:], names[1:]
	}
	return len(names) == 0
}
