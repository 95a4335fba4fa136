package spec

import (
	"path"
	"strconv"
	"strings"
)

// files returns the entries of files and checks that each path of the image
// is declared once and nothing lies below what is not a folder.
func (d *decoder) files(img *Image, root *node) {
	n := root.field("files")
	names := accountsOf(img)
	taken := d.programs(img, root)
	for _, p := range n.names() {
		e := n.field(p)
		if fault := pathFault(p, false); fault != "" {
			d.add(e.key, "%s: cannot use the path: %s", e.path, fault)
			continue
		}
		f := d.fileEntry(e, p, names)
		img.Files = append(img.Files, f)
		d.generated(e, p, img)
		if other, ok := taken[p]; ok {
			d.add(e.key, "%s: %s is already the path of %s at %s", e.path, p, other.what, other.pos)
			continue
		}
		taken[p] = entry{pos: e.key, path: e.path, what: string(f.Kind), solid: f.Kind == KindContent || f.Kind == KindSymlink}
	}
	for p, e := range taken {
		if above, ok := below(p, taken); ok {
			d.add(e.pos, "%s: cannot put %s below %s, which is no folder (at %s)", e.path, p, above, taken[above].pos)
		}
	}
}

// entry is a path in the image that the spec takes.
type entry struct {
	pos   Pos
	path  string // of the field
	what  string
	solid bool // certainly no folder
}

// below returns the nearest path above p that is taken by what is no folder.
func below(p string, taken map[string]entry) (string, bool) {
	for above := path.Dir(p); above != "/" && above != "."; above = path.Dir(above) {
		if e, ok := taken[above]; ok && e.solid {
			return above, true
		}
	}
	return "", false
}

// programs returns the paths of go and binary, which must differ.
func (d *decoder) programs(img *Image, root *node) map[string]entry {
	taken := map[string]entry{}
	if g := img.Go; g != nil && g.Path.Value != "" {
		taken[g.Path.Value] = entry{pos: g.Path.Pos, path: "go.path", what: "go", solid: true}
	}
	if b := img.Binary; b != nil && b.Path.Value != "" {
		if other, ok := taken[b.Path.Value]; ok {
			d.refuse(root.field("binary").field("path"), "%s is already the path of go at %s", b.Path.Value, other.pos)
			return taken
		}
		taken[b.Path.Value] = entry{pos: b.Path.Pos, path: "binary.path", what: "binary", solid: true}
	}
	return taken
}

// generated refuses a file that the accounts of the spec make.
func (d *decoder) generated(e *node, p string, img *Image) {
	if p == "/etc/passwd" && len(img.Users) > 0 || p == "/etc/group" && len(img.Groups) > 0 {
		d.add(e.key, "%s: %s is made from users and groups: declare them there, or set user to \"root\" or an id and leave them out", e.path, p)
	}
}

// fileEntry returns the entry e at the path p of the image.
func (d *decoder) fileEntry(e *node, p string, names accounts) File {
	f := File{Pos: e.key, Path: p}
	var given []string
	for _, kind := range []Kind{KindContent, KindSource, KindDirectory, KindSymlink} {
		if e.field(string(kind)) != nil {
			given = append(given, string(kind))
			f.Kind = kind
		}
	}
	switch {
	case len(given) == 0 && !e.bad && !e.strange:
		d.add(e.key, "%s: one of content, source, directory and symlink must say what it is", e.path)
	case len(given) > 1:
		d.add(e.key, "%s: cannot be both %s", e.path, strings.Join(given, " and "))
	}
	if content := e.field("content"); content.ok() {
		f.Content = []byte(content.text)
	}
	if source := e.field("source"); source != nil {
		f.Source = d.file(source)
	}
	if link := e.field("symlink"); link != nil {
		f.Target = d.filled(link)
		if fault := targetFault(p, f.Target.Value); fault != "" {
			d.refuse(link, "cannot use %q: %s", f.Target.Value, fault)
		}
	}
	f.Ignore = d.ignore(e, f.Kind)
	f.Mode = d.mode(e.field("mode"), f.Kind)
	f.Owner = d.owner(e.field("owner"), names)
	return f
}

// ignore returns the patterns of e, which only a source has.
func (d *decoder) ignore(e *node, kind Kind) []String {
	n := e.field("ignore")
	if n == nil {
		return nil
	}
	if kind != KindSource && kind != "" {
		d.refuse(n, "only a source has files to ignore")
	}
	list := d.texts(n)
	for i, s := range list {
		if !n.list[i].ok() || s.Value == "" {
			continue
		}
		if _, err := path.Match(s.Value, ""); err != nil {
			d.refuse(n.list[i], "cannot use the pattern %q: a bracket or backslash is not closed", s.Value)
		} else if strings.HasPrefix(s.Value, "!") {
			d.refuse(n.list[i], "cannot use the pattern %q: \"!\" is not supported", s.Value)
		} else if strings.Contains("/"+s.Value+"/", "/../") {
			d.refuse(n.list[i], "cannot use the pattern %q: it cannot leave the source", s.Value)
		}
	}
	return list
}

// mode returns the mode n.
func (d *decoder) mode(n *node, kind Kind) Mode {
	if !n.ok() {
		return Mode{}
	}
	if kind == KindSymlink {
		d.refuse(n, "a symbolic link has no mode")
		return Mode{}
	}
	bits, err := strconv.ParseUint(n.text, 8, 12)
	if err != nil {
		d.refuse(n, "cannot use %q: must be an octal mode from \"0000\" to \"7777\"", n.text)
	}
	return Mode{Set: true, Bits: uint32(bits), Pos: n.pos}
}
