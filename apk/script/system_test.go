package script_test

import (
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk/script"
)

func TestBusyboxInstall(t *testing.T) {
	root := newRoot(t)
	write(t, root, "etc/busybox-paths.d/busybox", "bin/cat\nbin/vi\nusr/bin/awk\nusr/sbin/httpd\nnowhere/x\n", 0o644)
	write(t, root, "usr/sbin/httpd", "another", 0o755)
	must(t, root, "rm /bin/cat; exec /bin/busybox --install -s")
	for path, want := range map[string]string{"bin/cat": "/bin/busybox", "bin/vi": "/bin/busybox", "usr/bin/awk": "/bin/busybox"} {
		if got, err := root.Readlink(path); err != nil || got != want {
			t.Errorf("%s -> %q, %v", path, got, err)
		}
	}
	if got := read(t, root, "usr/sbin/httpd"); got != "another" {
		t.Errorf("a file was replaced by a link: %q", got)
	}
}

// TestBusyboxExtras reads the applets out of the binary.
func TestBusyboxExtras(t *testing.T) {
	root := newRoot(t)
	write(t, root, "bin/busybox-extras", "\x7fELF\x00\x00usage\x00ftpget\x00ftpput\x00httpd\x00telnet\x00telnetd\x00\x00"+
		"\xff\xff\x33\x34\x04\xff", 0o755)
	must(t, root, "/bin/busybox-extras --install -s")
	for path, ok := range map[string]bool{
		"usr/bin/ftpget": true, "usr/bin/ftpput": true, "usr/sbin/httpd": true, "usr/bin/telnet": true, "usr/sbin/telnetd": true, "bin/httpd": false,
	} {
		if got, err := root.Readlink(path); (err == nil) != ok || ok && got != "/bin/busybox-extras" {
			t.Errorf("%s -> %q, %v", path, got, err)
		}
	}
	write(t, root, "bin/busybox-extras", "\x7fELF\x00nothing here", 0o755)
	if _, err := run(t, root, "busybox-extras --install -s"); err == nil || !strings.Contains(err.Error(), "does not tell its applets' paths") {
		t.Error(err)
	}
}

func TestBBSuid(t *testing.T) {
	root := newRoot(t)
	write(t, root, "bin/bbsuid", "\x7fELF\x00", 0o4755)
	write(t, root, "bin/mount", "another", 0o755)
	must(t, root, "ln -s /bin/busybox /bin/su; /bin/bbsuid --install")
	if got := read(t, root, "bin/mount"); got != "another" {
		t.Errorf("mount is %q", got)
	}
	for _, path := range []string{"bin/su", "usr/bin/passwd", "bin/umount"} {
		if got, err := root.Readlink(path); err != nil || got != "/bin/bbsuid" {
			t.Errorf("%s -> %q, %v", path, got, err)
		}
	}
}

func TestRCUpdate(t *testing.T) {
	root := newRoot(t)
	write(t, root, "sbin/rc-update", "\x7fELF\x00", 0o755)
	write(t, root, "etc/init.d/web", "", 0o755)
	mkdir(t, root, "etc/runlevels/default")
	mkdir(t, root, "etc/runlevels/sysinit")
	must(t, root, "rc-update add web default; rc-update add web; rc-update -q add web default")
	if got := listDir(t, root, "etc/runlevels/default") + listDir(t, root, "etc/runlevels/sysinit"); got != "web -> /etc/init.d/web\nweb -> /etc/init.d/web\n" {
		t.Error(got)
	}
	must(t, root, "rc-update del web default")
	if got := listDir(t, root, "etc/runlevels/default"); got != "" {
		t.Error(got)
	}
	for _, text := range []string{"rc-update add nosuch default", "rc-update add web nosuch", "rc-update del web default"} {
		if _, err := run(t, root, text); err == nil {
			t.Errorf("%s succeeded", text)
		}
	}
}

func TestSystemCommands(t *testing.T) {
	root := newRoot(t)
	write(t, root, "sbin/apk", "\x7fELF\x00", 0o755)
	write(t, root, "sbin/udevadm", "\x7fELF\x00", 0o755)
	for _, c := range []struct{ script, want string }{
		{"apk --print-arch", "x86_64\n"},
		{"apk version -t 1.2-r0 1.10-r0; apk version -t 1-r1 1-r1; apk version -t 2 1", "<\n=\n>\n"},
		{"uname -m", "x86_64\n"},
		{"date +%F' '%s", "2024-10-04 1728000000\n"},
		{"date -u", "Fri Oct  4 00:00:00 UTC 2024\n"},
		{"udevadm control --reload && modprobe x && depmod && echo fine", "fine\n"},
		{"kill 1 || killall x || echo none", "none\n"},
		{"echo $0 $1 $#; echo $APK_SCRIPT $APK_PACKAGE $PATH", "lib/apk/exec/test-1-r0.post-install 1-r0 1\npost-install test /usr/sbin:/usr/bin:/sbin:/bin\n"},
		{"env", "APK_PACKAGE=test\nAPK_SCRIPT=post-install\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n"},
		{"cat; read x || echo empty", "empty\n"},
		{"echo a | tee /dev/stderr; echo b > /dev/stdout; cat /dev/null", "a\na\nb\n"},
		{"[ -c /dev/null ] && cp /dev/null /tmp/n && stat -c '%s %a' /tmp/n", "0 644\n"},
		{"cat /dev/tty || echo none", "cat: /dev/tty: No such device or address\nnone\n"},
	} {
		if got := must(t, root, c.script, "1-r0"); got != c.want {
			t.Errorf("%s: got %q, want %q", c.script, got, c.want)
		}
	}
	r := &script.Runner{}
	if err := runWith(r, root, "apk --print-arch"); err == nil {
		t.Error("an architecture was printed that nobody gave")
	}
}

// TestCapability: a file that is written or given away loses its capabilities.
func TestCapability(t *testing.T) {
	root := newRoot(t)
	for _, text := range []string{"chown nobody /bin/ping", "echo x >> /bin/ping", "chgrp bin /bin/ping", ": > /bin/ping"} {
		shared := map[string]string{"security.capability": "x", "user.a": "b"}
		write(t, root, "bin/ping", "ping", 0o755).Xattrs = shared
		must(t, root, text)
		n, err := root.Stat("bin/ping")
		if err != nil || len(n.Xattrs) != 1 || len(shared) != 2 {
			t.Errorf("%s: left %v of %v, %v", text, n.Xattrs, shared, err)
		}
	}
}

// TestContentIsShared: what scripts write never changes content that a package
// or another file has.
func TestContentIsShared(t *testing.T) {
	root := newRoot(t)
	write(t, root, "etc/a", "one\n", 0o644)
	must(t, root, `cp /etc/a /etc/b; echo two >> /etc/a; cp /etc/a /etc/c; echo three >> /etc/a
exec 3>>/etc/d; echo x >&3; cp /etc/d /etc/e; echo y >&3; echo z > /etc/d; echo w >&3`)
	for path, want := range map[string]string{
		"etc/a": "one\ntwo\nthree\n", "etc/b": "one\n", "etc/c": "one\ntwo\n", "etc/e": "x\n", "etc/d": "z\nw\n",
	} {
		if got := read(t, root, path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
