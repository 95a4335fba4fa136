package apk_test

import (
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
)

func TestParseDependency(t *testing.T) {
	fuzzy := apk.OpEqual | apk.OpFuzzy
	for _, c := range []struct {
		text  string
		want  apk.Dependency
		again string // what String returns, where it is not text
	}{
		{"nginx", apk.Dependency{Name: "nginx"}, ""},
		{"so:libz.so.1", apk.Dependency{Name: "so:libz.so.1"}, ""},
		{"/bin/sh", apk.Dependency{Name: "/bin/sh"}, ""},
		{"cmd:[", apk.Dependency{Name: "cmd:["}, ""},
		{"!busybox", apk.Dependency{Name: "busybox", Not: true}, ""},
		{"a=1", apk.Dependency{Name: "a", Op: apk.OpEqual, Version: "1"}, ""},
		{"a==1", apk.Dependency{Name: "a", Op: apk.OpEqual, Version: "1"}, "a=1"},
		{"a<1", apk.Dependency{Name: "a", Op: apk.OpLess, Version: "1"}, ""},
		{"a>1", apk.Dependency{Name: "a", Op: apk.OpGreater, Version: "1"}, ""},
		{"a<=1", apk.Dependency{Name: "a", Op: apk.OpLess | apk.OpEqual, Version: "1"}, ""},
		{"a=<1", apk.Dependency{Name: "a", Op: apk.OpLess | apk.OpEqual, Version: "1"}, "a<=1"},
		{"a>=1", apk.Dependency{Name: "a", Op: apk.OpGreater | apk.OpEqual, Version: "1"}, ""},
		{"a~1.2", apk.Dependency{Name: "a", Op: fuzzy, Version: "1.2"}, ""},
		{"a~=1.2", apk.Dependency{Name: "a", Op: fuzzy, Version: "1.2"}, "a~1.2"},
		{"a=~1.2", apk.Dependency{Name: "a", Op: fuzzy, Version: "1.2"}, "a~1.2"},
		{"a<~1.2", apk.Dependency{Name: "a", Op: fuzzy | apk.OpLess, Version: "1.2"}, ""},
		{"a>~1.2", apk.Dependency{Name: "a", Op: fuzzy | apk.OpGreater, Version: "1.2"}, ""},
		{"a><" + sumA, apk.Dependency{Name: "a", Op: apk.OpChecksum, Version: sumA}, ""},
		{"!a>1-r2", apk.Dependency{Name: "a", Op: apk.OpGreater, Version: "1-r2", Not: true}, ""},
		{"a@edge", apk.Dependency{Name: "a", Tag: "edge"}, ""},
		{"a@edge>=1", apk.Dependency{Name: "a", Tag: "edge", Op: apk.OpGreater | apk.OpEqual, Version: "1"}, ""},
	} {
		got, err := apk.ParseDependency(c.text)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v, want %+v", c.text, got, err, c.want)
		}
		if c.again == "" {
			c.again = c.text
		}
		if got.String() != c.again {
			t.Errorf("%s: written as %s, want %s", c.text, got, c.again)
		}
	}
}

func TestParseDependencyRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"":           "not of the form",
		"!":          "not of the form",
		"=1":         "not of the form",
		"a=":         "not of the form",
		"a==":        "not of the form",
		"a b":        "not of the form",
		"a\n":        "not of the form",
		"!!a":        "not of the form",
		"@edge":      "not of the form",
		"a=1.2.x":    `"1.2.x" is not a version`,
		"a=b=c":      `"b=c" is not a version`,
		"a@":         `"" is not the name of a repository tag`,
		"a@b@c":      `"b@c" is not the name of a repository tag`,
		"a>=1@edge":  "write a@edge>=1",
		"caf\u00e9":  "not of the form",
		"a>1 \u2603": "is not a version",
	} {
		_, err := apk.ParseDependency(text)
		if err == nil || !strings.HasPrefix(err.Error(), "cannot read dependency") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		dependency string
		yes, no    string // versions
	}{
		{"a", "1 0_alpha 2.5-r3", ""},
		{"a=1", "1", "1.0 1-r0 2"},
		{"a<2", "1 1.9-r9 2_rc1", "2 2-r0 3"},
		{"a<=2", "1 2", "2-r0 2.0"},
		{"a>2", "2-r0 2.0 3", "2 1"},
		{"a>=2", "2 2-r0 3", "2_rc1 1"},
		{"a~2.1", "2.1 2.1.0 2.1.9_p1 2.1-r0 2.1_rc1 2.1a", "2.10 2.0 2 2.2 3.1"},
		{"a~2.1-r1", "2.1-r1", "2.1-r2 2.1 2.1-r10"},
		{"a>~2.1", "2.1.5 2.2 3 2.10", "2.0 2"},
		{"a<~2.1", "2.1.5 2.0 1", "2.2 3"},
		{"a><" + sumA, "", "1"},
	} {
		d, err := apk.ParseDependency(c.dependency)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range strings.Fields(c.yes) {
			if !d.Matches(v) {
				t.Errorf("%s does not match %s", d, v)
			}
		}
		for _, v := range strings.Fields(c.no) {
			if d.Matches(v) {
				t.Errorf("%s matches %s", d, v)
			}
		}
	}
	// An unversioned provide is less than any version.
	for dependency, want := range map[string]bool{"a<1": true, "a>0": false, "a=0": false, "a": true, "a~1": false} {
		d, err := apk.ParseDependency(dependency)
		if err != nil {
			t.Fatal(err)
		}
		if d.Matches("") != want {
			t.Errorf("%s matches no version: %v", d, !want)
		}
	}
}

func FuzzDependency(f *testing.F) {
	for _, s := range []string{"a", "!a@t>=1.2-r3", "a><" + sumA, "a~=1", "so:x=1", "a<>=~zzz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := apk.ParseDependency(s)
		if err != nil {
			return
		}
		again, err := apk.ParseDependency(d.String())
		if err != nil || again != d {
			t.Errorf("%q is written as %q and read as %+v, %v, not %+v", s, d, again, err, d)
		}
		if (d.Version == "") != (d.Op == apk.OpNone) {
			t.Errorf("%q: operator %v, version %q", s, d.Op, d.Version)
		}
		d.Matches("1.0-r0")
	})
}
