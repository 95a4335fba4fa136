package script_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk/script"
)

// hostile asks for the host in every way that a script has.
func hostile() []string {
	return []string{
		"cat /etc/passwd /etc/shadow /proc/self/environ /proc/self/status",
		"ls / /proc /root /home; cd /proc/self && pwd -P",
		"echo x > /escape; echo x > ../../../escape; echo x > /etc/../../escape",
		"ln -s / /up; cat /up/../../etc/hostname; ls -d /up/../../../*",
		"for f in /* /*/* /proc/*/*; do [ -e \"$f\" ] && cat \"$f\"; done",
		"[ -f /etc/os-release ] && . /etc/os-release; . os-release; source /etc/profile; echo $ID",
		"command -v go bash python3; type go; hash go; which go; command -V cat",
		"go version; bash -c id; /usr/bin/python3 -c 1; exec /bin/bash",
		"[ -O /etc/passwd ]; [ -G /etc/passwd ]; [ -t 0 ]; [ -r /etc/shadow ]; test -S /run/docker.sock",
		"[[ -O /etc/passwd ]]; [[ -t 1 ]]; [[ -e /etc/os-release ]]",
		"echo ~root ~nobody ~daemon ~; cd ~; echo $HOME $USER $PATH $SHELL $HOSTNAME",
		"echo $$", "echo $PPID", "echo $UID", "echo $RANDOM", "cat <(ls /)", "echo $((RANDOM))",
		"eval 'cat /etc/os-release'; trap 'cat /etc/os-release' EXIT",
		"sh -c 'cat /etc/os-release; ls /proc'; busybox sh -c 'id'",
		"find / -maxdepth 2 -name '*release*' -exec cat {} \\;",
		"cp /etc/os-release /tmp/; cp -a /proc /tmp/p; mv /etc/os-release /x; rm -rf /proc /sys",
		"exec 3</etc/os-release; cat <&3; read x < /etc/os-release; echo $x",
		"cat /dev/random", "cat /dev/tty; echo x > /dev/tty; echo y > /dev/console",
		"cat /dev/fd/3 /dev/fd/0 /dev/stdin /proc/self/fd/0",
		"mkfifo /tmp/f; cat /tmp/f", "sleep 1 & wait; kill -9 1; kill -9 -1; killall -9 init; pkill .",
		"sed -i s/a/b/ /etc/os-release; sed 'r /etc/os-release' /etc/hostname; sed 'w /escape' /etc/hostname",
		"grep -r root /etc /proc; sort /etc/os-release; install -D /etc/os-release /tmp/x/y",
		"date; uname -a; uname -m; id; hostname; whoami; getent passwd; getent hosts localhost; nproc",
		"adduser -D -h /root/x y; addgroup z; passwd -l root; deluser nobody; chown -R nobody /",
		"TMPDIR=/tmp mktemp; umask 0; ulimit -n; times; jobs; mapfile x < /etc/hostname",
		"cat <<EOF\n$(cat /etc/os-release)\nEOF\n",
		"echo a | cat | sort | tee /escape2 | wc",
		"PATH=/usr/local/go/bin:/usr/bin; go env; PATH=; ls; env -i ls",
		"cd /../../..; pwd; cat etc/os-release; cd -",
	}
}

// hostileChild names the variable that makes TestStraceChild do its work.
const hostileChild = "MKIMAGE_TEST_HOSTILE"

// The marks around the part of the child that must not touch the host.
const (
	markBegin = "scripts begin\n"
	markEnd   = "scripts end\n"
)

// TestStraceChild is not a test: it is the process that TestNoHostAccess traces.
func TestStraceChild(t *testing.T) {
	if os.Getenv(hostileChild) == "" {
		t.Skip("runs under strace only")
	}
	var recordedScripts []string
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for _, c := range readRecorded(t, file) {
			recordedScripts = append(recordedScripts, c.script)
		}
	}
	os.Stdout.WriteString(markBegin)
	for _, text := range append(hostile(), recordedScripts...) {
		r := &script.Runner{Arch: "x86_64", MaxSteps: 100_000}
		_ = runWith(r, newRoot(t), text) // most of them fail
	}
	os.Stdout.WriteString(markEnd)
}

// TestNoHostAccess traces a process that runs hostile scripts and finds no
// system call in it that opens, looks at or starts anything.
func TestNoHostAccess(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("strace is not installed")
		}
		t.Skip("strace is not installed")
	}
	log := filepath.Join(t.TempDir(), "log")
	// The calls that take a path, reach a network, start a program, make a
	// pipe, or ask who and where the process is. Threads are Go's own.
	calls := "%file,%network,execve,execveat,fork,vfork,pipe,pipe2,getppid,getuid,geteuid,getgid,getegid,uname,chdir,write"
	cmd := exec.Command(strace, "-f", "-s", "64", "-o", log, "-e", "trace="+calls,
		os.Args[0], "-test.run=^TestStraceChild$", "-test.count=1")
	cmd.Env = append(os.Environ(), hostileChild+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		if os.Getenv("CI") != "true" && strings.Contains(string(out), "ptrace") {
			t.Skipf("strace may not trace here: %s", out)
		}
		t.Fatalf("%v\n%s", err, out)
	}
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// Bytes written to Go's own wake-up descriptors are no access to a host.
	wake := regexp.MustCompile(`write\(\d+, "(\\0|\\1\\0\\0\\0\\0\\0\\0\\0)", \d\)|resumed|--- SIG|\+\+\+ `)
	state := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		switch {
		case strings.Contains(line, `"scripts begin`):
			state = 1
		case strings.Contains(line, `"scripts end`):
			state = 2
		case state == 1 && !wake.MatchString(line):
			t.Errorf("a script reached the host: %s", line)
		}
	}
	if state != 2 {
		t.Error("the trace does not hold the scripts")
	}
}
