package assemble_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/assemble"
	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/internal/apktest"
)

type (
	pkg   = apktest.Package
	files = []apktest.File
)

// TestInstall has a row for each rule of extraction. Scripts are Go functions
// that stand for what a script would do.
func TestInstall(t *testing.T) {
	a := func(f ...apktest.File) pkg { return pkg{Name: "a", Files: f} }
	b := func(f ...apktest.File) pkg { return pkg{Name: "b", Files: f} }
	file, dir := apktest.Regular, apktest.Dir
	pre := map[string]string{"pre-install": "#!/bin/sh\n"}
	tests := []struct {
		name     string
		packages []pkg
		scripts  map[string]func(*tree.Tree) error
		want     string
	}{{
		name: "every kind of entry",
		packages: []pkg{a(
			apktest.Program("usr/bin/su", "elf").WithMode(0o4755), apktest.Symlink("usr/bin/sudo", "su"),
			apktest.Fifo("run/pipe"), apktest.CharDevice("srv/null", 1, 3), apktest.BlockDevice("srv/disk", 8, 0),
			file("srv/cap", "c").WithXattr("security.capability", "v2"),
		)},
		want: `
			dir etc 0755
			dir lib 0755
			dir run 0755
			node run/pipe 0644 kind 3 0,0
			dir srv 0755
			file srv/cap 0644 security.capability=v2 c
			node srv/disk 0600 kind 5 8,0
			node srv/null 0600 kind 4 1,3
			dir usr 0755
			dir usr/bin 0755
			file usr/bin/su 4755 elf
			link usr/bin/sudo -> su
		`,
	}, {
		name:     "names with a dot at the root are left out, others not",
		packages: []pkg{a(file(".hidden", "x"), dir(".dir"), file("opt/.dot", "x"))},
		want: `
			dir etc 0755
			dir lib 0755
			dir opt 0755
			file opt/.dot 0644 x
		`,
	}, {
		name:     "a new directory loses setuid and setgid and keeps sticky",
		packages: []pkg{a(dir("opt/s").WithMode(0o2775), dir("opt/u").WithMode(0o4755), dir("opt/t").WithMode(0o1777))},
		want: `
			dir etc 0755
			dir lib 0755
			dir opt 0755
			dir opt/s 0775
			dir opt/t 1777
			dir opt/u 0755
		`,
	}, {
		name: "of two packages' directories the alphabetically first wins",
		packages: []pkg{
			{Name: "b", Files: files{dir("opt").WithMode(0o700).OwnedBy("b", "b", 2, 2)}},
			{Name: "a", Files: files{dir("opt").WithMode(0o750).OwnedBy("a", "a", 1, 1)}},
			{Name: "c", Files: files{dir("opt").WithMode(0o777)}},
		},
		want: "dir etc 0755\ndir lib 0755\ndir opt 0750 1:1\n",
	}, {
		name: "a directory of another's keeps setgid when its owner changes",
		packages: []pkg{
			b(dir("opt").WithMode(0o755)),
			a(dir("opt").WithMode(0o2775)),
		},
		want: "dir etc 0755\ndir lib 0755\ndir opt 2775\n",
	}, {
		name: "the package that is named like the common origin has the directory",
		packages: []pkg{
			{Name: "a-x", Origin: "o", Files: files{dir("opt").WithMode(0o700)}},
			{Name: "o", Origin: "o", Files: files{dir("opt").WithMode(0o711)}},
			{Name: "a-y", Origin: "o", Files: files{dir("opt").WithMode(0o777)}},
		},
		want: "dir etc 0755\ndir lib 0755\ndir opt 0711\n",
	}, {
		name: "a higher replaces_priority has the directory",
		packages: []pkg{
			{Name: "a", Files: files{dir("opt").WithMode(0o700)}},
			{Name: "b", ReplacesPriority: 1, Files: files{dir("opt").WithMode(0o711)}},
		},
		want: "dir etc 0755\ndir lib 0755\ndir opt 0711\n",
	}, {
		name: "a directory that a script made is left alone",
		packages: []pkg{
			{Name: "b", Scripts: pre, Files: files{dir("opt").WithMode(0o700), file("opt/f", "")}},
			a(dir("opt").WithMode(0o711)),
		},
		scripts: map[string]func(*tree.Tree) error{"b.pre-install": func(t *tree.Tree) error {
			_, err := t.Mkdir("opt", 0o2777)
			return err
		}},
		want: "dir dev 0755\ndir etc 0755\ndir lib 0755\ndir opt 2777\nfile opt/f 0644\ndir proc 0755\n",
	}, {
		name: "parents without an entry are root's with mode 0755, whatever comes for them",
		packages: []pkg{
			{Name: "a", Exact: true, Files: files{dir("opt/deep"), file("opt/deep/f", ""), dir("opt").WithMode(0o700)}},
		},
		want: "dir etc 0755\ndir lib 0755\ndir opt 0755\ndir opt/deep 0755\nfile opt/deep/f 0644\n",
	}, {
		name: "owners by name where the image has it, else by number",
		packages: []pkg{
			{Name: "a", Files: files{file("etc/passwd", "web:x:77:78::/:/bin/sh\n"), file("etc/group", "www:x:79:\n")}},
			b(file("srv/known", "").OwnedBy("web", "www", 1, 2), file("srv/unknown", "").OwnedBy("no", "no", 3, 4),
				apktest.Symlink("srv/link", "known").OwnedBy("web", "no", 1, 2), file("srv/root", "").OwnedBy("root", "root", 5, 6)),
		},
		want: `
			dir etc 0755
			file etc/group 0644 www:x:79:|
			file etc/passwd 0644 web:x:77:78::/:/bin/sh|
			dir lib 0755
			dir srv 0755
			file srv/known 0644 77:79
			link srv/link 77:2 -> known
			file srv/root 0644
			file srv/unknown 0644 3:4
		`,
	}, {
		name: "owners are those that pre-install made, but for the first entry",
		packages: []pkg{
			{Name: "a", Scripts: pre, Files: files{dir("srv").OwnedBy("web", "web", 1, 1), file("srv/f", "").OwnedBy("web", "web", 1, 1)}},
		},
		scripts: map[string]func(*tree.Tree) error{"a.pre-install": func(t *tree.Tree) error {
			_, err1 := t.WriteFile("etc/passwd", tree.Bytes("web:x:77:77::/:/bin/sh\n"), 0o644)
			_, err2 := t.WriteFile("etc/group", tree.Bytes("web:x:78:\n"), 0o644)
			return errors.Join(err1, err2)
		}},
		want: `
			dir dev 0755
			dir etc 0755
			file etc/group 0644 web:x:78:|
			file etc/passwd 0644 web:x:77:77::/:/bin/sh|
			dir lib 0755
			dir proc 0755
			dir srv 0755 1:1
			file srv/f 0644 77:78
		`,
	}, {
		name: "replaces: the later package wins",
		packages: []pkg{
			a(file("bin/x", "a")),
			{Name: "b", Replaces: []string{"a"}, Files: files{file("bin/x", "b").WithMode(0o755)}},
		},
		want: "dir bin 0755\nfile bin/x 0755 b\ndir etc 0755\ndir lib 0755\n",
	}, {
		name: "replaces the other way round: the earlier package keeps its file",
		packages: []pkg{
			{Name: "a", Replaces: []string{"b"}, Files: files{file("bin/x", "a")}},
			b(file("bin/x", "b")),
		},
		want: "dir bin 0755\nfile bin/x 0644 a\ndir etc 0755\ndir lib 0755\n",
	}, {
		name: "replaces both ways: the higher priority wins",
		packages: []pkg{
			{Name: "a", Replaces: []string{"b"}, ReplacesPriority: 10, Files: files{file("bin/x", "a")}},
			{Name: "b", Replaces: []string{"a"}, ReplacesPriority: 5, Files: files{file("bin/x", "b")}},
		},
		want: "dir bin 0755\nfile bin/x 0644 a\ndir etc 0755\ndir lib 0755\n",
	}, {
		name: "replaces with a version that holds",
		packages: []pkg{
			a(file("bin/x", "a")),
			{Name: "b", Replaces: []string{"a<2"}, Files: files{file("bin/x", "b")}},
		},
		want: "dir bin 0755\nfile bin/x 0644 b\ndir etc 0755\ndir lib 0755\n",
	}, {
		name: "the same origin overwrites",
		packages: []pkg{
			{Name: "a", Origin: "o", Files: files{file("bin/x", "a")}},
			{Name: "b", Origin: "o", Files: files{file("bin/x", "b")}},
		},
		want: "dir bin 0755\nfile bin/x 0644 b\ndir etc 0755\ndir lib 0755\n",
	}, {
		name: "replacing one name of an inode leaves the others",
		packages: []pkg{
			a(file("bin/x", "orig"), apktest.Hardlink("bin/x2", "bin/x"), apktest.Hardlink("usr/x3", "bin/x")),
			{Name: "b", Replaces: []string{"a"}, Files: files{file("bin/x", "b")}},
		},
		want: `
			dir bin 0755
			file bin/x 0644 b
			file bin/x2 0644 orig
			dir etc 0755
			dir lib 0755
			dir usr 0755
			same usr/x3 as bin/x2
		`,
	}, {
		name: "a hard link's owner and special bits are the inode's",
		packages: []pkg{a(
			file("bin/x", "").WithMode(0o4755), apktest.Hardlink("bin/y", "bin/x").WithMode(0o755),
			file("bin/v", "").WithMode(0o755), apktest.Hardlink("bin/w", "bin/v").WithMode(0o4711).OwnedBy("w", "w", 8, 9),
		)},
		want: "dir bin 0755\nfile bin/v 4711 8:9\nsame bin/w as bin/v\nfile bin/x 0755\nsame bin/y as bin/x\ndir etc 0755\ndir lib 0755\n",
	}, {
		name: "a hard link to a symbolic link owns what that leads to",
		packages: []pkg{
			a(dir("opt/d").WithMode(0o700), file("opt/d/f", "").WithMode(0o6755)),
			b(apktest.Symlink("srv/x", "../opt/d/f"), apktest.Hardlink("srv/y", "srv/x").OwnedBy("w", "w", 8, 9)),
		},
		want: `
			dir etc 0755
			dir lib 0755
			dir opt 0755
			dir opt/d 0700
			file opt/d/f 0755 8:9
			dir srv 0755
			link srv/x -> ../opt/d/f
			same srv/y as srv/x
		`,
	}, {
		name: "a hard link to a device takes its special bits",
		packages: []pkg{a(
			apktest.CharDevice("dev/a", 1, 3).WithMode(0o6710), apktest.Hardlink("dev/b", "dev/a"),
			apktest.Fifo("dev/p").WithMode(0o4600), apktest.Hardlink("dev/q", "dev/p").WithMode(0o1600),
		)},
		want: `
			dir dev 0755
			node dev/a 0710 kind 4 1,3
			same dev/b as dev/a
			node dev/p 1600 kind 3 0,0
			same dev/q as dev/p
			dir etc 0755
			dir lib 0755
		`,
	}, {
		name: "extended attributes are for files, on devices and fifos not those of users",
		packages: []pkg{a(
			file("f", "").WithXattr("user.a", "1"), apktest.Symlink("l", "f").WithXattr("user.a", "2"), dir("d").WithXattr("user.a", "3"),
			apktest.Fifo("p").WithXattr("user.a", "4").WithXattr("trusted.b", "5"),
		)},
		want: "dir d 0755\ndir etc 0755\nfile f 0644 user.a=1\nlink l -> f\ndir lib 0755\nnode p 0644 trusted.b=5 kind 3 0,0\n",
	}, {
		name: "a new directory in a setgid one is setgid, but with its own group",
		packages: []pkg{
			b(dir("opt")),
			a(dir("opt").WithMode(0o2775).OwnedBy("a", "a", 1, 1), dir("opt/sub"), file("opt/sub/f", "")),
		},
		want: "dir etc 0755\ndir lib 0755\ndir opt 2775 1:1\ndir opt/sub 2755\nfile opt/sub/f 0644\n",
	}, {
		name: "a symlink replaces a file and is no directory",
		packages: []pkg{
			a(file("opt/x", "file")),
			{Name: "b", Replaces: []string{"a"}, Files: files{apktest.Symlink("opt/x", "/etc")}},
		},
		want: "dir etc 0755\ndir lib 0755\ndir opt 0755\nlink opt/x -> /etc\n",
	}, {
		name: "a directory is followed through a symlink of another package",
		packages: []pkg{
			a(dir("usr/lib64"), apktest.Symlink("lib64", "usr/lib64")),
			b(dir("lib64"), file("lib64/f", "x"), dir("lib64/sub").WithMode(0o711), file("lib64/sub/g", "")),
		},
		want: `
			dir etc 0755
			dir lib 0755
			link lib64 -> usr/lib64
			dir usr 0755
			dir usr/lib64 0755
			file usr/lib64/f 0644 x
			dir usr/lib64/sub 0711
			file usr/lib64/sub/g 0644
		`,
	}, {
		name: "an absolute symlink and one with too many .. stay in the root",
		packages: []pkg{
			a(dir("srv/a"), apktest.Symlink("up", "../../../srv/a"), apktest.Symlink("abs", "/srv/a")),
			b(dir("up"), file("up/f", "1"), dir("abs"), file("abs/g", "2")),
		},
		want: `
			link abs -> /srv/a
			dir etc 0755
			dir lib 0755
			dir srv 0755
			dir srv/a 0755
			file srv/a/f 0644 1
			file srv/a/g 0644 2
			link up -> ../../../srv/a
		`,
	}, {
		name: "in etc what a script made stays and the package's is .apk-new, elsewhere not",
		packages: []pkg{{Name: "a", Scripts: pre, Files: files{
			file("etc/p.conf", "pkg"), file("etc/same.conf", "same"), apktest.Symlink("etc/link", "/pkg"), file("usr/f", "pkg"),
			file("etc/init.d/svc", "pkg"), file("etc/none", "pkg"), file("etc/dir", "pkg"),
		}}},
		scripts: map[string]func(*tree.Tree) error{"a.pre-install": func(t *tree.Tree) error {
			var errs []error
			write := func(path, text string, mode uint32) {
				_, err1 := t.MkdirAll(path[:strings.LastIndexByte(path, '/')], 0o755)
				_, err2 := t.WriteFile(path, tree.Bytes(text), mode)
				errs = append(errs, err1, err2)
			}
			write("etc/p.conf", "local", 0o644)
			write("etc/same.conf", "same", 0o600)
			write("etc/init.d/svc", "local", 0o755)
			write("usr/f", "local", 0o644)
			_, err1 := t.Symlink("/nowhere", "etc/link")
			_, err2 := t.Mkdir("etc/dir", 0o755)
			return errors.Join(append(errs, err1, err2)...)
		}},
		want: `
			dir dev 0755
			dir etc 0755
			dir etc/dir 0755
			file etc/dir.apk-new 0644 pkg
			dir etc/init.d 0755
			file etc/init.d/svc 0755 local
			file etc/init.d/svc.apk-new 0644 pkg
			link etc/link -> /nowhere
			link etc/link.apk-new -> /pkg
			file etc/none 0644 pkg
			file etc/p.conf 0644 local
			file etc/p.conf.apk-new 0644 pkg
			file etc/same.conf 0600 same
			dir lib 0755
			dir proc 0755
			dir usr 0755
			file usr/f 0644 pkg
		`,
	}, {
		name: "in etc a replaced file stays only if it was changed",
		packages: []pkg{
			{Name: "a", Scripts: map[string]string{"post-install": ""}, Files: files{file("etc/u.conf", "a"), file("etc/m.conf", "a")}},
			{Name: "b", Replaces: []string{"a"}, Files: files{file("etc/u.conf", "b"), file("etc/m.conf", "b")}},
		},
		scripts: map[string]func(*tree.Tree) error{"a.post-install": func(t *tree.Tree) error {
			_, err := t.WriteFile("etc/m.conf", tree.Bytes("edited"), 0o644)
			return err
		}},
		want: `
			dir dev 0755
			dir etc 0755
			file etc/m.conf 0644 edited
			file etc/m.conf.apk-new 0644 b
			file etc/u.conf 0644 b
			dir lib 0755
			dir proc 0755
		`,
	}, {
		name:     "a directory entry over another's file that stays empty is passed over",
		packages: []pkg{a(file("opt/x", "file")), b(dir("opt/x"))},
		want:     "dir etc 0755\ndir lib 0755\ndir opt 0755\nfile opt/x 0644 file\n",
	}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := input(t, test.packages...)
			if test.scripts != nil {
				in.Scripts = &scripts{do: test.scripts}
			}
			root, err := assemble.Compose(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "tree", dump(t, root.Tree), lines(test.want))
		})
	}
}

// TestInstallRefused has a row for each thing that apk reports as an error.
func TestInstallRefused(t *testing.T) {
	file, dir := apktest.Regular, apktest.Dir
	tests := []struct {
		name     string
		packages []pkg
		want     string
	}{{
		name:     "the same file in two packages",
		packages: []pkg{{Name: "a", Files: files{file("bin/x", "a"), file("bin/y", "a")}}, {Name: "b", Files: files{file("bin/x", "b"), file("bin/y", "b")}}},
		want: `
			cannot install b-1.0-r0: bin/x is already a file of a-1.0-r0, and neither replaces the other's files: leave one of them out
			cannot install b-1.0-r0: bin/y is already a file of a-1.0-r0, and neither replaces the other's files: leave one of them out`,
	}, {
		name: "replaces with a version that does not hold",
		packages: []pkg{
			{Name: "a", Files: files{file("bin/x", "a")}},
			{Name: "b", Replaces: []string{"a<1"}, Files: files{file("bin/x", "b")}},
		},
		want: `cannot install b-1.0-r0: bin/x is already a file of a-1.0-r0, and neither replaces the other's files: leave one of them out`,
	}, {
		name:     "a file over a directory",
		packages: []pkg{{Name: "a", Files: files{dir("opt/x")}}, {Name: "b", Files: files{file("opt/x", "")}}},
		want:     `cannot install b-1.0-r0: opt/x is already a directory of a-1.0-r0`,
	}, {
		name:     "a directory with files over a file",
		packages: []pkg{{Name: "a", Files: files{file("opt/x", "")}}, {Name: "b", Replaces: []string{"a"}, Files: files{dir("opt/x"), file("opt/x/in", "")}}},
		want:     `cannot install b-1.0-r0: opt/x/in cannot be put into opt/x, which is not a directory but a file of a-1.0-r0`,
	}, {
		name:     "a directory over a dangling symlink",
		packages: []pkg{{Name: "a", Files: files{apktest.Symlink("opt/x", "../no")}}, {Name: "b", Files: files{dir("opt/x"), file("opt/x/in", "")}}},
		want:     `cannot install b-1.0-r0: opt/x/in cannot be put into opt/x, a symbolic link of a-1.0-r0 to ../no, which is no directory`,
	}, {
		name:     "a directory through a loop of symlinks",
		packages: []pkg{{Name: "a", Files: files{apktest.Symlink("opt/x", "x")}}, {Name: "b", Files: files{dir("opt/x"), file("opt/x/in", "")}}},
		want:     `cannot install b-1.0-r0: opt/x/in cannot be made: too many levels of symbolic links`,
	}, {
		name:     "no entry for the directory",
		packages: []pkg{{Name: "a", Exact: true, Files: files{file("opt/x", "")}}},
		want:     `cannot install a-1.0-r0: opt/x has no entry for its directory before it`,
	}, {
		name:     "a file twice",
		packages: []pkg{{Name: "a", Files: files{file("opt/x", "1"), file("opt/x", "2")}}},
		want:     `cannot install a-1.0-r0: it ships opt/x twice`,
	}, {
		name:     "a hard link to nothing of its own",
		packages: []pkg{{Name: "a", Files: files{file("opt/x", "1")}}, {Name: "b", Files: files{apktest.Hardlink("opt/y", "opt/x")}}},
		want:     `cannot install b-1.0-r0: opt/y is a hard link to opt/x, which it does not install before`,
	}, {
		name:     "a hard link to a symbolic link that leads nowhere yet",
		packages: []pkg{{Name: "a", Files: files{file("opt/z", ""), apktest.Symlink("opt/x", "z"), apktest.Hardlink("opt/y", "opt/x")}}},
		want:     `cannot install a-1.0-r0: opt/y is a hard link to opt/x, a symbolic link that leads nowhere yet`,
	}, {
		name:     "a symbolic link with special bits",
		packages: []pkg{{Name: "a", Files: files{apktest.Symlink("opt/x", "z").WithMode(0o1777)}}},
		want:     `cannot install a-1.0-r0: opt/x is a symbolic link of mode 1777, but none can be setuid, setgid or sticky`,
	}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := assemble.Compose(t.Context(), input(t, test.packages...))
			var fault *assemble.PackageError
			if !errors.As(err, &fault) {
				t.Fatalf("got %v, want a PackageError", err)
			}
			check(t, "error", err.Error()+"\n", lines(test.want)+"\n")
		})
	}
}
