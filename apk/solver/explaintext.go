package solver

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mkimage/mkimage/apk"
)

// line writes how the world comes to a requirement, such as "a: it needs b,
// which needs c>2", and then what is said about the last of these.
func (e *explainer) line(n need, start, what string) Line {
	var steps []need
	for n.asker != nil {
		steps = append(steps, n)
		n = e.how[n.asker]
	}
	slices.Reverse(steps)
	var b strings.Builder
	b.WriteString(start)
	b.WriteString(e.requirement(n))
	const ends = 4 // steps of a long way that are written, at either end
	for i, step := range steps {
		switch {
		case i < ends || i >= len(steps)-ends:
			b.WriteString([]string{": it ", ", which "}[min(i, 1)])
			b.WriteString(e.step(step))
		case i == ends:
			fmt.Fprintf(&b, ", and %d further steps on", len(steps)-2*ends)
		}
	}
	switch {
	case what == "":
	case strings.HasPrefix(what, "which ") && len(steps) > 0:
		b.WriteString(", " + what)
	default:
		b.WriteString(": " + strings.TrimPrefix(what, "which "))
	}
	i := e.world[n.world].requirement
	return Line{Requirement: i, Origin: e.r.World[i].Origin, Text: b.String()}
}

// requirement is one of the world as it was written.
func (e *explainer) requirement(n need) string {
	return e.r.World[e.world[n.world].requirement].Dependency.String()
}

// step says how a package comes to the next.
func (e *explainer) step(n need) string {
	if n.brings != nil {
		return "brings " + n.brings.name.text + " along (install_if)"
	}
	return "needs " + n.dep.public().String()
}

// title returns a package's name and version.
func (e *explainer) title(p *pkg) string { return p.name.text + "-" + p.version }

// unusable says why a package can never be installed.
func (e *explainer) unusable(p *pkg) string {
	src := &e.c.sources[p.repository]
	if arch := src.table.Version(src.table.Package(p.local).Arch); arch != "" && arch != "noarch" && arch != e.arch {
		return fmt.Sprintf("%s is for %s, not for %s", e.title(p), arch, e.arch)
	}
	info, err := e.r.Repositories[p.repository].Index.Package(int(p.local))
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s cannot be installed: %s", e.title(p), info.Uninstallable)
}

// onlyTagged says that a package is only where a tag must be given.
func (e *explainer) onlyTagged(p *pkg) string {
	var tags []string
	for _, t := range e.tags[1:] {
		if t.repositories&p.inRepos != 0 {
			tags = append(tags, "@"+t.name)
		}
	}
	return fmt.Sprintf("%s is only in a repository tagged %s: ask for %s%s",
		e.title(p), strings.Join(tags, " or "), p.name.text, tags[0])
}

// virtual says that a name's providers have to be asked for by name.
func (e *explainer) virtual(n need) {
	var names []string
	for _, p := range e.providers(n.dep.name) {
		if p.pkg.selectable && e.meets(n.asker, n.dep, p) {
			names = append(names, p.pkg.name.text)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if n.asker == nil {
		e.tell(n, "ask for %s, which can provide it, by name", either(names))
		return
	}
	e.tell(n, "which %s can provide: ask for it by name", either(names))
}

// noVersion says that a name is there, but in other versions than n wants.
func (e *explainer) noVersion(n need) {
	var have []string
	for _, p := range e.providers(n.dep.name) {
		have = append(have, e.title(p.pkg)+" in "+e.r.Repositories[p.pkg.repository].Name)
	}
	slices.Sort(have)
	have = slices.Compact(have)
	const most = 3
	more := ""
	if len(have) > most {
		more = fmt.Sprintf(" and %d more", len(have)-most)
		have = have[:most]
	}
	if n.dep.not {
		e.tell(n, "which rules everything out that has the name: %s%s", strings.Join(have, ", "), more)
		return
	}
	e.tell(n, "there is only %s%s%s", strings.Join(have, ", "), more, e.elsewhere(n))
}

// missing says that nothing has a name, and what may have been meant.
func (e *explainer) missing(n need) {
	advice := e.elsewhere(n)
	if advice == "" {
		if near := e.c.nearest(n.dep.name.text); len(near) > 0 {
			advice = "; did you mean " + either(near) + "?"
		}
	}
	if n.asker == nil {
		e.tell(n, "no package is called %s or provides it%s", n.dep.name.text, advice)
		return
	}
	e.tell(n, "which no package is called or provides%s", advice)
}

// elsewhere says which of the repositories that are merely known has what n
// wants.
func (e *explainer) elsewhere(n need) string {
	for _, k := range e.r.Known {
		t := k.Index.Table()
		name, ok := t.LookupName([]byte(n.dep.name.text), apk.NameHash(n.dep.name.text))
		if !ok {
			continue
		}
		for i, l := 0, t.Providers(name); i < l.Len(); i++ {
			p := l.At(i)
			if n.dep.op.Matches(t.Version(p.Version), n.dep.version) {
				r := t.Package(p.Package)
				return fmt.Sprintf("; %s-%s of %s would do: add that repository", t.Name(r.Name), t.Version(r.Version), k.Name)
			}
		}
	}
	return ""
}

// either joins words with commas and a last "or".
func either(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
