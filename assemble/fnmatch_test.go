package assemble

import (
	"strings"
	"testing"
)

func TestFnmatch(t *testing.T) {
	tests := []struct {
		pattern string
		match   string // names, divided by spaces
		differ  string
	}{
		{"/", "/", "/a"},
		{"/usr/*", "/usr/ /usr/a /usr/.b", "/usr /usr/a/b"},
		{"/*/*", "/a/b", "/a /a/b/c"},
		{"/a*b*c", "/abc /axbxbxc", "/ab/c /abcd"},
		{"/?", "/a /.", "/ /ab /\u00fc"}, // a character of two bytes
		{"/a?b", "/axb", "/a/b"},
		{"/[ad-f]", "/a /e", "/b /- /"},
		{"/[!ad-f]", "/b /-", "/a /f /ab"},
		{"/[^a]", "/b", "/a"},
		{"/[]a]", "/] /a", "/b"},
		{"/[!]a]", "/b", "/] /a"},
		{"/[a-]", "/a /-", "/b"},
		{"/[[:digit:]x]", "/0 /x", "/a /:"},
		{"/[[:alpha:][:punct:]]", "/a /Z /_", "/0"},
		{"/a[./]b", "/a.b", "/a/b"},
		{"/[a-", "/[a-", "/a"},
		{"/[[:alpha:", "/[[:alpha:", "/a"},
		{"/a\\-b", "/a-b", "/a\\-b"},
		{"/\\*", "/*", "/a"},
		{"/[\\]]", "/]", "/a"},
		{"/*" + strings.Repeat("a*", 30) + "b", "/" + strings.Repeat("a", 60) + "b", "/" + strings.Repeat("a", 60)},
	}
	for _, test := range tests {
		for _, name := range strings.Fields(test.match) {
			if !fnmatch(test.pattern, name) {
				t.Errorf("%q does not match %q", test.pattern, name)
			}
		}
		for _, name := range strings.Fields(test.differ) {
			if fnmatch(test.pattern, name) {
				t.Errorf("%q matches %q", test.pattern, name)
			}
		}
	}
}
