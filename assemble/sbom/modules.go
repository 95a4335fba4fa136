package sbom

import (
	"debug/buildinfo"
	"errors"
	"io/fs"
	"runtime/debug"
	"strings"
)

// develVersion is the go command's version of a module without one.
const develVersion = "(devel)"

// ReadBuild returns what the go command recorded in the executable file, nil
// if that is not a Go program or was stripped of it. The error is that of
// reading the file.
func ReadBuild(file string) (*debug.BuildInfo, error) {
	info, err := buildinfo.ReadFile(file)
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		return nil, err
	case err != nil:
		return nil, nil
	}
	return info, nil
}

// Module is a Go module that a program was built of.
type Module struct {
	Path    string
	Version string // empty if it was built from a folder
	Sum     string // of the go.sum file, "h1:…"; empty if it is not known
}

// URL returns the module's package URL (ECMA-427, type golang).
func (m Module) URL() string { return moduleURL(m.Path, m.Version) }

// Modules returns the modules of a build: the main one first, then Go's
// standard library, then the others in the order of their paths. A module that
// was replaced by another one is that other; one that was replaced by a folder
// keeps its name and loses its sum, which is not that of what was compiled.
func Modules(build *debug.BuildInfo) []Module {
	if build == nil {
		return nil
	}
	var list []Module
	if build.Main.Path != "" {
		list = append(list, module(&build.Main))
	}
	if v, ok := strings.CutPrefix(build.GoVersion, "go"); ok {
		version, _, _ := strings.Cut(v, " ") // experiments follow
		list = append(list, Module{Path: "stdlib", Version: version})
	}
	for _, m := range build.Deps {
		list = append(list, module(m))
	}
	return list
}

func module(m *debug.Module) Module {
	if r := m.Replace; r != nil && r.Version != "" {
		m = r
	} else if r != nil {
		m = &debug.Module{Path: m.Path, Version: m.Version}
	}
	found := Module{Path: m.Path, Version: m.Version, Sum: m.Sum}
	if found.Version == develVersion {
		found.Version = ""
	}
	return found
}
