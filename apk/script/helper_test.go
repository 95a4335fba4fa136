package script_test

import (
	"context"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk/script"
	"github.com/mkimage/mkimage/assemble/tree"
)

// applets are the commands that the test's root has as links to busybox.
const applets = `bin/ash bin/cat bin/chgrp bin/chmod bin/chown bin/cp bin/date bin/echo bin/egrep bin/false bin/fgrep
bin/grep bin/kill bin/ln bin/ls bin/mkdir bin/mv bin/printenv bin/pwd bin/rm bin/rmdir bin/run-parts bin/sed bin/sh bin/sleep
bin/stat bin/sync bin/touch bin/true bin/uname bin/usleep sbin/depmod sbin/modprobe usr/bin/[ usr/bin/[[ usr/bin/awk
usr/bin/basename usr/bin/cmp usr/bin/comm usr/bin/cut usr/bin/diff usr/bin/dirname usr/bin/env usr/bin/expr usr/bin/find
usr/bin/getent usr/bin/head usr/bin/id usr/bin/install usr/bin/killall usr/bin/mkfifo bin/mknod usr/bin/nproc usr/bin/passwd usr/bin/printf
usr/bin/readlink usr/bin/realpath usr/bin/seq usr/bin/sort usr/bin/tail usr/bin/tee usr/bin/test usr/bin/tr usr/bin/uniq
usr/bin/unlink usr/bin/wc usr/bin/which usr/bin/whoami usr/bin/xargs usr/sbin/add-shell usr/sbin/addgroup usr/sbin/adduser
usr/sbin/delgroup usr/sbin/deluser usr/sbin/remove-shell`

// newRoot returns a root with a busybox and a few accounts.
func newRoot(t testing.TB) *tree.Tree {
	t.Helper()
	root := tree.New()
	for _, dir := range []string{"bin", "sbin", "usr/bin", "usr/sbin", "usr/lib", "etc", "home", "lib", "root", "run", "var", "dev"} {
		mkdir(t, root, dir)
	}
	tmp := mkdir(t, root, "tmp")
	tmp.Mode = 0o1777
	write(t, root, "bin/busybox", "\x7fELF\x00 busybox", 0o755)
	for _, name := range strings.Fields(applets) {
		if _, err := root.Symlink("/bin/busybox", name); err != nil {
			t.Fatal(err)
		}
	}
	write(t, root, "etc/passwd", `root:x:0:0:root:/root:/bin/sh
bin:x:1:1:bin:/bin:/sbin/nologin
daemon:x:2:2:daemon:/sbin:/sbin/nologin
nobody:x:65534:65534:nobody:/:/sbin/nologin
`, 0o644)
	write(t, root, "etc/group", `root:x:0:root
bin:x:1:root,bin,daemon
daemon:x:2:root,bin,daemon
wheel:x:10:root
audio:x:18:
shadow:x:42:
nogroup:x:65533:
nobody:x:65534:
`, 0o644)
	shadow := write(t, root, "etc/shadow", "root:*::0:::::\nbin:!::0:::::\ndaemon:!::0:::::\nnobody:!::0:::::\n", 0o640)
	shadow.GID = 42
	write(t, root, "etc/shells", "# valid login shells\n/bin/sh\n/bin/ash\n", 0o644)
	write(t, root, "etc/hostname", "localhost\n", 0o644)
	return root
}

func mkdir(t testing.TB, root *tree.Tree, path string) *tree.Node {
	t.Helper()
	n, err := root.MkdirAll(path, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// write makes a file, and the folders above it.
func write(t testing.TB, root *tree.Tree, path, text string, mode uint32) *tree.Node {
	t.Helper()
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		mkdir(t, root, path[:i])
	}
	n, err := root.WriteFile(path, tree.Bytes(text), mode)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func read(t testing.TB, root *tree.Tree, path string) string {
	t.Helper()
	b, err := root.ReadFile(path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// day is the day of the runner's time, in days since 1970.
const day = 20000

// run runs a script of the package test-1-r0 and returns what it writes.
func run(t testing.TB, root *tree.Tree, text string, args ...string) (output string, err error) {
	t.Helper()
	var out strings.Builder
	err = runWith(&script.Runner{Arch: "x86_64", Now: day * 86400, Output: &out}, root, text, args...)
	return out.String(), err
}

func runWith(r *script.Runner, root *tree.Tree, text string, args ...string) error {
	if !strings.HasPrefix(text, "#!") {
		text = "#!/bin/sh\n" + text
	}
	return r.Run(context.Background(), root, script.Script{
		Package: "test", Version: "1-r0", Kind: script.PostInstall, Text: []byte(text), Args: args,
	})
}

// must runs a script that has to succeed.
func must(t testing.TB, root *tree.Tree, text string, args ...string) string {
	t.Helper()
	out, err := run(t, root, text, args...)
	if err != nil {
		t.Fatalf("%v\noutput:\n%s", err, out)
	}
	return out
}
