package spec_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/spec"
)

// load returns the one image of app.cue with the given text.
func load(t *testing.T, text string, tags ...string) *spec.Image {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, map[string]string{"app.cue": text})
	images, err := spec.Load(spec.Source{Dir: dir, Args: []string{"app.cue"}, Tags: tags})
	if err != nil {
		t.Fatalf("%s\nin\n%s", err, text)
	}
	if len(images) != 1 {
		t.Fatalf("got %d images", len(images))
	}
	return images[0]
}

// describe returns what the image holds, without positions, one value a
// line; values that are absent are left out.
func describe(img *spec.Image) string {
	var b strings.Builder
	line := func(name string, values ...any) {
		if s := strings.TrimRight(fmt.Sprintln(values...), "\n "); s != "" && s != "[]" {
			fmt.Fprintf(&b, "%s %s\n", name, s)
		}
	}
	rel := func(p spec.Path) string {
		s, err := filepath.Rel(img.Dir, p.Abs)
		if err != nil || p.Abs == "" {
			return ""
		}
		return filepath.ToSlash(s)
	}
	pairs := func(name string, list []spec.Pair) {
		for _, p := range list {
			line(name, p.Name+"="+p.Value)
		}
	}
	line("name", img.Name)
	line("tags", img.Tags)
	for _, p := range img.Platforms {
		line("platform", p)
	}
	if g := img.Go; g != nil {
		line("go", rel(g.Package)+g.ImportPath, g.Path, g.Ldflags, g.Tags)
		pairs("go.env", g.Env)
	}
	if p := img.Binary; p != nil {
		for _, platform := range img.Platforms {
			line("binary", rel(p.For(platform)), p.Path)
		}
	}
	if a := img.APK; a != nil {
		for _, r := range a.Repositories {
			line("repository", "@"+r.Tag, r.URL+rel(r.Dir))
		}
		for _, k := range a.Keys {
			line("key", rel(k))
		}
		line("packages", a.Packages)
		pairs("scripts", a.Scripts)
	}
	for _, f := range img.Files {
		mode := ""
		if f.Mode.Set {
			mode = fmt.Sprintf("%04o", f.Mode.Bits)
		}
		line("file", f.Path, f.Kind, string(f.Content)+rel(f.Source)+f.Target.Value, f.Ignore, mode, f.Owner.User+":"+f.Owner.Group)
	}
	describeProcess(img, line, pairs)
	return b.String()
}

// describeProcess adds the accounts and the config to describe.
func describeProcess(img *spec.Image, line func(string, ...any), pairs func(string, []spec.Pair)) {
	for _, u := range img.Users {
		line("user", u.Name, u.UID, u.GID, u.Groups, u.Home, u.Shell, u.Gecos)
	}
	for _, g := range img.Groups {
		line("group", g.Name, g.GID, g.Members)
	}
	line("process", img.User.User+":"+img.User.Group)
	pairs("env", img.Env)
	line("entrypoint", img.Entrypoint)
	line("cmd", img.Cmd)
	line("workdir", img.Workdir)
	line("ports", img.Ports)
	line("volumes", img.Volumes)
	pairs("label", img.Labels)
	pairs("annotation", img.Annotations)
	line("stopSignal", img.StopSignal)
	if h := img.Healthcheck; h != nil {
		line("healthcheck", h.Test, h.Interval, h.Timeout, h.StartPeriod, h.StartInterval, h.Retries)
	}
}

// machine is the platform of an image that names none.
const machine = "platform linux/" + runtime.GOARCH + "\n"

// nonroot are the lines of the default user.
const nonroot = "user nonroot 65532 65532 [] / /sbin/nologin\ngroup nonroot 65532 []\nprocess nonroot:\n"

func TestImages(t *testing.T) {
	tests := []struct{ title, spec, want string }{
		{"the least", `name: "web"`, "name web\n" + machine + nonroot},
		{
			"everything", `
name: "ghcr.io/acme/web"
tags: ["1.4.2", "1.4"]
platforms: ["linux/amd64", "linux/arm", "linux/arm64/v8"]
go: {package: "./cmd/web", ldflags: ["-s", "-w"], tags: ["netgo"], env: GOEXPERIMENT: "x"}
binary: {source: "dist/tool-{os}-{arch}{variant}", path: "/usr/bin/tool"}
apk: {
	repositories: ["https://example.com/v3.22/main/", "@edge  https://example.com/edge", "@here packages", "/srv/packages"]
	keys: ["keys/acme.rsa.pub"]
	packages: ["nginx~1.26", "openssl>=3", "tool@edge", "!busybox", "so:libz.so.1"]
	scripts: fontconfig: "skip"
}
files: {
	"/srv/www": {source: "public", ignore: ["*.map", "drafts/"], owner: "web:web", mode: "644"}
	"/etc/web/config.yaml": content: "listen: 8080"
	"/etc/raw": content: 'bytes'
	"/var/lib/web": {directory: true, mode: "04750", owner: 10001}
	"/usr/local/bin/web": symlink: "../../bin/web"
	"/srv/www/index.html": content: "over the tree"
}
users: web: {uid: 10001, home: "/var/lib/web", groups: ["media"]}
users: ops: {uid: 10002, gid: 20001, shell: "/bin/sh", gecos: "Operations"}
groups: media: {gid: 20001, members: ["ops"]}
user: "web:media"
env: {PORT: "8080", A: ""}
cmd: ["--config", ""]
workdir: "/srv"
ports: ["8080", "53/udp"]
volumes: ["/var/lib/web"]
labels: "a.b": "c"
annotations: d: "e"
stopSignal: "SIGRTMIN+3"
healthcheck: {test: ["CMD-SHELL", "true"], interval: "1m30s", timeout: "5s", startPeriod: "0s", startInterval: "1s", retries: 2}
`, `name ghcr.io/acme/web
tags [1.4.2 1.4]
platform linux/amd64
platform linux/arm/v7
platform linux/arm64
go cmd/web /usr/bin/web [-s -w] [netgo]
go.env GOEXPERIMENT=x
binary dist/tool-linux-amd64 /usr/bin/tool
binary dist/tool-linux-armv7 /usr/bin/tool
binary dist/tool-linux-arm64 /usr/bin/tool
repository @ https://example.com/v3.22/main
repository @edge https://example.com/edge
repository @here packages
repository @ OUTSIDE
key keys/acme.rsa.pub
packages [nginx~1.26 openssl>=3 tool@edge !busybox so:libz.so.1]
scripts fontconfig=skip
file /etc/raw content bytes []  :
file /etc/web/config.yaml content listen: 8080 []  :
file /srv/www source public [*.map drafts/] 0644 web:web
file /srv/www/index.html content over the tree []  :
file /usr/local/bin/web symlink ../../bin/web []  :
file /var/lib/web directory  [] 4750 10001:
user ops 10002 20001 [] / /bin/sh Operations
user web 10001 10001 [media] /var/lib/web /sbin/nologin
group media 20001 [ops web]
group web 10001 []
process web:media
env A=
env PORT=8080
entrypoint [/usr/bin/web]
cmd [--config ]
workdir /srv
ports [8080/tcp 53/udp]
volumes [/var/lib/web]
label a.b=c
annotation d=e
stopSignal SIGRTMIN+3
healthcheck [CMD-SHELL true] 1m30s 5s 0s 1s 2
`,
		},
		{"root adds nothing", "name: \"a/b\"\nuser: \"root\"", "name a/b\n" + machine + "process root:\n"},
		{"an id adds nothing", "name: \"a/b\"\nuser: 10001", "name a/b\n" + machine + "process 10001:\n"},
		{"nonroot by name", "name: \"a/b\"\nuser: \"nonroot\"", "name a/b\n" + machine + nonroot},
		{
			"nonroot declared", "name: \"a/b\"\nusers: nonroot: {uid: 7, home: \"/h\"}",
			"name a/b\n" + machine + "user nonroot 7 7 [] /h /sbin/nologin\ngroup nonroot 7 []\nprocess nonroot:\n",
		},
		{
			"a group with the user's name", "name: \"a/b\"\nusers: web: uid: 7\ngroups: web: gid: 9\nuser: \"web\"",
			"name a/b\n" + machine + "user web 7 9 [] / /sbin/nologin\ngroup web 9 []\nprocess web:\n",
		},
		{
			"accounts of packages", "name: \"a/b\"\nuser: \"nginx\"\napk: {repositories: [\"https://x.org/y\"], packages: [\"nginx\"]}\nfiles: \"/a\": {directory: true, owner: \"nginx:www-data\"}",
			"name a/b\n" + machine + "repository @ https://x.org/y\npackages [nginx]\nfile /a directory  []  nginx:www-data\nprocess nginx:\n",
		},
		{
			"program by import path", "name: \"a/b\"\nuser: \"root\"\ngo: package: \"example.com/tool/v2\"",
			"name a/b\n" + machine + "go example.com/tool/v2 /usr/bin/tool [] []\nprocess root:\nentrypoint [/usr/bin/tool]\n",
		},
		{
			"entrypoint of a binary", "name: \"a/b\"\nuser: \"root\"\nbinary: {source: \"x\", path: \"/x\"}",
			"name a/b\n" + machine + "binary x /x\nprocess root:\nentrypoint [/x]\n",
		},
		{
			"no entrypoint", "name: \"a/b\"\nuser: \"root\"\nbinary: {source: \"x\", path: \"/x\"}\nentrypoint: []",
			"name a/b\n" + machine + "binary x /x\nprocess root:\n",
		},
		{
			"no healthcheck", "name: \"a/b\"\nuser: \"root\"\nhealthcheck: test: [\"NONE\"]",
			"name a/b\n" + machine + "process root:\nhealthcheck [NONE] 0s 0s 0s 0s 0\n",
		},
		{
			"the language", `
import "strings"

_env: "staging" | *"production"
_hosts: ["a", "b"]
#Web: {name: string, user: *"root" | string, ...}
#Web
name: strings.ToLower("Acme/") + _env
for h in _hosts {files: "/etc/\(h)": content: h}
if _env == "production" {labels: env: _env}
env: [=~"^P"]: =~"^[0-9]+$"
env: PORT: *"8080" | string
`, "name acme/production\n" + machine + "file /etc/a content a []  :\nfile /etc/b content b []  :\nprocess root:\nenv PORT=8080\nlabel env=production\n",
		},
	}
	for _, c := range tests {
		t.Run(c.title, func(t *testing.T) {
			got := describe(load(t, c.spec))
			// The one absolute path is elsewhere for each temporary folder.
			for _, l := range strings.Split(got, "\n") {
				if strings.HasPrefix(l, "repository @ ..") {
					got = strings.Replace(got, l, "repository @ OUTSIDE", 1)
				}
			}
			if got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

// TestPositions checks where later faults will point to.
func TestPositions(t *testing.T) {
	img := load(t, `name: "a/b"
_www: source: "public"
_pkg: "nginx"
apk: {repositories: [
	"packages",
], keys: ["k.pub"], packages: ["jq",
	_pkg]}
files: {"/srv": _www
	"/b": {directory: true, mode: "0700",
		owner: "web"}}
users:
	web: uid: 5
user: "web"
platforms: ["linux/amd64"]
entrypoint: ["/x", "y"]
`)
	tests := []struct {
		what string
		got  spec.Pos
		want string
	}{
		{"name", img.Name.Pos, "1:7"},
		{"apk", img.APK.Pos, "4:1"},
		{"repository", img.APK.Repositories[0].Pos, "5:2"},
		{"key", img.APK.Keys[0].Pos, "6:11"},
		{"package", img.APK.Packages[0].Pos, "6:32"},
		{"package by reference", img.APK.Packages[1].Pos, "3:7"},
		{"file", img.Files[1].Pos, "8:9"},
		{"source", img.Files[1].Source.Pos, "2:15"},
		{"mode", img.Files[0].Mode.Pos, "9:32"},
		{"owner", img.Files[0].Owner.Pos, "10:10"},
		{"account", img.Users[0].Pos, "12:2"},
		{"user", img.User.Pos, "13:7"},
		{"platform", img.Platforms[0].Pos, "14:13"},
		{"argument", img.Entrypoint[1].Pos, "15:20"},
	}
	for _, c := range tests {
		if got := c.got.String(); got != "app.cue:"+c.want {
			t.Errorf("%s is at %s, want %s", c.what, got, c.want)
		}
	}
}

// TestPathsOfTheirFiles checks that a path is taken from the folder of the
// file that writes it, whichever file uses it.
func TestPathsOfTheirFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"cue.mod/module.cue": "module: \"example.com/m@v0\"\nlanguage: version: \"v0.9.0\"\n",
		"base/base.cue":      "package base\n#Base: {files: {\"/motd\": source: \"motd\", ...}, apk: keys: [\"k.pub\"], ...}\nfile: \"shared\"",
		"web/web.cue":        "import \"example.com/m/base\"\nname: \"a/b\"\nbase.#Base\nfiles: {\"/a\": source: \"a\", \"/b\": source: base.file}\ngo: package: \"..\"",
		"more.yaml":          "files:\n  /c:\n    source: c\n",
	})
	images, err := spec.Load(spec.Source{Dir: dir, Args: []string{"web/web.cue", "more.yaml"}})
	if err != nil {
		t.Fatal(err)
	}
	img := images[0]
	want := map[string]string{"/a": "web/a", "/b": "base/shared", "/c": "c", "/motd": "base/motd"}
	for _, f := range img.Files {
		if got, err := filepath.Rel(dir, f.Source.Abs); err != nil || filepath.ToSlash(got) != want[f.Path] {
			t.Errorf("the source of %s is %s (%v), want %s", f.Path, got, err, want[f.Path])
		}
	}
	if got := img.APK.Keys[0].Abs; got != filepath.Join(dir, "base", "k.pub") {
		t.Errorf("the key is %s", got)
	}
	if img.Go.Package.Abs != dir || img.Go.Dir != filepath.Join(dir, "web") || img.Dir != filepath.Join(dir, "web") {
		t.Errorf("the package is %s, built from %s; the spec's folder is %s", img.Go.Package.Abs, img.Go.Dir, img.Dir)
	}
}

func TestPlatformsOfAFlag(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"app.cue": "name: \"a/b\"\nplatforms: [\"linux/amd64\"]"})
	images, err := spec.Load(spec.Source{Dir: dir, Args: []string{"app.cue"}, Platforms: []string{"linux/s390x", "linux/arm64/v8"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(images[0].Platforms[0].Platform, images[0].Platforms[1].Platform); got != "linux/s390x linux/arm64" {
		t.Errorf("got %s", got)
	}
}

func TestCheckSources(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"app.cue": `name: "a/b"
platforms: ["linux/amd64", "linux/arm64"]
go: {package: "cmd/web", path: "/web"}
binary: {source: "tool-{arch}", path: "/tool"}
apk: {repositories: ["https://example.com/x", "repo", "there"], keys: ["k.pub", "there"]}
files: {"/a": source: "a", "/b": source: "there", "/c": content: "x"}
`,
		"tool-amd64":      "",
		"there/x":         "",
		"cmd/web/main.go": "",
	})
	images, err := spec.Load(spec.Source{Dir: dir, Args: []string{"app.cue"}})
	if err != nil {
		t.Fatal(err)
	}
	err = images[0].CheckSources(true)
	want := `app.cue:3:15: go.package: cannot use "cmd/web": a folder starts with "./", write "./cmd/web"
app.cue:4:18: binary.source: cannot find tool-arm64: no such file or directory
app.cue:5:47: apk.repositories: cannot find repo: no such file or directory
app.cue:5:72: apk.keys: cannot find k.pub: no such file or directory
app.cue:5:81: apk.keys: cannot use there: not a regular file
app.cue:6:23: files: cannot find a: no such file or directory`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
	if err := images[0].CheckSources(false); err == nil || strings.Contains(err.Error(), "repositories") {
		t.Errorf("without repositories: %v", err)
	}
}

// TestSameEverywhere checks that a spec comes to the same in another
// environment.
func TestSameEverywhere(t *testing.T) {
	const text = "import (\"path\", \"strings\")\nname: \"a/\" + path.Base(\"/x/y\")\nenv: A: strings.Join([\"x\", \"y\"], \",\")\nusers: {c: uid: 3, a: uid: 1, b: uid: 2}"
	want := describe(load(t, text))
	for _, env := range []string{"HOME", "USER", "CUE_REGISTRY", "CUE_CACHE_DIR", "TZ", "LANG", "PWD"} {
		t.Setenv(env, "/nowhere")
	}
	if got := describe(load(t, text)); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
