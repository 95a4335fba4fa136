package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/internal/apktest"
)

// TestApkReadsVendor has Alpine's own apk install from a vendor folder, with
// and without a signature, and from a lock of real packages has builds give the
// same image with nothing but that folder.
func TestApkReadsVendor(t *testing.T) {
	tool(t, "docker")
	name := load(t, labImage(t, `"alpine-base"`, "user: \"root\"\n"))
	dir, alpine := t.TempDir(), apktest.Alpine(t)
	file := filepath.Join(dir, "jq.cue")
	write(t, file, fmt.Sprintf("name: \"jq\"\nplatforms: [\"linux/amd64\"]\napk: {repositories: [%q], keys: [%q], packages: [\"jq\"]}\n",
		"https://example.invalid/alpine", filepath.Join(alpine, "keys", "lab.rsa.pub")))
	mirror := "https://example.invalid/alpine=" + filepath.Join(alpine, "lab")
	printed := mkimage(t, "build", file, "--mirror", mirror)
	mkimage(t, "lock", file, "--mirror", mirror)
	mkimage(t, "vendor", file, "--mirror", mirror)
	if again := mkimage(t, "build", file, "--offline", "-o", filepath.Join(dir, "again.tar")); again != printed {
		t.Errorf("from the vendor folder: %s, from the repository: %s", again, printed)
	}
	apk := func(script string) string {
		return runTool(t, "docker", "run", "--rm", "--network", "none", "--volume", dir+":/vendored:ro", name, "sh", "-ec", script)
	}
	const add = "apk --no-network --repositories-file /dev/null --repository /vendored/vendor"
	if got := apk(add + " --allow-untrusted add jq && jq --version"); !strings.Contains(got, "jq-1.7.1") {
		t.Errorf("unsigned: %s", got)
	}
	key := filepath.Join(dir, "acme.rsa")
	private, public, err := newKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	write(t, key, string(private))
	write(t, key+".pub", string(public))
	mkimage(t, "vendor", file, "--sign", key, "--offline")
	trust := "cp /vendored/acme.rsa.pub /etc/apk/keys/ && "
	if got := apk(trust + add + " add jq && jq --version"); !strings.Contains(got, "jq-1.7.1") {
		t.Errorf("signed: %s", got)
	}
}
