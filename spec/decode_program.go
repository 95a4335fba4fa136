package spec

import (
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/mkimage/mkimage/internal/spelling"
)

// goProgram returns the Go program n.
func (d *decoder) goProgram(n *node) *Go {
	if n == nil {
		return nil
	}
	g := &Go{
		Pos:     n.key,
		Path:    d.programPath(n.field("path")),
		Ldflags: d.texts(n.field("ldflags")),
		Tags:    d.unique(n.field("tags")),
		Env:     d.goEnv(n.field("env")),
	}
	p := n.field("package")
	pkg := d.filled(p).Value
	if pkg == "" {
		return g
	}
	g.Dir = filepath.Dir(p.file)
	base := ""
	switch {
	case strings.Contains(pkg, "..."):
		d.refuse(p, "cannot use %q: must be one main package, not a pattern", pkg)
	case strings.Contains(pkg, "@"):
		d.refuse(p, "cannot use %q: the version of a package comes from go.mod", pkg)
	case strings.HasSuffix(pkg, ".go"):
		d.refuse(p, "cannot use %q: must be the folder of a main package, not a file", pkg)
	case strings.HasPrefix(pkg, "."), filepath.IsAbs(pkg):
		g.Package = d.file(p)
		base = filepath.Base(g.Package.Abs)
	case !importPath(pkg):
		d.refuse(p, "cannot use %q: must be a folder that starts with \"./\", or an import path", pkg)
	default:
		g.ImportPath, g.Package.Pos = pkg, p.pos
		base = programName(pkg)
	}
	if n.field("path") == nil && base != "" {
		g.Path = String{Value: "/usr/bin/" + base, Pos: p.pos}
		if fault := pathFault(g.Path.Value, false); fault != "" {
			d.refuse(p, "cannot call the program %q: give go.path", base)
		}
	}
	return g
}

// importPath reports whether s has the form of a package's import path.
func importPath(s string) bool {
	ok, err := regexp.MatchString(`^[\pL\pN_.~+-]+(/[\pL\pN_.~+-]+)*$`, s)
	return ok && err == nil && !strings.HasPrefix(s, "-")
}

// programName returns the name that the go command gives the program of an
// import path: the last element that is no major version.
func programName(pkg string) string {
	base := path.Base(pkg)
	if major, err := regexp.MatchString(`^v[0-9]+$`, base); err == nil && major && path.Dir(pkg) != "." {
		base = path.Base(path.Dir(pkg))
	}
	return base
}

// goEnv returns the go command's environment n, without what the platform
// decides.
func (d *decoder) goEnv(n *node) []Pair {
	list := d.env(n)
	for _, p := range list {
		e := n.field(p.Name)
		switch p.Name {
		case "GOOS", "GOARCH":
			d.add(e.key, "%s: cannot be set: it comes from platforms", e.path)
		case "CGO_ENABLED":
			d.add(e.key, "%s: cannot be set: programs are compiled without cgo", e.path)
		}
	}
	return list
}

// binary returns the program n.
func (d *decoder) binary(n *node) *Binary {
	if n == nil {
		return nil
	}
	b := &Binary{Pos: n.key, Path: d.programPath(n.field("path"))}
	if source := n.field("source"); source != nil {
		b.Source = d.file(source)
		d.placeholders(source)
	}
	return b
}

// placeholders refuses braces that name no part of a platform.
func (d *decoder) placeholders(n *node) {
	known := []string{"{os}", "{arch}", "{variant}"}
	matches := regexp.MustCompile(`\{[^{}/]*\}`).FindAllString(n.text, -1)
	for _, m := range matches {
		if m != known[0] && m != known[1] && m != known[2] {
			d.refuse(n, "cannot use %s: the parts of a platform are %s%s", m, strings.Join(known, ", "), spelling.Hint(m, known))
		}
	}
}

// programPath checks the path of a program in the image.
func (d *decoder) programPath(n *node) String {
	s := d.filled(n)
	if s.Value != "" {
		if fault := pathFault(s.Value, false); fault != "" {
			d.refuse(n, "cannot use %q: %s", s.Value, fault)
			s.Value = ""
		}
	}
	return s
}
