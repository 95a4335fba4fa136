package apk_test

import (
	"io"
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/apktest"
)

// FuzzArchive reads any bytes as a package file: never a panic, and nothing
// that is not bounded.
func FuzzArchive(f *testing.F) {
	s := fullPackage().Seal(apktest.TestKey())
	f.Add(s.Bytes)
	f.Add(s.Bytes[:len(s.Bytes)/2])
	f.Add(append(s.Control, s.Data...))
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := apk.ReadUnverified(file)
		if err != nil {
			return
		}
		if a.Info.Name == "" || a.Info.Version == "" || strings.Contains(a.Info.FileName(), "/") {
			t.Errorf("accepted the package %q", a.Info.String())
		}
		walk(t, a)
	})
}

// FuzzData reads any tar stream as a data section: what is accepted has safe
// names, and reads the same twice.
func FuzzData(f *testing.F) {
	f.Add(apktest.Tar(fullPackage().Files...))
	f.Add(apktest.Tar(apktest.Regular("../x", "y")))
	f.Fuzz(func(t *testing.T, stream []byte) {
		a := apk.DataArchive(apktest.Compress(stream))
		first, err := a.Entries(t.Context())
		if err != nil {
			return
		}
		second, err := a.Entries(t.Context())
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("the second reading gives %v, %v", second, err)
		}
		for _, e := range first {
			checkEntry(t, a, &e)
		}
	})
}

func checkEntry(t *testing.T, a *apk.Archive, e *apk.Entry) {
	t.Helper()
	name := strings.ToValidUTF8(e.Name, "?")
	if !fs.ValidPath(name) || name[0] == '.' || e.Mode&^0o7777 != 0 || e.Size < 0 || e.Size > 0 && e.Kind != apk.Regular {
		t.Errorf("accepted the entry %+v", e)
	}
	if e.Kind == apk.Hardlink && !fs.ValidPath(strings.ToValidUTF8(e.Target, "?")) {
		t.Errorf("accepted the link %+v", e)
	}
	if e.Kind != apk.Regular {
		return
	}
	r, err := a.OpenEntry(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := io.Copy(io.Discard, r); err != nil || n != e.Size {
		t.Errorf("%s has %d bytes of %d, %v", e.Name, n, e.Size, err)
	}
}

// FuzzParseInfo: what is accepted can name a file and has no line breaks.
func FuzzParseInfo(f *testing.F) {
	f.Add("pkgname = a\npkgver = 1\ndatahash = 0000000000000000000000000000000000000000000000000000000000000000\n" +
		"depend = a>=1 !b\nreplaces = c\ntriggers = /a /b\n# comment\n")
	f.Fuzz(func(t *testing.T, file string) {
		info, err := apk.ParseInfo([]byte(file))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
			return
		}
		if info.Name == "" || strings.ContainsAny(info.FileName(), "/\n") || strings.ContainsAny(info.Description+info.License, "\n\r") {
			t.Errorf("accepted %+v", info)
		}
	})
}
