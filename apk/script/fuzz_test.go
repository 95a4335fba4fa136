package script_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk/script"
)

// FuzzRun: whatever the text, a run ends, without a panic, in one of the ways
// that Run documents. (That it reaches no host is for TestNoHostAccess.)
func FuzzRun(f *testing.F) {
	for _, text := range hostile() {
		f.Add(text)
	}
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		for _, c := range readRecorded(f, file) {
			f.Add(c.script)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := &script.Runner{Arch: "x86_64", MaxSteps: 2000, MaxBytes: 1 << 20}
		err := runWith(r, newRoot(t), text)
		var (
			failed      *script.Failed
			unsupported *script.Unsupported
			limit       *script.Limit
		)
		if err == nil || errors.As(err, &failed) || errors.As(err, &unsupported) || errors.As(err, &limit) {
			return
		}
		t.Errorf("%v\n%s", err, strings.ToValidUTF8(text, "?"))
	})
}
