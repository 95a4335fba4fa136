package spec_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/mkimage/mkimage/schemas"
	"github.com/mkimage/mkimage/spec"
)

// sources are loads of several files; each has the names of the images, or
// the faults, that it comes to.
func sources() []struct {
	title string
	files map[string]string
	src   spec.Source
	want  string // faults
	names []string
} {
	const module = "module: \"example.com/m@v0\"\nlanguage: version: \"v0.9.0\"\n"
	return []struct {
		title string
		files map[string]string
		src   spec.Source
		want  string
		names []string
	}{
		{
			title: "files are unified",
			files: map[string]string{"app.cue": `name: "a/b"`, "policy.cue": `user: "root"`},
			src:   spec.Source{Args: []string{"app.cue", "policy.cue"}},
			names: []string{"a/b"},
		}, {
			title: "CUE, JSON and YAML are unified",
			files: map[string]string{"app.cue": `name: string`, "a.json": `{"name": "a/b"}`, "b.yaml": "env:\n  A: x\n"},
			src:   spec.Source{Args: []string{"app.cue", "a.json", "b.yaml"}},
			names: []string{"a/b"},
		}, {
			title: "data alone",
			files: map[string]string{"a.yml": "name: a/b"},
			src:   spec.Source{Args: []string{"a.yml"}},
			names: []string{"a/b"},
		}, {
			title: "files conflict",
			files: map[string]string{"x/app.cue": "name: \"a/b\"\ncmd: [\"a\"]", "policy.cue": "name: =~\"^c/\"\ncmd: [\"a\", \"b\"]", "v.yaml": "name: a/c"},
			src:   spec.Source{Args: []string{"x/app.cue", "policy.cue", "v.yaml"}},
			want: `policy.cue:2:6: cmd: lists of 1 and 2 elements conflict: lists are not merged; the other is at x/app.cue:2:6
v.yaml:1:7: name: "a/c" conflicts with "a/b" at x/app.cue:1:7
x/app.cue:1:7: name: cannot use "a/b": must be =~"^c/", by the rule at policy.cue:1:7
`,
		}, {
			title: "files of one package",
			files: map[string]string{"a.cue": "package p\nname: _name", "b.cue": "package p\n_name: \"a/b\""},
			src:   spec.Source{Args: []string{"a.cue", "b.cue"}},
			names: []string{"a/b"},
		}, {
			title: "files with and without a package",
			files: map[string]string{"a.cue": "name: \"a/b\"", "b.cue": "package q\nuser: \"root\""},
			src:   spec.Source{Args: []string{"a.cue", "b.cue"}},
			names: []string{"a/b"},
		}, {
			title: "files of two packages",
			files: map[string]string{"a.cue": "package p\nname: \"a/b\"", "b.cue": "package q\nuser: \"root\""},
			src:   spec.Source{Args: []string{"a.cue", "b.cue"}},
			want:  "b.cue: cannot load: is of package q, but a.cue is of package p; files of one image are of one package\n",
		}, {
			title: "missing, of another kind, twice",
			files: map[string]string{"a.cue": `name: "a/b"`, "a.txt": "", "a:b.cue": ""},
			src:   spec.Source{Args: []string{"a.cue", "b.cue", "a.txt", "./a.cue", "a:b.cue"}},
			want: `./a.cue: cannot load: the file is given twice
a.txt: cannot load: a spec is a .cue, .json, .yaml or .yml file
a:b.cue: cannot load: the name of a CUE file cannot hold ":"
b.cue: cannot load: no such file or directory
`,
		}, {
			title: "nothing",
			want:  "cannot load a spec: no file or folder given\n",
		}, {
			title: "a folder without a package clause",
			files: map[string]string{"i/a.cue": `name: "a/b"`, "i/b.cue": `user: "root"`, "i/c_tool.cue": "foo: 1", "i/v.yaml": "name: no"},
			src:   spec.Source{Args: []string{"i"}},
			names: []string{"a/b"},
		}, {
			title: "a folder with a package",
			files: map[string]string{"i/a.cue": "package p\nname: \"a/b\"", "i/b.cue": "package p\nuser: \"root\""},
			src:   spec.Source{Args: []string{"./i/"}},
			names: []string{"a/b"},
		}, {
			title: "a folder with two packages",
			files: map[string]string{"i/a.cue": "package p\nname: \"a/b\"", "i/b.cue": "user: \"root\""},
			src:   spec.Source{Args: []string{"i"}},
			want:  "i/b.cue: cannot load: has no package clause, but i/a.cue is of package p; files of one image are of one package\n",
		}, {
			title: "an empty folder",
			files: map[string]string{"i/a.txt": ""},
			src:   spec.Source{Args: []string{"i"}},
			want:  "i: cannot load: no .cue file in the folder\n",
		}, {
			title: "several folders",
			files: map[string]string{"i/a.cue": `name: "a/a"`, "j/b.cue": `name: "a/b"`},
			src:   spec.Source{Args: []string{"j", "i"}},
			names: []string{"a/b", "a/a"},
		}, {
			title: "the faults of several folders",
			files: map[string]string{"i/a.cue": `nam: "a/a"`, "j/b.cue": `name: "a/b`, "k/c.cue": `name: 3`},
			src:   spec.Source{Args: []string{"k", "j", "i"}},
			want: `i/a.cue:1:1: nam: field not allowed (did you mean name?)
j/b.cue:1:7: string literal not terminated
k/c.cue:1:7: name: cannot use 3: must be a string, such as "ghcr.io/acme/web"
`,
		}, {
			title: "folders by pattern",
			files: map[string]string{
				"images/a/a.cue": `name: "a/a"`, "images/b/c/b.cue": "package p\nname: \"a/b\"", "images/lib/l.cue": "package lib\n#X: 1",
				"images/.x/a.cue": "foo: 1", "images/_y/a.cue": "foo: 1", "images/testdata/a.cue": "foo: 1", "images/d/v.yaml": "foo: 1",
			},
			src:   spec.Source{Args: []string{"./images/..."}},
			names: []string{"a/a", "a/b"},
		}, {
			title: "a pattern that fits nothing",
			files: map[string]string{"images/a/a.txt": ""},
			src:   spec.Source{Args: []string{"images/..."}},
			want:  "images/...: cannot load: no folder with a .cue file\n",
		}, {
			title: "files and folders",
			files: map[string]string{"i/a.cue": `name: "a/a"`, "b.cue": `name: "a/b"`},
			src:   spec.Source{Args: []string{"i", "b.cue"}},
			want:  "b.cue: cannot load files and folders at once: files given together are one image, a folder is one of its own\n",
		}, {
			title: "a module",
			files: map[string]string{
				"cue.mod/module.cue": module,
				"base/base.cue":      "package base\n#Image: {name: =~\"^acme/\", env: A: \"x\", ...}",
				"web/web.cue":        "package web\nimport \"example.com/m/base\"\nbase.#Image\nname: \"acme/web\"",
			},
			src:   spec.Source{Args: []string{"web"}},
			names: []string{"acme/web"},
		}, {
			title: "a file in a module",
			files: map[string]string{
				"cue.mod/module.cue": module,
				"base/base.cue":      "package base\n#Image: {name: =~\"^acme/\", ...}",
				"web/web.cue":        "import \"example.com/m/base\"\nbase.#Image\nname: \"other/web\"",
			},
			src:  spec.Source{Args: []string{"web/web.cue"}},
			want: "web/web.cue:3:7: name: cannot use \"other/web\": must be =~\"^acme/\", by the rule at base/base.cue:2:16\n",
		}, {
			title: "a package that the module does not have",
			files: map[string]string{"cue.mod/module.cue": module, "a.cue": "import \"example.com/m/base\"\nname: base.x"},
			src:   spec.Source{Args: []string{"a.cue"}},
			want:  "a.cue:1:8: cannot import \"example.com/m/base\": no such package in the spec's module, and nothing is fetched from the network\n",
		}, {
			title: "a module of the network",
			files: map[string]string{
				"cue.mod/module.cue": module + "deps: \"example.org/n@v1\": v: \"v1.0.0\"\n",
				"a.cue":              "import \"example.org/n@v1:n\"\nname: n.x",
			},
			src:  spec.Source{Args: []string{"a.cue"}},
			want: "a.cue:1:8: cannot import: a spec is never fetched from the network; put the module into the folder cue.mod/pkg\n",
		}, {
			title: "the schema as a package for editors",
			files: map[string]string{
				"cue.mod/module.cue":                  strings.Replace(module, "v0.9.0", "v0.14.0", 1),
				"cue.mod/pkg/example.com/s/image.cue": "package s\n" + schemas.Image,
				"a.cue":                               "import \"example.com/s\"\ns.#Image & {\n\tname: \"a/b\"\n\tentrypont: []\n\tenv: A: 3\n\tfiles: \"/a\": contnt: \"\"\n}",
			},
			src: spec.Source{Args: []string{"a.cue"}},
			want: "a.cue:4:2: entrypont: field not allowed (did you mean entrypoint?)\n" +
				"a.cue:5:10: env.A: must be a string\n" +
				"a.cue:6:15: files.\"/a\".contnt: field not allowed (did you mean content?)\n",
		}, {
			title: "tags",
			files: map[string]string{"a.cue": "name: \"a/b\"\ntags: [_v]\n_v: string @tag(version)\nhealthcheck: {cmd: [\"x\"], retries: int @tag(n,type=int)}"},
			src:   spec.Source{Args: []string{"a.cue"}, Tags: []string{"version=1.0", "n=3"}},
			names: []string{"a/b"},
		}, {
			title: "tags of one of several images",
			files: map[string]string{"i/a.cue": `name: "a/a"`, "j/b.cue": "name: \"a/b\"\nuser: string @tag(u)"},
			src:   spec.Source{Args: []string{"i", "j"}, Tags: []string{"u=root"}},
			names: []string{"a/a", "a/b"},
		}, {
			title: "tags without a field",
			files: map[string]string{"a.cue": "name: \"a/b\"\nuser: *\"root\" | string @tag(user)"},
			src:   spec.Source{Args: []string{"a.cue"}, Tags: []string{"usr=x", "zzz=y"}},
			want: `cannot use -D usr=x: no field of the spec has the attribute @tag(usr) (did you mean user?)
cannot use -D zzz=y: no field of the spec has the attribute @tag(zzz)
`,
		}, {
			title: "a tag with a value that its field refuses",
			files: map[string]string{"a.cue": "name: \"a/b\"\nuser: \"x\" | \"y\" @tag(user)\nhealthcheck: {cmd: [\"x\"], retries: int @tag(n,type=int)}"},
			src:   spec.Source{Args: []string{"a.cue"}, Tags: []string{"user=z", "n=many"}},
			want:  "cannot use -D n=many: not a value of the type that its @tag names\n",
		}, {
			title: "a tag that is none of the alternatives",
			files: map[string]string{"a.cue": "name: \"a/b\"\nuser: \"root\" | \"1\" @tag(user)"},
			src:   spec.Source{Args: []string{"a.cue"}, Tags: []string{"user=z"}},
			want:  "a.cue:2:7: user: cannot use \"z\": must be one of \"root\", \"1\"\n",
		}, {
			title: "a tag that selects files",
			files: map[string]string{"i/a.cue": "package p\nname: \"a/b\"", "i/dev.cue": "@if(dev)\n\npackage p\nuser: \"root\""},
			src:   spec.Source{Args: []string{"i"}, Tags: []string{"dev"}},
			names: []string{"a/b"},
		}, {
			title: "platforms of a flag",
			files: map[string]string{"a.cue": `name: "a/b"`},
			src:   spec.Source{Args: []string{"a.cue"}, Platforms: []string{"linux/mips"}},
			want:  "cannot use platform \"linux/mips\": known are linux/amd64, linux/arm64, linux/arm/v7, linux/arm/v6, linux/386, linux/ppc64le, linux/s390x, linux/riscv64, linux/loong64\n",
		}, {
			title: "platforms of a flag, twice by another name",
			files: map[string]string{"a.cue": `name: "a/b"`},
			src:   spec.Source{Args: []string{"a.cue"}, Platforms: []string{"linux/arm64", "linux/arm64/v8"}},
			want:  "cannot build for linux/arm64 twice\n",
		}, {
			title: "a tag without a key and one twice",
			files: map[string]string{"a.cue": "name: _name\n_name: string @tag(name)"},
			src:   spec.Source{Args: []string{"a.cue"}, Tags: []string{"=x", "", "name=a", "name=b"}},
			want: "cannot use -D \"\": not of the form KEY=VALUE\ncannot use -D \"=x\": not of the form KEY=VALUE\n" +
				"cannot use -D name=b: name is given already, by -D name=a\n",
		}, {
			title: "a tag without a value that selects nothing",
			files: map[string]string{"a.cue": "name: _name\n_name: string @tag(name)"},
			src:   spec.Source{Args: []string{"a.cue"}, Tags: []string{"name"}},
			want:  "cannot use -D name: no file is selected by @if(name); a field gets its value from -D KEY=VALUE\n",
		}, {
			title: "files that are no text in UTF-8",
			files: map[string]string{"a.cue": "name: \"a/b\"\nfiles: \"/x\": content: \"caf\xe9\""},
			src:   spec.Source{Args: []string{"a.cue"}},
			want:  "a.cue:2:27: cannot load: the byte 0xe9 is no text in UTF-8, as a spec must be\n",
		}, {
			title: "files that are no text at all",
			files: map[string]string{"i/a.cue": "\xff\xfen\x00", "j/a.cue": "PK\x03\x04\x14\x00" + strings.Repeat("\x00", 1000)},
			src:   spec.Source{Args: []string{"i", "j"}},
			want: "i/a.cue:1:1: cannot load: the byte 0xff is no text in UTF-8, as a spec must be\n" +
				"j/a.cue:1:6: cannot load: the byte 0x00 is no text in UTF-8, as a spec must be\n",
		}, {
			title: "byte order marks",
			files: map[string]string{"a.cue": "\ufeffname: \"a/b\"\r\n", "b.json": "\ufeff{\"cmd\": [\"x\"]}", "c.yaml": "\ufeffuser: root\r\n"},
			src:   spec.Source{Args: []string{"a.cue", "b.json", "c.yaml"}},
			names: []string{"a/b"},
		}, {
			title: "a file that is too large",
			files: map[string]string{"a.cue": "name: \"a/b\"\n" + strings.Repeat("\n", 4<<20), "b.json": strings.Repeat(" ", 5<<20)},
			src:   spec.Source{Args: []string{"a.cue", "b.json"}},
			want:  "a.cue: cannot load: larger than 4 MiB, the most that a file of a spec may be\n",
		},
	}
}

func TestSources(t *testing.T) {
	for _, c := range sources() {
		t.Run(c.title, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, c.files)
			c.src.Dir = dir
			if c.want != "" {
				if got := refusal(t, c.src); got != c.want {
					t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
				}
				return
			}
			images, err := spec.Load(c.src)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, img := range images {
				names = append(names, img.Name.Value)
			}
			if !slices.Equal(names, c.names) {
				t.Errorf("got images %q, want %q", names, c.names)
			}
		})
	}
}

// TestPositionsFromBelow checks that files outside of the working folder are
// shown by their whole path.
func TestPositionsFromBelow(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.cue": "nam: 1\nname: \"a/b\"", "sub/x": ""})
	_, err := spec.Load(spec.Source{Dir: filepath.Join(dir, "sub"), Args: []string{"../a.cue"}})
	want := filepath.Join(dir, "a.cue") + ":1:1: nam: field not allowed (did you mean name?)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestNotRegular checks that a spec is not waited for.
func TestNotRegular(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(os.DevNull, filepath.Join(dir, "a.cue")); err != nil {
		t.Skip(err)
	}
	if got, want := refusal(t, spec.Source{Dir: dir, Args: []string{"a.cue"}}), "a.cue: cannot load: not a regular file\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFifo checks that a fifo, which a read would wait for, is no spec.
func TestFifo(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "a.cue"), 0o600); err != nil {
		t.Skip(err)
	}
	for _, arg := range []string{"a.cue", "."} {
		if got, want := refusal(t, spec.Source{Dir: dir, Args: []string{arg}}), "a.cue: cannot load: not a regular file\n"; got != want {
			t.Errorf("%s: got %q, want %q", arg, got, want)
		}
	}
}

// TestManyFaultsOfSyntax checks that text that is no CUE does not flood.
func TestManyFaultsOfSyntax(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.cue": strings.Repeat("a ] ? b\n", 1000)})
	lines := strings.Split(strings.TrimSpace(refusal(t, spec.Source{Dir: dir, Args: []string{"a.cue"}})), "\n")
	if last := lines[len(lines)-1]; len(lines) > 21 || !strings.HasSuffix(last, "more faults from here on") && len(lines) > 20 {
		t.Errorf("%d faults, the last is %q", len(lines), last)
	}
}

// TestUnreadable checks that of all folders below one, the one that cannot be
// read is named.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"i/a/a.cue": `name: "a/b"`, "i/b/b.cue": `name: "a/c"`})
	locked := filepath.Join(dir, "i", "b")
	if err := os.Chmod(locked, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(locked, 0o700)
	if _, err := os.ReadDir(locked); err == nil {
		t.Skip("this user may read every folder")
	}
	if got, want := refusal(t, spec.Source{Dir: dir, Args: []string{"i/..."}}), "i/b: cannot load: permission denied\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
