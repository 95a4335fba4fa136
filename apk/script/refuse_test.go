package script_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk/script"
	"github.com/mkimage/mkimage/assemble/tree"
)

// TestUnsupported: what is refused, whatever the script would make of it.
func TestUnsupported(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		// Values that differ from one run or host to the next.
		{"echo $$", "$$ differs in every run"},
		{"x=$(echo $PPID)", "$PPID differs from"},
		{"[ $UID = 0 ] || echo no", "$UID differs from"},
		{"echo $RANDOM", "$RANDOM differs from"},
		{"x=RANDOM; echo $((x))", "$RANDOM differs from"},
		{"sleep 1 & echo $!", "$! differs in every run"},
		{"eval 'echo $$'", "$$ differs in every run"},
		{"trap 'echo $$' EXIT", "$$ differs in every run"},
		{"head -c 8 /dev/urandom", "opens /dev/urandom"},
		{"cat < /dev/zero", "opens /dev/zero"},
		{"[ /etc/passwd -nt /etc/group ]", "compares file times"},
		// Syntax that ash lacks.
		{"cat <(echo a)", "process substitution is not in the shell of Alpine"},
		{"a=(1 2)", "an array is not in"},
		{"x+=1", "an array or += assignment is not in"},
		{"cat <<< x", "<<< is not in"},
		{"echo ${!x}", "${!...} or an array element is not in"},
		{"echo ${x^^}", "${...^^} is not in"},
		{"for ((i=0; i<3; i++)); do :; done", "an arithmetic for loop is not in"},
		{"select x in a; do :; done", "select is not in"},
		{"echo @(a|b)", "an extended pattern is not in"},
		{"declare x=1", "declare is not in"},
		{"echo a |& cat", "|& is not in"},
		{"if true; then", "cannot read it"},
		{"eval 'if true'", "cannot read it"},
		{"echo '", "cannot read it"},
		// Commands, options and constructs that are not done here.
		{"/usr/bin/fc-cache", "line 2: /usr/bin/fc-cache is not a command mkimage knows"},
		{"true\nfc-cache -f 2>/dev/null || true", "line 3: fc-cache is not a command mkimage knows"},
		{"x=$(fc-cache); echo hidden", "fc-cache is not a command mkimage knows"},
		{"(fc-cache) | cat", "fc-cache is not a command mkimage knows"},
		{"echo a | xargs fc-cache", "fc-cache is not a command mkimage knows"},
		{"find /etc -name passwd -exec fc-cache {} ';'", "fc-cache is not a command mkimage knows"},
		{"f() { fc-cache; }; f || true", "fc-cache is not a command mkimage knows"},
		{"printf 'a\\n' | awk '{print}'", "awk is not a command mkimage knows"},
		{"busybox awk 1", "awk is not a command mkimage knows"},
		{"python-script", "python-script is not a command mkimage knows"},
		{"cp --weird a b", "cp has no such option as --weird"},
		{"sed -n l /etc/passwd", `sed has no command "l"`},
		{"echo aa | grep '\\(a\\)\\1'", "grep has no back-references"},
		{"sed 's/a/b/e' /etc/passwd", `sed has no flag "e"`},
		{"diff /etc/passwd /etc/group", "diff shows no differences"},
		{"adduser x", "adduser asks for a password"},
		{"ls -l", "ls has no such option as -l"},
		{"IFS=:; x=a::b; for i in $x; do :; done", "$IFS splits"},
	} {
		root := newRoot(t)
		write(t, root, "usr/bin/fc-cache", "\x7fELF\x00", 0o755)
		write(t, root, "usr/bin/python-script", "#!/usr/bin/python3\n", 0o755)
		write(t, root, "etc/busybox-paths.d/busybox", "usr/bin/awk\nbin/sh\n", 0o644)
		_, err := run(t, root, c.script)
		var unsupported *script.Unsupported
		if !errors.As(err, &unsupported) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n got %v\nwant %s", c.script, err, c.want)
		}
	}
}

func TestUnsupportedMessage(t *testing.T) {
	root := newRoot(t)
	write(t, root, "usr/bin/fc-cache", "\x7fELF\x00", 0o755)
	_, err := run(t, root, "\nfc-cache -f")
	want := "cannot run the post-install script of test-1-r0: line 3: fc-cache is not a command mkimage knows; " +
		"skip it with `apk: scripts: {\"test\": \"skip\"}` and declare in the spec the files that it would make"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestFailed(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"exit 3", "cannot install test-1-r0: its post-install script ended with status 3"},
		{"echo note >&2; rm /nope", "ended with status 1: rm: can't remove '/nope': No such file or directory"},
		{"fc-cache", "ended with status 127: fc-cache: not found"},
		{"set -u; echo $nope", "ended with status 2: lib/apk/exec/test-1-r0.post-install: line 2: nope: unbound variable"},
		{"#!/bin/nosh\n", "ended with status 127: its interpreter is not in the image"},
	} {
		root := newRoot(t)
		if strings.HasPrefix(c.script, "#!") {
			c.script = "#!/bin/bash\n"
			c.want = "ended with status 127: its interpreter is not in the image"
		}
		_, err := run(t, root, c.script)
		var failed *script.Failed
		if !errors.As(err, &failed) || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s\n got %v\nwant %s", c.script, err, c.want)
		}
	}
}

func TestInterpreter(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"#!/bin/sh", ""},
		{"#! /bin/sh", ""},
		{"#!/bin/busybox sh", ""},
		{"#!/bin/ash", ""},
		{"#!/bin/sh -e", "status 1"},
		{"#!/usr/bin/perl", "/usr/bin/perl is not an interpreter mkimage knows"},
		{"#!/usr/bin/env sh", "/usr/bin/env sh is not an interpreter mkimage knows"},
		{"#!", "the interpreter line is not understood"},
		{"#!/bin/busybox awk", "/bin/busybox awk is not an interpreter mkimage knows"},
	} {
		_, err := run(t, newRoot(t), c.line+"\nfalse\ntrue\n")
		if got := fmt.Sprint(err); (c.want == "") != (err == nil) || !strings.Contains(got, c.want) {
			t.Errorf("%q: got %v, want %q", c.line, err, c.want)
		}
	}
	r := &script.Runner{}
	if err := r.Run(t.Context(), newRoot(t), script.Script{Text: []byte("true")}); err == nil || !strings.Contains(err.Error(), "no interpreter line") {
		t.Error(err)
	}
}

// TestLimits: every way to use up steps, bytes or depth ends.
func TestLimits(t *testing.T) {
	for _, text := range []string{
		"while :; do :; done",
		"until false; do true; done",
		"f() { f; }; f",
		"f() { f | f; }; f",
		"x=aaaaaaaa; while :; do x=$x$x; done",
		"x=aaaaaaaa; while :; do x=\"$x $x\"; set -- $x; done",
		"while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaa >> /tmp/a; done",
		"echo a > /tmp/a; while :; do cat /tmp/a /tmp/a > /tmp/b; mv /tmp/b /tmp/a; done",
		"seq 1 100000000",
		"printf '%1000000000s' x",
		"eval 'eval \"$(cat /tmp/e)\"'; echo 'eval \"$(cat /tmp/e)\"' > /tmp/e; . /tmp/e",
		"echo '. /tmp/s' > /tmp/s; . /tmp/s",
		"printf '#!/bin/sh\\n/tmp/s\\n' > /tmp/s; chmod +x /tmp/s; /tmp/s",
		"echo a | sed ':a;ba'",
		"echo a | sed ':a;s/a/aa/g;ta'",
		"echo a | sed ':a;G;h;ba'",
		"x=$(while :; do echo aaaaaaaaaaaaa; done)",
		"while :; do echo a; done | head -n 1",
		"for i in $(seq 100000); do for j in $(seq 100000); do :; done; done",
		"mkdir -p /tmp/a/b/c/d; while :; do cp -r /tmp/a /tmp/b; mv /tmp/b /tmp/a/; done",
		"x=$(printf '%4000s' x); y=$x$x$x$x$x$x$x$x; while :; do y=${y//x/$y}; done",
		"test " + strings.Repeat("'(' ", 5000),
		strings.Repeat("( ", 5000) + "true" + strings.Repeat(" )", 5000),
		strings.Repeat("echo $(", 3000) + "true" + strings.Repeat(")", 3000),
		strings.Repeat("# comment\n", 100000),
		"alias a=a; a",
	} {
		r := &script.Runner{MaxSteps: 20000, MaxBytes: 4 << 20}
		err := runWith(r, newRoot(t), text)
		var limit *script.Limit
		var unsupported *script.Unsupported
		if !errors.As(err, &limit) && !errors.As(err, &unsupported) {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

func TestContextEnds(t *testing.T) {
	r := &script.Runner{MaxSteps: 1 << 40, Timeout: 1}
	if err := runWith(r, newRoot(t), "while :; do :; done"); err == nil {
		t.Error("an endless script ended")
	}
}

// TestSameTreeEveryTime: a script that does a bit of everything gives one tree.
func TestSameTreeEveryTime(t *testing.T) {
	text := `
	for u in a b c; do adduser -S -D -h /var/$u $u & done; wait
	find / -type d | while read d; do echo "$d" | sed 's,/,_,g' >> /tmp/list; done
	echo "$(date) $(env) $(umask)" > /tmp/facts
	ls /usr/bin | sort -r | tee /tmp/names | wc -l
	`
	first := ""
	for range 5 {
		root := newRoot(t)
		must(t, root, text)
		if got := dump(t, root); first == "" {
			first = got
		} else if got != first {
			t.Fatalf("two trees:\n%s\n%s", first, got)
		}
	}
}

// dump shows a tree as text.
func dump(t testing.TB, root *tree.Tree) string {
	var b strings.Builder
	if err := root.Walk(func(path string, n *tree.Node) error {
		fmt.Fprintf(&b, "%s %d %o %d:%d %q", path, n.Kind, n.Mode, n.UID, n.GID, n.Target)
		if n.Kind == tree.File {
			fmt.Fprintf(&b, " %q", read(t, root, path))
		}
		b.WriteByte('\n')
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
