package lock_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/lock"
)

func sum(s string) [sha256.Size]byte { return sha256.Sum256([]byte(s)) }

func world(t testing.TB, words ...string) (list []apk.Dependency) {
	t.Helper()
	for _, w := range words {
		d, err := apk.ParseDependency(w)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, d)
	}
	return list
}

func pkg(name, version, repository string) lock.Package {
	return lock.Package{
		Name: name, Version: version, Arch: "x86_64", Repository: repository, Size: 100,
		Checksum: apk.Checksum{byte(len(name)), 1}, DataHash: sum(name), SHA256: sum(name + version),
	}
}

// sample is a lock with something in every field.
func sample(t testing.TB) *lock.Lock {
	t.Helper()
	const main, edge = "https://example.com/main", "packages"
	tagged := pkg("b", "2", edge)
	tagged.Tag = "edge"
	return &lock.Lock{
		Inputs: lock.Inputs{
			Repositories: []string{main, "@edge " + edge},
			Keys:         []lock.Key{{Name: "acme.rsa.pub", SHA256: sum("key")}},
			Packages:     lock.World(world(t, "web~2", "!b<1", "b@edge>=2")),
		},
		Platforms: []lock.Platform{{
			Name: "linux/amd64", Arch: "x86_64",
			Indexes:  []lock.Index{{Location: main, SHA256: sum("main")}, {Location: edge, SHA256: sum("edge")}},
			Packages: []lock.Package{pkg("web", "2.0-r1", main), tagged, pkg("a", "1.0-r0", main)},
		}},
	}
}

func format(t testing.TB, l *lock.Lock) []byte {
	t.Helper()
	b, err := lock.Format(l)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	for name, l := range map[string]*lock.Lock{"sample": sample(t), "empty": {}} {
		written := format(t, l)
		got, err := lock.Parse("app.lock.json", written)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(got, l) {
			t.Errorf("%s: read %+v, want %+v", name, got, l)
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, written, "", "\t"); err != nil {
			t.Fatal(err)
		}
		if again, err := lock.Parse("app.lock.json", indented.Bytes()); err != nil || !reflect.DeepEqual(again, l) {
			t.Errorf("%s: with other white space: %+v, %v", name, again, err)
		}
	}
}

// TestOrder: packages are written by name, and come back in the order of
// installation.
func TestOrder(t *testing.T) {
	written := string(format(t, sample(t)))
	a, b, web := strings.Index(written, `"a": {`), strings.Index(written, `"b": {`), strings.Index(written, `"web": {`)
	if a < 0 || a > b || b > web {
		t.Errorf("not sorted by name: at %d, %d, %d", a, b, web)
	}
	if !strings.Contains(written, "\"install\": [\n        \"web\",\n        \"b\",\n        \"a\"\n") {
		t.Errorf("no order of installation in\n%s", written)
	}
}

// TestRefusals changes the sample's text in one place each.
func TestRefusals(t *testing.T) {
	hex := fmt.Sprintf("%x", sum("a1.0-r0"))
	tests := []struct{ old, new, want string }{
		{"{\n", "<<<<<<< HEAD\n{\n", `app.lock.json:1:1: there is a merge conflict; keep one side of it`},
		{`    "keys"`, "=======\n    \"keys\"", `app.lock.json:8:1: there is a merge conflict; keep one side of it`},
		{`"version": 1`, `"version": 2`, `app.lock.json:2:14: version: the format is of version 2, and this mkimage knows 1; use a newer mkimage`},
		{`"version": 1`, `"version": "1"`, `app.lock.json:2:14: version: must be 1`},
		{`"version": 1`, `"version": 0`, `app.lock.json:2:14: version: must be 1`},
		{`"version": 1,`, ``, `app.lock.json:1:1: it is not a lock file: it has no version`},
		{`"version": 1,`, `"version": 1,,`, `app.lock.json:2:16: not JSON: invalid character ',' looking for`},
		{`"inputs"`, `"input"`, "app.lock.json:1:1: inputs is missing\napp.lock.json:3:3: input: there is no such field (did you mean inputs?)"},
		{`"acme.rsa.pub": "`, `"acme.rsa.pub": "0`, `app.lock.json:9:23: inputs.keys."acme.rsa.pub": must be a SHA-256, 64 hexadecimal digits in lower case`},
		{`"web~2"`, `"web~"`, `app.lock.json:13:7: inputs.packages[1]: cannot read dependency "web~"`},
		{`"web~2"`, `"b"`, `app.lock.json:13:7: inputs.packages[1]: b is there twice`},
		{`"web~2"`, `2`, `app.lock.json:13:7: inputs.packages[1]: must be a string, and is a number`},
		{"      \"b@edge>=2\",\n      \"web~2\"", `"web~2", "b@edge>=2"`, `app.lock.json:12:2: it is not written as mkimage writes it`},
		{`"@edge packages"`, `"https://example.com/main"`, `app.lock.json:6:7: inputs.repositories[1]: cannot be "https://example.com/main"`},
		{`"linux/amd64"`, `"linux/vax"`, `app.lock.json:17:5: platforms."linux/vax": no such platform`},
		{`"arch": "x86_64",`, `"arch": "aarch64",`, `app.lock.json:18:15: platforms."linux/amd64".arch: must be "x86_64"`},
		{`"packages": {`, `"packages": [`, `app.lock.json:24:12: not JSON: invalid character ':' after array element`},
		{`"a": {`, `"b": {`, `platforms."linux/amd64".packages.b is there twice`},
		{`"a": {`, `"../a": {`, `platforms."linux/amd64".packages."../a": "../a" is not a package name`},
		{`"version": "1.0-r0"`, `"version": "../1"`, `platforms."linux/amd64".packages.a: "../1" cannot be part of a file name`},
		{`"version": "1.0-r0",`, ``, `packages.a.version is missing`},
		{`"size": 100`, `"size": "100"`, `packages.a.size: must be a number, and is a string`},
		{`"size": 100`, `"size": -1`, `packages.a.size: must be a number of bytes`},
		{`"size": 100`, `"size": 1e2`, `packages.a.size: must be a number of bytes`},
		{`"size": 100`, `"size": 0100`, `not JSON: `},
		{`"size": 100`, `"size": null`, `packages.a.size: must be a number, and is true, false or null`},
		{`"Q1`, `"Q2`, `packages.a.checksum: checksum "Q2`},
		{hex, strings.ToUpper(hex), `packages.a.sha256: must be a SHA-256`},
		{`"tag": "edge"`, `"tag": "other"`, `packages.b.tag: no repository is tagged @other`},
		{`"repository": "packages"`, `"repository": "elsewhere"`, `packages.b.repository: "elsewhere" is none of inputs.repositories`},
		{`"https://example.com/main": "`, `"https://example.com/other": "`, `"https://example.com/other" is none of inputs.repositories`},
		{`"web",`, ``, `install: 1 of the packages are missing`},
		{`"web",`, `"web", "web",`, `install[1]: "web" is not among the packages, or there twice`},
		{`"version": "2.0-r1"`, `"version": "2.0-r\u0031"`, `it is not written as mkimage writes it`},
		{"\n}\n", "\n", `the file is cut short`},
		{"\n}\n", "\n}\n}", `there is something after the end`},
		{"\n}\n", `, "x": ` + strings.Repeat(`{"x": `, 20), `more than 8 levels deep`},
	}
	written := string(format(t, sample(t)))
	for _, test := range tests {
		if !strings.Contains(written, test.old) {
			t.Fatalf("no %q in\n%s", test.old, written)
		}
		l, err := lock.Parse("app.lock.json", []byte(strings.Replace(written, test.old, test.new, 1)))
		var faults *lock.Error
		if !errors.As(err, &faults) || l != nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q instead of %q: %v\nwant %s", test.new, test.old, err, test.want)
		}
	}
	for content, want := range map[string]string{
		"":                                     "app.lock.json:1:1: the file is cut short",
		"[]":                                   "app.lock.json:1:1: it is not a lock file: a lock is a JSON object, and this is a list",
		"name: \"x\"":                          "app.lock.json:1:3: not JSON: ",
		strings.Repeat(" ", lock.MaxSize+1):    "app.lock.json: a lock has at most 16777216 bytes",
		strings.Repeat("[", 100000):            "app.lock.json:1:9: more than 8 levels deep",
		`{"version": 99, "whatever": [1,2,3]}`: "app.lock.json:1:13: version: the format is of version 99",
	} {
		if _, err := lock.Parse("app.lock.json", []byte(content)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s", content, err, want)
		}
	}
}

// TestAllFaults: what can be found at once is reported at once.
func TestAllFaults(t *testing.T) {
	written := string(format(t, sample(t)))
	written = strings.Replace(written, `"size": 100`, `"size": {}`, 1)
	written = strings.Replace(written, `"web~2"`, `"web~"`, 1)
	_, err := lock.Parse("app.lock.json", []byte(written))
	if err == nil || strings.Count(err.Error(), "\n") != 1 || !strings.HasPrefix(err.Error(), "app.lock.json:13:7: ") {
		t.Errorf("got %v, want two lines in the order of the file", err)
	}
}

func TestFormatRefuses(t *testing.T) {
	l := sample(t)
	l.Platforms[0].Packages[0].Size = 0
	if _, err := lock.Format(l); err == nil || !strings.Contains(err.Error(), "internal error: a lock that cannot be read: ") {
		t.Errorf("a package without a size: %v", err)
	}
}

func TestWorld(t *testing.T) {
	got := fmt.Sprint(lock.World(world(t, "z", "a", "!a", "m=1")))
	if got != "[!a m=1 z]" {
		t.Errorf("got %s", got)
	}
}

func TestChanges(t *testing.T) {
	old := sample(t).Inputs
	tests := []struct {
		change func(in *lock.Inputs)
		want   string
	}{
		{func(*lock.Inputs) {}, ""},
		{func(in *lock.Inputs) { in.Packages = lock.World(world(t, "b@edge>=2", "web~2")) }, ""},
		{func(in *lock.Inputs) { in.Packages = lock.World(world(t, "web", "curl")) },
			"curl is not locked; web is locked as web~2; b@edge>=2 is locked but no longer asked for"},
		{func(in *lock.Inputs) { in.Repositories = in.Repositories[:1] }, "the repository @edge packages is locked but no longer asked for"},
		{func(in *lock.Inputs) { in.Repositories = append(in.Repositories, "more") }, "the repository more is not locked"},
		{func(in *lock.Inputs) { in.Repositories[0], in.Repositories[1] = in.Repositories[1], in.Repositories[0] },
			"the repositories are locked in another order"},
		{func(in *lock.Inputs) { in.Keys[0].SHA256 = sum("other") }, "the key acme.rsa.pub is another one than is locked"},
		{func(in *lock.Inputs) { in.Keys[0].Name = "b" }, "the key b is not locked; the key acme.rsa.pub is locked but no longer asked for"},
	}
	for _, test := range tests {
		now := sample(t).Inputs
		test.change(&now)
		var got []string
		for _, c := range old.Changes(&now) {
			got = append(got, c.String())
		}
		if strings.Join(got, "; ") != test.want {
			t.Errorf("got %s, want %s", strings.Join(got, "; "), test.want)
		}
	}
}

func TestUpdates(t *testing.T) {
	old, now := sample(t).Platforms[0], sample(t).Platforms[0]
	now.Packages[0].Version = "2.1-r0"
	now.Packages[1].Checksum[0]++
	now.Packages[2].Name = "c"
	if got, want := fmt.Sprint(lock.Updates(&old, &now)), "[a: gone, was 1.0-r0 b 2 -> 2, built anew c: new, 1.0-r0 web 2.0-r1 -> 2.1-r0]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := lock.Updates(nil, &now); len(got) != 3 {
		t.Errorf("from nothing: %v", got)
	}
	if got := lock.Updates(&now, &now); got != nil {
		t.Errorf("to the same: %v", got)
	}
}

func TestLookups(t *testing.T) {
	l := sample(t)
	if p := l.Platform("linux/amd64"); p == nil || p.Package("b").Version != "2" || p.Package("no") != nil || l.Platform("linux/arm64") != nil {
		t.Errorf("what is locked is not found, or what is not")
	}
}

// FuzzParse: what is accepted is written back as it was, but for white space.
func FuzzParse(f *testing.F) {
	f.Add(format(f, sample(f)))
	f.Add(format(f, &lock.Lock{}))
	f.Add([]byte(`{"version":1,"inputs":{"repositories":["@a b"],"keys":{},"packages":["x><Q1AAAAAAAAAAAAAAAAAAAAAAAAAAE="]},"platforms":{}}`))
	f.Add([]byte("{\n<<<<<<< ours\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		l, err := lock.Parse("app.lock.json", content)
		if err != nil {
			if l != nil {
				t.Errorf("a lock beside the error %v", err)
			}
			return
		}
		var want, got bytes.Buffer
		if err := json.Compact(&want, content); err != nil {
			t.Fatal(err)
		}
		if err := json.Compact(&got, format(t, l)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("%q is written back as %q", &want, &got)
		}
	})
}
