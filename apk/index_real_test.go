package apk_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/apktest"
)

func alpineKeys(tb testing.TB) apk.Keys {
	tb.Helper()
	keys, err := apk.AlpineKeys()
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func TestReadRealIndexes(t *testing.T) {
	dir := apktest.Alpine(t)
	var uninstallable []string
	for repo, packages := range map[string]int{
		"v3.16/main": 4929, "v3.17/main": 5004, "v3.19/main": 5443, "v3.19/community": 17587,
	} {
		f, err := os.Open(filepath.Join(dir, repo, "x86_64", "APKINDEX.tar.gz"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		x, err := apk.ReadIndex(f, alpineKeys(t))
		if err != nil {
			t.Fatalf("%s: %v", repo, err)
		}
		if x.Len() != packages || x.Description() == "" {
			t.Errorf("%s: %d packages, description %q; want %d packages", repo, x.Len(), x.Description(), packages)
		}
		for p, err := range x.All() {
			if err != nil {
				t.Fatalf("%s: %v", repo, err)
			}
			if p.Uninstallable != "" {
				uninstallable = append(uninstallable, p.String())
			}
		}
	}
	// Their dependencies have versions that apk calls malformed.
	want := []string{
		"librasterlite2-dev-1.1.0b1-r7", "opensmtpd-pam-6.8.0p2-r4",
		"opensmtpd-pam-7.4.0p1-r1", "owfs-dev-3.2p4-r0",
	}
	slices.Sort(uninstallable)
	if !slices.Equal(uninstallable, want) {
		t.Errorf("uninstallable packages %q, want %q", uninstallable, want)
	}
}
