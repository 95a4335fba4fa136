package apk_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/apktest"
)

// fullPackage has one of everything that a package can have.
func fullPackage() apktest.Package {
	return apktest.Package{
		Name: "full", Version: "1.2.3-r4", Origin: "fullsrc", License: "MIT AND Zlib",
		URL: "https://example.com", Maintainer: "A. Name <a@example.com>", Commit: "abc123",
		Depends: []string{"musl", "so:libz.so.1>=1.2", "!other"}, Provides: []string{"cmd:full=1.2.3-r4", "virtual"},
		InstallIf: []string{"a=1", "b"}, Replaces: []string{"old<2", "older"},
		Triggers: []string{"/usr/share/*", "+/etc/x"}, ProviderPriority: 7, ReplacesPriority: 3,
		Scripts: map[string]string{"post-install": "#!/bin/sh\nexit 0\n", "trigger": ""},
		Info:    []string{"packager = Build <b@example.com>", "pcprefix = lib"},
		Files: []apktest.File{
			apktest.Program("usr/bin/full", "program").WithMode(0o6755).WithXattr("security.capability", "\x01\x00\xff"),
			apktest.Regular("etc/full.conf", "").OwnedBy("web", "www", 1001, 1002).At(1600000000),
			apktest.Symlink("usr/bin/link", "../lib/none"),
			apktest.Hardlink("usr/bin/hard", "usr/bin/full"),
			apktest.Dir("var/spool").WithMode(0o1777),
			apktest.CharDevice("dev/null", 1, 3),
			apktest.BlockDevice("dev/loop0", 7, 0),
			apktest.Fifo("run/pipe"),
			apktest.Regular(".hidden", "skipped"),
			apktest.Regular("usr/share/"+strings.Repeat("long/", 60)+"name", "deep"),
		},
	}
}

// store writes a package file into a new folder and opens it.
func store(t *testing.T, s apktest.Sealed) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), s.FileName())
	if err := os.WriteFile(file, s.Bytes, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func openSealed(t *testing.T, s apktest.Sealed) *apk.Archive {
	t.Helper()
	a, err := apk.OpenArchive(store(t, s), s.Entry())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestArchiveInfo(t *testing.T) {
	s := fullPackage().Seal(apktest.TestKey())
	a := openSealed(t, s)
	if a.Package.Checksum != s.Checksum || a.Package.Size != int64(len(s.Bytes)) {
		t.Errorf("Package = %+v", a.Package)
	}
	i := a.Info
	if got, want := i.String()+" "+i.Origin+" "+i.License+" "+i.URL+" "+i.Maintainer+" "+i.Commit+" "+i.Packager,
		"full-1.2.3-r4 fullsrc MIT AND Zlib https://example.com A. Name <a@example.com> abc123 Build <b@example.com>"; got != want {
		t.Errorf("texts = %q, want %q", got, want)
	}
	for _, list := range []struct {
		name string
		got  []apk.Dependency
		want string
	}{
		{"depend", i.Depends, "musl so:libz.so.1>=1.2 !other"},
		{"provides", i.Provides, "cmd:full=1.2.3-r4 virtual"},
		{"install_if", i.InstallIf, "a=1 b"},
		{"replaces", i.Replaces, "old<2 older"},
	} {
		var words []string
		for _, d := range list.got {
			words = append(words, d.String())
		}
		if got := strings.Join(words, " "); got != list.want {
			t.Errorf("%s = %q, want %q", list.name, got, list.want)
		}
	}
	if i.ProviderPriority != 7 || i.ReplacesPriority != 3 || i.BuildTime != 1700000000 || i.InstalledSize == 0 {
		t.Errorf("numbers = %d %d %d %d", i.ProviderPriority, i.ReplacesPriority, i.BuildTime, i.InstalledSize)
	}
	if want := []string{"/usr/share/*", "+/etc/x"}; !reflect.DeepEqual(i.Triggers, want) {
		t.Errorf("Triggers = %q, want %q", i.Triggers, want)
	}
	wantScripts := map[apk.ScriptKind][]byte{apk.PostInstall: []byte("#!/bin/sh\nexit 0\n"), apk.Trigger: {}}
	if !reflect.DeepEqual(a.Scripts, wantScripts) {
		t.Errorf("Scripts = %q, want %q", a.Scripts, wantScripts)
	}
}

func TestArchiveWalk(t *testing.T) {
	a := openSealed(t, fullPackage().Seal(apktest.TestKey()))
	contents := map[string]string{}
	entries := map[string]apk.Entry{}
	err := a.Walk(t.Context(), func(e *apk.Entry, r io.Reader) error {
		b, err := io.ReadAll(r)
		entries[e.Name], contents[e.Name] = *e, string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	program := entries["usr/bin/full"]
	if program.Kind != apk.Regular || program.Mode != 0o6755 || program.Size != 7 || contents["usr/bin/full"] != "program" {
		t.Errorf("usr/bin/full = %+v with %q", program, contents["usr/bin/full"])
	}
	if want := []apk.Xattr{{Name: "security.capability", Value: "\x01\x00\xff"}}; !reflect.DeepEqual(program.Xattrs, want) {
		t.Errorf("Xattrs = %q, want %q", program.Xattrs, want)
	}
	conf := entries["etc/full.conf"]
	if conf.User != "web" || conf.Group != "www" || conf.UID != 1001 || conf.GID != 1002 || conf.ModTime != 1600000000 {
		t.Errorf("etc/full.conf = %+v", conf)
	}
	if e := entries["usr/bin/link"]; e.Kind != apk.Symlink || e.Target != "../lib/none" || e.Checksum.IsZero() {
		t.Errorf("usr/bin/link = %+v", e)
	}
	if e := entries["usr/bin/hard"]; e.Kind != apk.Hardlink || e.Target != "usr/bin/full" || e.Size != 0 {
		t.Errorf("usr/bin/hard = %+v", e)
	}
	if e := entries["var/spool"]; e.Kind != apk.Directory || e.Mode != 0o1777 {
		t.Errorf("var/spool = %+v", e)
	}
	if e := entries["dev/loop0"]; e.Kind != apk.BlockDevice || e.Major != 7 || e.Minor != 0 {
		t.Errorf("dev/loop0 = %+v", e)
	}
	if _, ok := entries[".hidden"]; ok {
		t.Error(".hidden is not passed over")
	}
	if name := "usr/share/" + strings.Repeat("long/", 60) + "name"; contents[name] != "deep" {
		t.Errorf("%s has %q", name, contents[name])
	}
}

func TestOpenEntry(t *testing.T) {
	a := openSealed(t, fullPackage().Seal(apktest.TestKey()))
	entries, err := a.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Kind != apk.Regular {
			continue
		}
		r, err := a.OpenEntry(t.Context(), &e)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil || int64(len(content)) != e.Size {
			t.Errorf("%s: %q, %v", e.Name, content, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenEntryOfChangedFile(t *testing.T) {
	s := apktest.Package{Name: "a", Files: []apktest.File{apktest.Regular("x", "old")}}.Seal(nil)
	file := store(t, s)
	a, err := apk.OpenArchive(file, s.Entry())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := a.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	changed := apktest.Package{Name: "a", Files: []apktest.File{apktest.Regular("x", "new")}}.Seal(nil)
	if err := os.WriteFile(file, append(bytes.Clone(s.Control), changed.Data...), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := a.OpenEntry(t.Context(), &entries[0])
	if err == nil {
		_, err = io.ReadAll(r)
		r.Close()
	}
	if err == nil {
		t.Error("the changed content was believed")
	}
}

func TestWalkReturnsCallersError(t *testing.T) {
	a := openSealed(t, fullPackage().Seal(nil))
	mine := errors.New("mine")
	if err := a.Walk(t.Context(), func(*apk.Entry, io.Reader) error { return mine }); err != mine {
		t.Errorf("Walk = %v, want the caller's error as it is", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Walk(ctx, func(*apk.Entry, io.Reader) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Walk with an ended context = %v", err)
	}
}

func TestOpenSignedArchive(t *testing.T) {
	public, err := apk.ParseKey(apktest.TestKey().PublicPEM())
	if err != nil {
		t.Fatal(err)
	}
	keys := apk.Keys{"test.rsa.pub": public}
	sha1Key := apktest.TestKey()
	sha1Key.Hash = crypto.SHA1
	for _, test := range []struct {
		name string
		key  *apktest.Key
		want string
	}{
		{"SHA-256", apktest.TestKey(), ""},
		{"SHA-1", sha1Key, ""},
		{"unsigned", nil, "it is not signed"},
		{"forged", apktest.StrangerKey("test.rsa.pub"), "its content is not what was signed by test.rsa.pub"},
		{"unknown key", apktest.StrangerKey("other.rsa.pub"), "it is not signed by a trusted key, only by other.rsa.pub"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := fullPackage().Seal(test.key)
			file := store(t, s)
			a, err := apk.OpenSignedArchive(file, keys)
			if test.want != "" {
				if err == nil || err.Error() != "cannot read package "+file+": "+test.want {
					t.Errorf("error %v, want %q", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if a.Package.Checksum != s.Checksum || a.Package.Size != int64(len(s.Bytes)) {
				t.Errorf("Package = %+v", a.Package)
			}
		})
	}
}
