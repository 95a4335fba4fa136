package solver

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
)

// index makes an index of packages, one a line: name, version, and fields of
// an APKINDEX entry such as "D:a b>1". Packages of one checksum have the same
// field C, any word. The default installed size is 1.
func index(tb testing.TB, packages string) *apk.Index {
	tb.Helper()
	var text strings.Builder
	for line := range strings.Lines(packages) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		fields := []string{"P:" + words[0], "V:" + words[1]}
		sum, size := line, "I:1"
		for _, w := range words[2:] {
			switch {
			case strings.HasPrefix(w, "C:"):
				sum = w
			case strings.HasPrefix(w, "I:"):
				size = w
			case len(w) > 1 && w[1] == ':':
				fields = append(fields, w)
			default:
				fields[len(fields)-1] += " " + w
			}
		}
		fmt.Fprintf(&text, "C:%s\n%s\n%s\n\n", apk.Checksum(sha1.Sum([]byte(sum))), size, strings.Join(fields, "\n"))
	}
	x, err := apk.ParseIndex([]byte(text.String()))
	if err != nil {
		tb.Fatal(err)
	}
	return x
}

// ask makes a request of repositories as index has them, which may begin with
// a line "@tag", and a world in one string. Origins are "spec:1" and so on.
func ask(tb testing.TB, world string, repositories ...string) Request {
	tb.Helper()
	r := Request{Arch: "x86_64"}
	for i, packages := range repositories {
		tag := ""
		if rest, ok := strings.CutPrefix(packages, "@"); ok {
			tag, packages, _ = strings.Cut(rest, "\n")
		}
		r.Repositories = append(r.Repositories, Repository{fmt.Sprint("repo", i+1), tag, index(tb, packages)})
	}
	for i, w := range strings.Fields(world) {
		d, err := apk.ParseDependency(w)
		if err != nil {
			tb.Fatal(err)
		}
		r.World = append(r.World, Requirement{d, fmt.Sprint("spec:", i+1)})
	}
	return r
}

// install writes a solution as name=version, with @tag after the name of a
// package that a tag lets in.
func install(s *Solution) string {
	var b strings.Builder
	for _, p := range s.Install {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p.Package.Name)
		if p.Tag != "" {
			b.WriteString("@" + p.Tag)
		}
		b.WriteString("=" + p.Package.Version)
	}
	return b.String()
}

// A rule is a case of choosing, or of refusing where want is "".
type rule struct {
	name         string
	world        string
	want         string // in the order of installation
	repositories []string
}

func checkRules(t *testing.T, rules []rule) {
	t.Helper()
	for _, c := range rules {
		t.Run(c.name, func(t *testing.T) {
			r := ask(t, c.world, c.repositories...)
			got, err := Solve(r)
			switch refusal := (*Refusal)(nil); {
			case err == nil && install(got) != c.want:
				t.Errorf("world %q: %q, want %q", c.world, install(got), c.want)
			case err != nil && c.want != "":
				t.Errorf("world %q: %v, want %q", c.world, err, c.want)
			case err != nil && (!errors.As(err, &refusal) || len(refusal.Clashes) == 0):
				t.Errorf("world %q: unexplained error %v", c.world, err)
			}
		})
	}
}

func one(packages string) []string { return []string{packages} }

func TestDependencies(t *testing.T) {
	chain := one("top 1 D:mid\ntop 2 D:mid\nmid 1 D:low\nmid 2 D:low>1\nlow 1\nlow 2\nlow 3-r0")
	loop := one("egg 1 D:hen\nhen 1 D:egg")
	checkRules(t, []rule{
		{"newest of all", "top", "low=3-r0 mid=2 top=2", chain},
		{"dependencies come first", "mid top", "low=3-r0 mid=2 top=2", chain},
		{"world asks for an older version", "top=1", "low=3-r0 mid=2 top=1", chain},
		{"less than", "low<2", "low=1", chain},
		{"at most", "low<=2", "low=2", chain},
		{"greater than", "low>1", "low=3-r0", chain},
		{"at least and less are two worlds", "low>=1", "low=3-r0", chain},
		{"revision 0 is more than none", "low=3", "", chain},
		{"fuzzy takes revisions", "low~3", "low=3-r0", chain},
		{"fuzzy also written with =", "low=~3", "low=3-r0", chain},
		{"older of a dependency drops what needs newer", "top low=1", "low=1 mid=1 top=2", chain},
		{"a loop is entered where the world is", "hen", "egg=1 hen=1", loop},
		{"a loop from the other side", "egg", "hen=1 egg=1", loop},
		{"the last of two of one name counts", "low<2 low<3", "low=2", chain},
		{"last also against a conflict", "low !low", "", chain},
		{"an impossible version", "low>4", "", chain},
		{"a name that nothing has", "nought", "", chain},
		{"no going back to an older one", "x", "", one("x 1\nx 2 D:gone")},
		{"an older one by constraint", "x<2", "x=1", one("x 1\nx 2 D:gone")},
		{"fuzzy by components", "v~2.1", "v=2.1.5", one("v 2.1.5\nv 2.10\nv 2.2")},
		{"less or fuzzy", "v<~2.1", "v=2.1.5", one("v 2.1.5\nv 2.10\nv 2.2")},
		{"by checksum", "v><" + apk.Checksum(sha1.Sum([]byte("C:old"))).String(), "v=1", one("v 1 C:old\nv 2")},
		{"world in upper and lower case", "b C a", "a=1 b=1 C=1", one("a 1\nb 1\nC 1")},
	})
}

func TestConflicts(t *testing.T) {
	chain := one("top 1 D:mid\nmid 1 D:low<2\nlow 1\nlow 2")
	checkRules(t, []rule{
		{"nothing needs what is ruled out", "top !other", "low=1 mid=1 top=1", one(chain[0] + "\nother 1")},
		{"nothing has what is ruled out", "top !nought", "low=1 mid=1 top=1", chain},
		{"needed and ruled out", "top !low", "", chain},
		{"ruled out in one version", "user !low>1", "low=1 user=1", one("low 1\nlow 2\nuser 1 D:low")},
		{"world against a dependency", "top low>1", "", chain},
		{"by a dependency", "a b", "", one("a 1 D:!b\nb 1")},
		{"what a conflict names comes before too", "a b", "b=1 a=1", one("a 1 D:!b>1\nb 1\nb 2")},
		{"both rule the other out", "a b", "", one("a 1 D:!b\nb 1 D:!a")},
		{"never with itself", "a", "a=1", one("a 1 D:!it p:it=2")},
		{"with another that has the name", "a b", "", one("a 1 D:!it p:it\nb 1 p:it")},
		{"a name from a provide", "a !it", "", one("a 1 p:it=1")},
		{"one candidate is left", "it !a", "b=1", one("a 1 p:it=2\nb 1 p:it=1")},
		{"deep conflicts choose among versions", "a c", "b=1 a=1 c=1", one("a 1 D:b\nb 1\nb 2 D:d>1\nc 1 D:!d>1\nd 1\nd 2")},
	})
}

func TestProvides(t *testing.T) {
	mail := one("alpha 1 p:mail k:1\nbeta 1 p:mail k:2\ngamma 1 p:mail")
	service := one("one 1 p:service=1\ntwo 1 p:service=2")
	so := one("lib 1 p:so:l.so.1=1\nlib 2 p:so:l.so.2=1\nold 1 D:so:l.so.1\nnew 1 D:so:l.so.2")
	checkRules(t, []rule{
		{"an soname", "old", "lib=1 old=1", so},
		{"newest soname", "new", "lib=2 new=1", so},
		{"two sonames of two versions of one package", "old new", "", so},
		{"highest provided version", "service", "two=1", service},
		{"lower provided version by constraint", "service<2", "one=1", service},
		{"one owner of a versioned name", "one two", "", service},
		{"a provide beats the real, older name", "bar", "foo=1", one("bar 1\nfoo 1 p:bar=2")},
		{"the real name beats an older provide", "bar", "bar=3", one("bar 3\nfoo 1 p:bar=2")},
		{"highest priority", "mail", "beta=1", mail},
		{"a provider that is needed anyway", "mail gamma", "gamma=1", mail},
		{"also after the name", "alpha mail", "alpha=1", mail},
		{"several may share an unversioned name", "alpha beta gamma", "alpha=1 beta=1 gamma=1", mail},
		{"no priority, no choice", "thing", "", one("a 1 p:thing\nb 1 p:thing")},
		{"not even the only one", "thing", "", one("a 1 p:thing")},
		{"not even for a dependency", "x", "", one("a 1 p:thing\nx 1 D:thing")},
		{"chosen by name beside it", "x a", "a=1 x=1", one("a 1 p:thing\nb 1 p:thing\nx 1 D:thing")},
		{"version beats priority", "thing", "b=1", one("a 1 p:thing=1 k:9\nb 1 p:thing=2 k:1")},
		{"priority among equal versions", "thing", "a=1", one("a 1 p:thing=1 k:9\nb 1 p:thing=1 k:1")},
		{"the first of what is equal", "thing", "a=1", one("a 1 p:thing=1\nb 1 p:thing=1")},
		{"unversioned is less than every version", "thing<1", "a=1", one("a 1 p:thing k:1")},
		{"unversioned is not more than any", "thing>0", "", one("a 1 p:thing k:1")},
		{"unversioned is hit by a conflict below", "a !thing<2", "", one("a 1 p:thing k:1")},
		{"its own name", "a", "", one("a 1 p:a")},
		{"a name twice", "a", "", one("a 1 p:it=1 it=2")},
		{"all candidates have a name in common", "x y", "a=1 x=1 y=1", one("a 1 p:it=1 other=1\nb 1 p:other=2\nx 1 D:it\ny 1 D:other")},
		{"a malformed version in a provide stays", "it", "a=1", one("a 1 p:it=1x-y")},
		{"provide of a loser", "x", "", one("a 1 p:it=1\nb 1 D:!a p:that=1\nx 1 D:it that")},
	})
}

func TestInstallIf(t *testing.T) {
	docs := "app 1 D:lib\nlib 1\ndocs 1\napp-doc 1 i:app docs\nlib-doc 1 i:lib=1 docs"
	checkRules(t, []rule{
		{"not by one of two", "app", "lib=1 app=1", one(docs)},
		{"by all", "app docs", "lib=1 app=1 docs=1 app-doc=1 lib-doc=1", one(docs)},
		{"in another version", "app docs", "lib=2 app=1 docs=1 app-doc=1", one("lib 2\n" + docs)},
		{"ruled out", "app docs !app-doc", "lib=1 app=1 docs=1 lib-doc=1", one(docs)},
		{"through a provide", "app docs", "app=1 docs=1 extra=1", one("app 1 p:it=1\ndocs 1\nextra 1 i:it docs")},
		{"brings its dependencies", "app docs", "app=1 docs=1 reader=1 app-doc=1", one("app 1\ndocs 1\nreader 1\napp-doc 1 D:reader i:app docs")},
		{"chains", "a b", "a=1 b=1 c=1 d=1", one("a 1\nb 1\nc 1 i:a b\nd 1 i:c a")},
		{"its dependency is ruled out", "app docs !reader", "app=1 docs=1", one("app 1\ndocs 1\nreader 1\napp-doc 1 D:reader i:app docs")},
		{"if something is absent", "app", "app=1 plain=1", one("app 1\nother 1\nplain 1 i:app !other")},
		{"not if it is there", "app other", "app=1 other=1", one("app 1\nother 1\nplain 1 i:app !other")},
		{"newest of two", "app docs", "app=1 docs=1 app-doc=2", one("app 1\ndocs 1\napp-doc 1 i:app docs\napp-doc 2 i:app docs")},
		{"a malformed rule is none", "app docs", "app=1 docs=1", one("app 1\ndocs 1\napp-doc 1 i:app=1x-y docs")},
		{"lines add up", "app docs", "app=1 docs=1", one("app 1\ndocs 1\nmore 1\napp-doc 1 i:app i:docs i:more")},
		{"asked for by name as well", "app-doc", "app-doc=1", one(docs)},
		{"order by the table of names", "a b", "a=1 b=1 zz=1 xx=1 yy=1", one("a 1\nb 1\nzz 1 i:a b\nyy 1 i:a b\nxx 1 i:a b")},
	})
}

func TestRepositories(t *testing.T) {
	stable := "a 1 D:b\nb 1\nc 1 D:a\nempty 1 I:0"
	testing3 := "@new\na 3 D:b\nb 3\nc 3 D:a>2\nempty 2 I:0\nonly 1 D:b"
	both := []string{stable, testing3}
	checkRules(t, []rule{
		{"a tagged repository is not for all", "a", "b=1 a=1", both},
		{"a tag prefers its repository", "a@new", "b=1 a@new=3", both},
		{"dependencies may come from there", "c@new", "b=1 a@new=3 c@new=3", both},
		{"but untagged comes first for them", "only@new", "b=1 only@new=1", both},
		{"each for itself", "a@new b@new", "b@new=3 a@new=3", both},
		{"a tag only prefers", "a@new<2", "b=1 a=1", both},
		{"not without the tag", "only", "", both},
		{"nor by version", "c>2", "", both},
		{"an unknown tag", "a@old", "", both},
		{"an empty package needs no tag", "empty>1", "empty=2", both},
		{"though the world prefers none", "empty", "empty=1", both},
		{"which a dependency does not", "full", "empty=2 full=1", []string{stable + "\nfull 1 D:empty", testing3}},
		{"newer in a later repository", "a", "a=2", []string{"a 1", "a 2"}},
		{"equal in the earlier one", "a", "a=1", []string{"a 1 C:x", "a 1 C:y D:b\nb 1"}},
		{"one package in two repositories", "a@new", "a=1", []string{"a 1 C:x", "@new\na 1 C:x"}},
		{"version beats priority", "it", "b=1", []string{"a 1 p:it=1 k:9", "b 1 p:it=2"}},
		{"two repositories of one tag", "a@new b@new", "a@new=1 b@new=1", []string{"@new\na 1", "@new\nb 1"}},
		{"dependencies across repositories", "a", "b=1 a=1", []string{"a 1 D:b", "b 1"}},
	})
}

func TestUninstallable(t *testing.T) {
	checkRules(t, []rule{
		{"another architecture", "a", "", one("a 1 A:aarch64")},
		{"older of the right one", "a", "a=1", one("a 1 A:x86_64\na 2 A:aarch64")},
		{"noarch", "a", "a=1", one("a 1 A:noarch")},
		{"a malformed version in a dependency", "a", "", one("a 1 D:b>1x-y\nb 1")},
		{"older without", "a", "b=1 a=1", one("a 1 D:b\na 2 D:b>1x-y\nb 1")},
		{"a tag in a dependency", "a", "", one("a 1 D:b@new\nb 1")},
		{"a field of the future", "a", "", one("a 1 X:new")},
		{"a field that may be ignored", "a", "a=1", one("a 1 x:new")},
		{"its own malformed version", "a", "a=1x-y", one("a 1x-y")},
		{"as a provider", "it", "b=1", one("a 1 A:s390x p:it=2\nb 1 p:it=1")},
	})
}

func TestReasons(t *testing.T) {
	r := ask(t, "docs app", "app 1 D:so:lib\nlib 1 p:so:lib=1\ndocs 1\napp-doc 1 i:docs app")
	s, err := Solve(r)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range s.Install {
		line := p.Package.Name + ":"
		for _, reason := range p.Reasons {
			line += " " + s.Explain(reason)
		}
		got = append(got, line)
	}
	want := []string{
		"lib: needed by app-1 as so:lib",
		"app: asked for as app",
		"docs: asked for as docs",
		"app-doc: install_if of docs",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
