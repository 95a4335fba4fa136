package repo_test

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/internal/apktest"
)

// lockedChoice is what a lock says of a package: nothing that only an index
// has.
func lockedChoice(s apktest.Sealed, location string) repo.Choice {
	sum := sha256.Sum256(s.Bytes)
	return repo.Choice{
		Repository: repo.Repository{Location: location}, Arch: arch, SHA256: &sum,
		Package: &apk.Package{
			Name: s.Package.Name, Version: s.Package.Version, Arch: s.Package.Arch, Checksum: s.Checksum, Size: int64(len(s.Bytes)),
		},
	}
}

// fetchOne fetches a package and returns what is wrong, the location replaced.
func fetchOne(t *testing.T, c *repo.Client, choice repo.Choice) string {
	t.Helper()
	_, err := c.Fetch(t.Context(), []repo.Choice{choice})
	if err == nil {
		return ""
	}
	text := strings.ReplaceAll(err.Error(), choice.Repository.Location, "URL")
	if choice.Vendor != "" {
		text = strings.ReplaceAll(text, choice.Vendor, "VENDOR")
	}
	return text
}

func TestLockedNeedsNoIndex(t *testing.T) {
	r := testRepo()
	server := r.Serve(t)
	c := newClient(t)
	c.Keys = nil
	if fault := fetchOne(t, c, lockedChoice(r.Package(arch, "large"), server.URL)); fault != "" {
		t.Error(fault)
	}
	if n := len(server.Requests("")); n != 1 {
		t.Errorf("%d requests, want that for the package alone", n)
	}
}

// TestLockedFile: the file must be the locked one to its last byte, signature
// included, and a cached one that is not is fetched anew.
func TestLockedFile(t *testing.T) {
	r := testRepo()
	server := r.Serve(t)
	choice := lockedChoice(r.Package(arch, "large"), server.URL)
	// The time in the header of the signature's member (RFC 1952): neither
	// size nor checksum has to do with it.
	other := apktest.Flip(r.Package(arch, "large").Bytes, 4)
	c := newClient(t)
	server.Fail(".apk", 1, apktest.Instead(other))
	loose := choice
	loose.SHA256 = nil
	if fault := fetchOne(t, c, loose); fault != "" {
		t.Fatal(fault)
	}
	if fault := fetchOne(t, again(c), choice); fault != "" {
		t.Error(fault)
	}
	if n := len(server.Requests(".apk")); n != 2 {
		t.Errorf("%d requests, want a second one", n)
	}
	server.Fail(".apk", 1, apktest.Instead(other))
	fault := fetchOne(t, newClient(t), choice)
	if !strings.HasPrefix(fault, "cannot use large-1.0-r0: URL/x86_64/large-1.0-r0.apk is not the package that is locked: the file has the SHA-256 ") ||
		!strings.Contains(fault, `"mkimage lock --update large"`) {
		t.Error(fault)
	}
	server.Fail(".apk", 1, apktest.Status(404))
	fault = fetchOne(t, newClient(t), choice)
	if !strings.HasPrefix(fault, "cannot fetch large-1.0-r0: there is no URL/x86_64/large-1.0-r0.apk any more; ") {
		t.Error(fault)
	}
}

func TestVendor(t *testing.T) {
	r := testRepo()
	choice := lockedChoice(r.Package(arch, "large"), "http://localhost:1")
	choice.Vendor = r.WriteDir(t, t.TempDir())
	c := newClient(t)
	c.Offline = true
	if fault := fetchOne(t, c, choice); fault != "" {
		t.Error(fault)
	}
	if files := cached(t, c, "packages"); len(files) > 0 {
		t.Errorf("the cache holds %v", files)
	}
	file := filepath.Join(choice.Vendor, arch, "large-1.0-r0.apk")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, apktest.Flip(content, -100), 0o644); err != nil {
		t.Fatal(err)
	}
	fault := fetchOne(t, c, choice)
	if !strings.HasPrefix(fault, "cannot use large-1.0-r0: VENDOR/x86_64/large-1.0-r0.apk is not the package that is locked: its data section has the SHA-256 ") {
		t.Error(fault)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if fault := fetchOne(t, c, choice); !strings.Contains(fault, "lacks URL/x86_64/large-1.0-r0.apk") {
		t.Error(fault)
	}
}
