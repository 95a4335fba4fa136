package solver

import (
	"errors"
	"testing"
)

func TestRefusals(t *testing.T) {
	const edition = "postgresql15 1\npostgresql16 1\nnginx 1 D:pcre\npcre 1"
	for _, c := range []struct {
		name, world, want string
		repositories      []string
	}{
		{
			"a name that nothing has", "nginx ngins",
			"spec:2: cannot install ngins: no package is called ngins or provides it; did you mean nginx?",
			one(edition),
		},
		{
			"a name without its number", "postgresql",
			"spec:1: cannot install postgresql: no package is called postgresql or provides it; did you mean postgresql15 or postgresql16?",
			one(edition),
		},
		{
			"a name that is elsewhere", "caddy",
			"spec:1: cannot install caddy: no package is called caddy or provides it; caddy-2 of community would do: add that repository",
			one(edition),
		},
		{
			"a dependency that is missing", "top",
			"spec:1: cannot install top: it needs mid, which needs so:gone.so.1, which no package is called or provides",
			one("top 1 D:mid\nmid 1 D:so:gone.so.1"),
		},
		{
			"a version that is not there", "nginx>1 pcre",
			"spec:1: cannot install nginx>1: there is only nginx-1 in repo1",
			one(edition),
		},
		{
			"a version of a dependency", "top",
			"spec:1: cannot install top: it needs mid, which needs low>2: there is only low-1 in repo1, low-2 in repo1",
			one("top 1 D:mid\nmid 1 D:low>2\nlow 1\nlow 2"),
		},
		{
			"needed and ruled out", "other top !low",
			"spec:2: cannot install top: it needs mid, which needs low\n" +
				"spec:3: but !low: rules low-1 out",
			one("top 1 D:mid\nmid 1 D:low\nlow 1\nother 1"),
		},
		{
			"two that want different versions", "a b",
			"spec:1: cannot install a: it needs low>1\n" +
				"spec:2: but b: it needs mid, which needs low<2, which low-2 is not",
			one("a 1 D:low>1\nb 1 D:mid\nmid 1 D:low<2\nlow 1\nlow 2"),
		},
		{
			"two that have one name", "a b",
			"spec:1: cannot install a: a-1 provides it\n" +
				"spec:2: but b: b-1 provides it too, and only one package can",
			one("a 1 p:it=1\nb 1 p:it=2"),
		},
		{
			"a virtual name of the world", "sh",
			"spec:1: cannot install sh: ask for ash or dash, which can provide it, by name",
			one("ash 1 p:sh\ndash 1 p:sh"),
		},
		{
			"a virtual name of a dependency", "tool",
			"spec:1: cannot install tool: it needs sh, which ash or dash can provide: ask for it by name",
			one("ash 1 p:sh\ndash 1 p:sh\ntool 1 D:sh"),
		},
		{
			"only with a tag", "a",
			"spec:1: cannot install a: a-1 is only in a repository tagged @edge: ask for a@edge",
			[]string{"@edge\na 1", "b 1"},
		},
		{
			"a tag that no repository has", "a@new b@new",
			"spec:1: cannot install a@new: no repository is tagged @new\n" +
				"spec:2: cannot install b@new: no repository is tagged @new",
			one("a 1\nb 1"),
		},
		{
			"another architecture", "a",
			"spec:1: cannot install a: it needs b: b-1 is for aarch64, not for x86_64",
			one("a 1 D:b\nb 1 A:aarch64"),
		},
		{
			"an entry that apk cannot read", "a",
			`spec:1: cannot install a: a-1 cannot be installed: its dependency "b>1x-y" has "1x-y", which is not a version`,
			one("a 1 D:b>1x-y"),
		},
		{
			"what comes along needs what is missing", "app docs",
			"spec:1: cannot install app: it brings app-doc along (install_if), which needs gone, which no package is called or provides",
			one("app 1\ndocs 1\napp-doc 1 D:gone i:app docs"),
		},
		{
			"two faults that have nothing to do with each other", "a b c",
			"spec:1: cannot install a: no package is called a or provides it\n" +
				"spec:3: cannot install c: it needs d, which no package is called or provides",
			one("bb 1\nb 1\nc 1 D:d"),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ask(t, c.world, c.repositories...)
			r.Known = []Repository{{Name: "community", Index: index(t, "caddy 2")}}
			_, err := Solve(r)
			if err == nil || err.Error() != c.want {
				t.Errorf("got\n%v\nwant\n%s", err, c.want)
			}
		})
	}
}

// TestRefusalsAreRoots checks on the measured refusals that the requirements
// which a clash names are refused by themselves as well.
func TestRefusalsAreRoots(t *testing.T) {
	t.Parallel()
	known := newLibrary()
	lines := 0
	for _, a := range answers(t) {
		if a.OK {
			continue
		}
		catalog, r := known.request(t, &a)
		_, err := solve(catalog, &r)
		var refusal *Refusal
		if !errors.As(err, &refusal) || len(refusal.Clashes) == 0 {
			t.Fatalf("%q: %v", a.World, err)
		}
		for _, c := range refusal.Clashes {
			part := r
			part.World = nil
			for _, l := range c.Lines {
				part.World = append(part.World, r.World[l.Requirement])
			}
			lines += len(c.Lines)
			if _, err := solve(catalog, &part); err == nil {
				t.Errorf("%q: what %v names can be had", a.World, c)
			}
		}
	}
	t.Logf("%d lines", lines)
}
