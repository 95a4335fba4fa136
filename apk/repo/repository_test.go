package repo_test

import (
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk/repo"
)

func TestParseRepository(t *testing.T) {
	for _, test := range []struct {
		in   string
		want repo.Repository
	}{
		{"https://dl-cdn.alpinelinux.org/alpine/v3.22/main", repo.Repository{Location: "https://dl-cdn.alpinelinux.org/alpine/v3.22/main"}},
		{" http://HOST:8080/a// ", repo.Repository{Location: "http://host:8080/a"}},
		{"@edge https://host/edge/main", repo.Repository{Tag: "edge", Location: "https://host/edge/main"}},
		{"@my-tag   packages", repo.Repository{Tag: "my-tag", Location: "/base/packages"}},
		{"../packages/", repo.Repository{Location: "/packages"}},
		{"/srv/my packages", repo.Repository{Location: "/srv/my packages"}},
		{"file:///srv/packages/", repo.Repository{Location: "/srv/packages"}},
		{"file://localhost/srv", repo.Repository{Location: "/srv"}},
	} {
		got, err := repo.ParseRepository(test.in, "/base")
		if err != nil || got != test.want {
			t.Errorf("ParseRepository(%q) = %+v, %v, want %+v", test.in, got, err, test.want)
		}
		again, err := repo.ParseRepository(got.String(), "/elsewhere")
		if err != nil || again != got {
			t.Errorf("ParseRepository(%q) = %+v, %v, want the same as before", got, again, err)
		}
	}
}

func TestParseRepositoryRefuses(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", `cannot use repository "": it is empty`},
		{"@edge", `cannot use repository "@edge": it is empty`},
		{"@ https://host", `cannot use repository "@ https://host": "" is not a tag, write "@tag URL"`},
		{"@a@b https://host", `cannot use repository "@a@b https://host": "a@b" is not a tag, write "@tag URL"`},
		{"ftp://host/x", `cannot use repository "ftp://host/x": the scheme "ftp" is not http, https or file`},
		{"https:///x", `cannot use repository "https:///x": the URL has no host`},
		{"https://host/a b%zz", `cannot use repository "https://host/a b%zz": it is not a URL`},
		{"https://user:secret@host/?q", `cannot use repository "https://host/?q": a URL with a query or fragment cannot hold a repository`},
		{"https://host/x86_64/APKINDEX.tar.gz", `cannot use repository "https://host/x86_64/APKINDEX.tar.gz": it names an index, write the folder that holds the architectures' folders`},
		{"https://host/Packages.adb", `cannot use repository "https://host/Packages.adb": it names an index, write the folder that holds the architectures' folders`},
		{"file://host/srv", `cannot use repository "file://host/srv": a file URL has no host and an absolute path, as file:///srv/packages has`},
	} {
		_, err := repo.ParseRepository(test.in, "/base")
		if err == nil || err.Error() != test.want {
			t.Errorf("ParseRepository(%q): error %v, want %q", test.in, err, test.want)
		}
	}
}

func TestRepositoryHidesCredentials(t *testing.T) {
	r, err := repo.ParseRepository("@t https://user:secret@host/main", "/")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.Location, "user:secret@") {
		t.Errorf("Location = %q, which cannot log in", r.Location)
	}
	if got := r.String(); got != "@t https://host/main" {
		t.Errorf("String() = %q", got)
	}
}

func TestParseMirror(t *testing.T) {
	for _, test := range []struct {
		in   string
		want repo.Mirror
		err  string
	}{
		{in: "https://a/alpine=https://b/x/", want: repo.Mirror{From: "https://a/alpine", To: "https://b/x"}},
		{in: "https://a/=mirror", want: repo.Mirror{From: "https://a", To: "/base/mirror"}},
		{in: "https://a", err: `cannot use mirror "https://a": it is not of the form FROM=TO`},
		{in: "a=b", err: `cannot use "a" as what is mirrored: it is not a URL`},
		{in: "https://a=ftp://user:secret@b", err: `cannot use "ftp://b" as a mirror: the scheme "ftp" is not http, https or file`},
	} {
		got, err := repo.ParseMirror(test.in, "/base")
		if test.err != "" && (err == nil || err.Error() != test.err) || test.err == "" && (err != nil || got != test.want) {
			t.Errorf("ParseMirror(%q) = %+v, %v, want %+v, %q", test.in, got, err, test.want, test.err)
		}
	}
}
