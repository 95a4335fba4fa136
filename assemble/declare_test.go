package assemble_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/assemble"
	"github.com/mkimage/mkimage/internal/apktest"
	"github.com/mkimage/mkimage/spec"
)

// at is a place in a spec.
func at(line int) spec.Pos { return spec.Pos{File: "app.cue", Line: line, Column: 3} }

// accountsPackage brings accounts as Alpine's base does.
func accountsPackage(shadow bool) pkg {
	p := pkg{Name: "base", Files: files{
		apktest.Regular("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnginx:x:100:101::/:/sbin/nologin\nmail:x:8:12:mail:/var:/sbin/nologin"),
		apktest.Regular("etc/group", "root:x:0:root\nnginx:x:101:nginx\nmail:x:12:\naudio:x:18:pulse\n"),
	}}
	if shadow {
		p.Files = append(p.Files, apktest.Regular("etc/shadow", "root:*::0:::::\n").WithMode(0o640))
	}
	return p
}

func TestAccounts(t *testing.T) {
	nonroot := spec.Image{
		Users:  []spec.User{{Name: "nonroot", UID: 65532, GID: 65532, Home: "/", Shell: "/sbin/nologin"}},
		Groups: []spec.Group{{Name: "nonroot", GID: 65532}},
		User:   spec.ProcessUser{User: "nonroot"},
	}
	web := spec.Image{
		Users: []spec.User{{
			Pos: at(2), Name: "web", UID: 10001, GID: 10001, Home: "/srv", Shell: "/bin/sh", Gecos: "Web",
			Groups: []spec.String{{Value: "audio", Pos: at(3)}, {Value: "media", Pos: at(3)}},
		}},
		Groups: []spec.Group{{Pos: at(5), Name: "media", GID: 20001, Members: []string{"nginx", "web"}}, {Pos: at(2), Name: "web", GID: 10001}},
		User:   spec.ProcessUser{Pos: at(9), User: "web", Group: "media"},
	}
	tests := []struct {
		name     string
		packages []pkg
		image    spec.Image
		want     string
		user     string
	}{{
		name:  "the default user in an empty image",
		image: nonroot,
		want: `
			dir etc 0755
			file etc/group 0644 nonroot:x:65532:|
			file etc/passwd 0644 nonroot:x:65532:65532::/:/sbin/nologin|
		`,
		user: "65532",
	}, {
		name:  "root adds nothing",
		image: spec.Image{User: spec.ProcessUser{User: "root"}},
		user:  "0",
	}, {
		name:     "appended to the packages' accounts, in groups of both",
		packages: []pkg{accountsPackage(true)},
		image:    web,
		want: `
			dir etc 0755
			file etc/group 0644 root:x:0:root|nginx:x:101:nginx|mail:x:12:|audio:x:18:pulse,web|media:x:20001:nginx,web|web:x:10001:|
			file etc/passwd 0644 root:x:0:0:root:/root:/bin/sh|nginx:x:100:101::/:/sbin/nologin|mail:x:8:12:mail:/var:/sbin/nologin|web:x:10001:10001:Web:/srv:/bin/sh|
			file etc/shadow 0640 root:*::0:::::|web:!::0:99999:7:::|
			dir lib 0755
		`,
		user: "10001:20001",
	}, {
		name:     "kept where the packages made the same, whose files stay the packages'",
		packages: []pkg{accountsPackage(false)},
		image: spec.Image{
			Users:  []spec.User{{Pos: at(2), Name: "nginx", UID: 100, GID: 101, Home: "/other"}},
			Groups: []spec.Group{{Pos: at(3), Name: "mail", GID: 12}},
			User:   spec.ProcessUser{Pos: at(9), User: "nginx"},
		},
		want: `
			dir etc 0755
			file etc/group 0644 root:x:0:root|nginx:x:101:nginx|mail:x:12:|audio:x:18:pulse|
			file etc/passwd 0644 root:x:0:0:root:/root:/bin/sh|nginx:x:100:101::/:/sbin/nologin|mail:x:8:12:mail:/var:/sbin/nologin
			dir lib 0755
		`,
		user: "100",
	}, {
		name:     "a gid of the packages' needs no group of its own",
		packages: []pkg{accountsPackage(false)},
		image: spec.Image{
			Users:  []spec.User{{Pos: at(2), Name: "web", UID: 10001, GID: 12, Home: "/", Shell: "/bin/sh"}},
			Groups: []spec.Group{{Pos: at(2), Name: "web", GID: 12}},
			User:   spec.ProcessUser{Pos: at(9), User: "web"},
		},
		want: `
			dir etc 0755
			file etc/group 0644 root:x:0:root|nginx:x:101:nginx|mail:x:12:|audio:x:18:pulse|
			file etc/passwd 0644 root:x:0:0:root:/root:/bin/sh|nginx:x:100:101::/:/sbin/nologin|mail:x:8:12:mail:/var:/sbin/nologin|web:x:10001:12::/:/bin/sh|
			dir lib 0755
		`,
		user: "10001",
	}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := input(t, test.packages...)
			if test.packages == nil {
				in.World = nil
			}
			in.Image = &test.image
			root, err := assemble.Compose(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "tree", dump(t, root.Tree), lines(test.want))
			if root.User != test.user {
				t.Errorf("user %q, want %q", root.User, test.user)
			}
		})
	}
}

func TestProcessUser(t *testing.T) {
	tests := []struct{ user, group, want string }{
		{"root", "", "0"},
		{"0", "", "0"},
		{"nginx", "", "100"},
		{"100", "", "100"},
		{"nginx", "mail", "100:12"},
		{"nginx", "7", "100:7"},
		{"1000", "", "1000:1000"}, // a runtime would take the group 0
		{"1000", "audio", "1000:18"},
		{"1000", "5", "1000:5"},
	}
	for _, test := range tests {
		in := input(t, accountsPackage(false))
		in.Image.User = spec.ProcessUser{User: test.user, Group: test.group}
		root, err := assemble.Compose(t.Context(), in)
		if err != nil {
			t.Errorf("%s:%s: %v", test.user, test.group, err)
		} else if root.User != test.want {
			t.Errorf("%s:%s: got %s, want %s", test.user, test.group, root.User, test.want)
		}
	}
}

// TestFiles has a row for each rule of declared files.
func TestFiles(t *testing.T) {
	content := func(path, text string) spec.File {
		return spec.File{Path: path, Kind: spec.KindContent, Content: []byte(text)}
	}
	directory := func(path string) spec.File { return spec.File{Path: path, Kind: spec.KindDirectory} }
	mode := func(f spec.File, bits uint32) spec.File { f.Mode = spec.Mode{Set: true, Bits: bits}; return f }
	owner := func(f spec.File, user, group string) spec.File {
		f.Owner = spec.Owner{User: user, Group: group}
		return f
	}
	tests := []struct {
		name  string
		files []spec.File
		want  string
	}{{
		name:  "missing parents are root's with mode 0755, the file's mode and owner are its own",
		files: []spec.File{mode(owner(content("/a/b/c", "x"), "nginx", ""), 0o4600)},
		want:  "dir a 0755\ndir a/b 0755\nfile a/b/c 4600 100:101 x\n",
	}, {
		name: "owners by name and id, the group by default the user's primary one",
		files: []spec.File{
			owner(content("/a", ""), "nginx", "audio"), owner(content("/b", ""), "100", ""), owner(content("/c", ""), "7", ""),
			owner(content("/d", ""), "7", "8"), owner(content("/e", ""), "root", "mail"),
		},
		want: "file a 0644 100:18\nfile b 0644 100:101\nfile c 0644 7:7\nfile d 0644 7:8\nfile e 0644 0:12\n",
	}, {
		name:  "a package's file and symlink are replaced",
		files: []spec.File{content("/srv/f", "mine"), content("/srv/link", "mine"), {Path: "/srv/g", Kind: spec.KindSymlink, Target: spec.String{Value: "f"}}},
		want:  "dir srv/d 1777 5:6\nfile srv/f 0644 mine\nlink srv/g -> f\nfile srv/link 0644 mine\n",
	}, {
		name:  "symlinked parents are followed inside the root",
		files: []spec.File{content("/out/f", "x"), content("/out/new/g", "y")},
		want:  "file srv/d/f 0644 x\ndir srv/d/new 0755\nfile srv/d/new/g 0644 y\n",
	}, {
		name:  "an existing directory takes what is declared and keeps the rest",
		files: []spec.File{directory("/new"), mode(directory("/srv"), 0o700), owner(directory("/srv/d"), "nginx", "nginx")},
		want:  "dir new 0755\ndir srv 0700\ndir srv/d 1777 100:101\n",
	}, {
		name:  "a directory is declared through a symlink to one",
		files: []spec.File{mode(directory("/out"), 0o750)},
		want:  "dir srv/d 0750 5:6\n",
	}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := input(t, accountsPackage(false), filesPackage())
			before, err := assemble.Compose(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			in.Image.Files = test.files
			root, err := assemble.Compose(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			old := dump(t, before.Tree)
			check(t, "new in the tree", without(dump(t, root.Tree), old), without(test.want, old))
		})
	}
}

// filesPackage is what declarations meet.
func filesPackage() pkg {
	return pkg{Name: "srv", Files: files{
		apktest.Regular("srv/f", "f"), apktest.Symlink("srv/link", "f"), apktest.Regular("srv/g", "g"),
		apktest.Dir("srv/d").WithMode(0o1777).OwnedBy("no", "no", 5, 6),
		apktest.Symlink("out", "/../srv/d"), apktest.Symlink("dangling", "no/where"), apktest.Symlink("loop", "loop"),
	}}
}

// without returns the lines of a that b lacks.
func without(a, b string) string {
	known := map[string]bool{}
	for line := range strings.Lines(b) {
		known[line] = true
	}
	var out strings.Builder
	for line := range strings.Lines(a) {
		if !known[line] {
			out.WriteString(line)
		}
	}
	return out.String()
}

func TestDeclarationsRefused(t *testing.T) {
	in := input(t, accountsPackage(false), filesPackage())
	content := func(line int, path string) spec.File {
		return spec.File{Pos: at(line), Path: path, Kind: spec.KindContent}
	}
	owned := content(8, "/ok")
	owned.Owner = spec.Owner{User: "ngimx", Group: "", Pos: at(8)}
	grouped := content(9, "/ok2")
	grouped.Owner = spec.Owner{User: "nginx", Group: "wheel", Pos: at(9)}
	in.Image = &spec.Image{
		Users: []spec.User{
			{Pos: at(1), Name: "nginx", UID: 10001, GID: 10001},
			{Pos: at(2), Name: "web", UID: 8, GID: 8, Groups: []spec.String{{Value: "audi", Pos: at(3)}}},
		},
		Groups: []spec.Group{
			{Pos: at(4), Name: "mail", GID: 13},
			{Pos: at(5), Name: "media", GID: 18, Members: []string{"wep"}},
		},
		Files: []spec.File{
			content(10, "/srv/d"), content(11, "/srv/f/x"), content(12, "/dangling/x"), content(13, "/loop/x"),
			content(14, "/srv/d/same"), content(15, "/out/same"), owned, grouped,
			{Pos: at(16), Path: "/srv/f", Kind: spec.KindDirectory}, {Pos: at(17), Path: "/dangling", Kind: spec.KindDirectory},
			{Pos: at(18), Path: "/gone", Kind: spec.KindSource, Source: spec.Path{Written: "gone", Abs: filepath.Join(t.TempDir(), "gone"), Pos: at(18)}},
		},
		User: spec.ProcessUser{Pos: at(19), User: "wep"},
	}
	in.Programs = []assemble.Program{{Path: spec.String{Value: "/srv", Pos: at(20)}, File: os.DevNull}}
	_, err := assemble.Compose(t.Context(), in)
	var faults *spec.Error
	if !errors.As(err, &faults) {
		t.Fatalf("got %v", err)
	}
	check(t, "faults", err.Error()+"\n", lines(`
		app.cue:1:3: users.nginx: cannot add the user with uid 10001 and gid 10001: the packages made it with 100 and 101; declare those ids, or another name
		app.cue:2:3: users.web: cannot add the user with uid 8: the packages gave it to mail; declare another
		app.cue:3:3: users.web.groups: cannot use "audi": there is no group audi in the image (did you mean audio?)
		app.cue:4:3: groups.mail: cannot add the group with gid 13: the packages made it with 12; declare that gid, or another name
		app.cue:5:3: groups.media: cannot add the group with gid 18: the packages gave it to audio; declare another
		app.cue:5:3: groups.media: cannot have the member wep: there is no user wep in the image (did you mean web?)
		app.cue:8:3: cannot use "ngimx": there is no user ngimx in the image (did you mean nginx?)
		app.cue:9:3: cannot use "wheel": there is no group wheel in the image
		app.cue:10:3: cannot add /srv/d: it is a directory already
		app.cue:11:3: cannot add /srv/f/x: /srv/f is not a directory but a file
		app.cue:12:3: cannot add /dangling/x: /dangling is a symbolic link to no/where, which is no directory
		app.cue:13:3: cannot add /loop/x: /loop is a symbolic link to loop, which is no directory
		app.cue:15:3: cannot add /out/same: it is /srv/d/same by the image's symbolic links, which is declared at app.cue:14:3 too
		app.cue:16:3: cannot add /srv/f: there is a file already where a directory is declared
		app.cue:17:3: cannot add /dangling: it is a symbolic link already, to no/where, which is not there
		app.cue:18:3: cannot add /gone: gone: no such file or directory
		app.cue:19:3: cannot use "wep": there is no user wep in the image (did you mean web?)
		app.cue:20:3: cannot add /srv: /dev/null: it is not a regular file
	`))
}
