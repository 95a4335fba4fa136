package spec

import (
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/spelling"
)

// apk returns the world that n declares.
func (d *decoder) apk(n *node) *APK {
	if n == nil {
		return nil
	}
	a := &APK{Pos: n.key, Keys: d.keys(n.field("keys")), Scripts: d.scripts(n.field("scripts"))}
	tags := map[string]bool{}
	repositories := n.field("repositories")
	if repositories != nil {
		for _, e := range repositories.list {
			r := d.repository(e)
			tags[r.Tag] = true
			a.Repositories = append(a.Repositories, r)
		}
	}
	a.Packages = d.packages(n.field("packages"), tags, repositories)
	if len(a.Packages) > 0 && (repositories == nil || repositories.ok() && len(repositories.list) == 0) {
		d.refuse(n.field("packages"), "cannot install packages: apk.repositories names no repository to take them from")
	}
	return a
}

// repository checks "[@tag ]URL-or-folder".
func (d *decoder) repository(n *node) Repository {
	s := d.filled(n)
	r := Repository{Pos: s.Pos, Written: s.Value}
	if s.Value == "" {
		return r
	}
	if _, rest, ok := strings.Cut(s.Value, "://"); ok && strings.Contains(strings.SplitN(rest, "/", 2)[0], "@") {
		// Not quoted: it would print the password.
		d.refuse(n, "cannot use a URL with a user name or password: a spec holds no secrets")
		return r
	}
	place := s.Value
	if tagged, ok := strings.CutPrefix(s.Value, "@"); ok {
		r.Tag, place, ok = strings.Cut(tagged, " ")
		place = strings.TrimSpace(place)
		if _, err := apk.ParseDependency("x@" + r.Tag); err != nil || !ok || place == "" {
			d.refuse(n, "cannot use %q: a tagged repository is written as \"@edge https://...\"", s.Value)
			return r
		}
	}
	scheme, _, isURL := strings.Cut(place, "://")
	if !isURL {
		r.Dir = Path{Written: place, Abs: absolute(filepath.Dir(n.file), place), Pos: s.Pos}
		return r
	}
	u, err := url.Parse(place)
	switch {
	case scheme == "file":
		d.refuse(n, "cannot use %q: write a folder without file://", place)
	case scheme != "http" && scheme != "https":
		d.refuse(n, "cannot use %q: must be an http or https URL or a folder", place)
	case err != nil || u.Host == "":
		d.refuse(n, "cannot use %q: not a URL", place)
	case u.RawQuery != "" || u.Fragment != "":
		d.refuse(n, "cannot use %q: a repository's URL has no \"?\" and no \"#\"", place)
	case path.Base(u.Path) == "APKINDEX.tar.gz":
		d.refuse(n, "cannot use %q: name the repository, without architecture and APKINDEX.tar.gz", place)
	default:
		if _, err := apk.ArchPlatform(path.Base(u.Path)); err == nil {
			d.refuse(n, "cannot use %q: leave out the architecture %s", place, path.Base(u.Path))
		}
	}
	r.URL = strings.TrimRight(place, "/")
	return r
}

// keys returns the files of n. Signatures name keys by the file's name, so
// that two keys of one name could not be told apart.
func (d *decoder) keys(n *node) []Path {
	if n == nil {
		return nil
	}
	var list []Path
	first := map[string]Pos{}
	for _, e := range n.list {
		p := d.file(e)
		if p.Written == "" {
			continue
		}
		base := filepath.Base(p.Abs)
		if pos, ok := first[base]; ok {
			d.refuse(e, "cannot use two keys named %s, the first at %s: signatures name keys by their file", base, pos)
		} else {
			first[base] = p.Pos
		}
		list = append(list, p)
	}
	return list
}

// packages checks the requirements of a world against each other and against
// the tags of the repositories.
func (d *decoder) packages(n *node, tags map[string]bool, repositories *node) []Package {
	if n == nil {
		return nil
	}
	var list []Package
	first := map[string]Pos{}
	for _, e := range n.list {
		s := d.filled(e)
		if s.Value == "" {
			continue
		}
		list = append(list, s)
		dep, err := apk.ParseDependency(s.Value)
		if err != nil {
			d.refuse(e, "%s", err)
			continue
		}
		// In apk's world the last of a name silently wins.
		if pos, ok := first[dep.Name]; ok {
			d.refuse(e, "%s is named twice, first at %s: a package can have one constraint", dep.Name, pos)
		} else {
			first[dep.Name] = s.Pos
		}
		if dep.Tag != "" && !tags[dep.Tag] && repositories.ok() {
			d.refuse(e, "no repository is tagged @%s%s", dep.Tag, spelling.Hint("@"+dep.Tag, tagNames(tags)))
		}
	}
	return list
}

// scripts returns what to do about the scripts of packages, by their names.
func (d *decoder) scripts(n *node) []Pair {
	list := d.pairs(n)
	for _, p := range list {
		if dep, err := apk.ParseDependency(p.Name); err != nil || dep.Name != p.Name {
			e := n.field(p.Name)
			d.add(e.key, "%s: cannot use %q: must be the name of a package, without version", e.path, p.Name)
		}
	}
	return list
}

// tagNames returns the tags with their @, sorted.
func tagNames(tags map[string]bool) []string {
	var names []string
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		if tag != "" {
			names = append(names, "@"+tag)
		}
	}
	return names
}
