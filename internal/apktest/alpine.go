package apktest

import (
	"os"
	"path/filepath"
	"testing"
)

// Alpine returns the folder of real Alpine packages and indexes that
// MKIMAGE_ALPINE names. Without one the test is skipped, but with CI=true it
// fails: nothing is skipped silently there.
func Alpine(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("MKIMAGE_ALPINE")
	if _, err := os.Stat(filepath.Join(dir, "lab")); dir == "" || err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("MKIMAGE_ALPINE=%q names no folder of real Alpine packages", dir)
		}
		tb.Skipf("MKIMAGE_ALPINE=%q names no folder of real Alpine packages", dir)
	}
	return dir
}
