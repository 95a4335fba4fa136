package script_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk/script"
)

// recorded is a script with what Alpine's busybox made of it.
type recorded struct {
	script, output string
	status         int
}

// readRecorded reads a file of testdata: "=== script" and "=== output (status
// N)" begin the parts, "=== no newline" says that the output ends without one.
func readRecorded(t testing.TB, file string) []recorded {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []recorded
	for _, part := range strings.Split(string(data), "\n=== script\n")[1:] {
		text, rest, ok := strings.Cut(part, "\n=== output")
		if !ok {
			t.Fatalf("%s: no output of %q", file, text)
		}
		head, output, _ := strings.Cut(rest, "\n")
		c := recorded{script: text}
		if head != "" {
			if _, err := fmt.Sscanf(head, " (status %d)", &c.status); err != nil {
				t.Fatal(err)
			}
		}
		c.output = output
		if bare, ok := strings.CutSuffix(strings.TrimSuffix(output, "\n"), "\n=== no newline"); ok {
			c.output = bare
		}
		list = append(list, c)
	}
	return list
}

// TestRecorded compares with what the real commands do.
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		for i, c := range readRecorded(t, file) {
			t.Run(filepath.Base(file)+"/"+strconv.Itoa(i), func(t *testing.T) {
				got, err := run(t, newRoot(t), "exec 2>/dev/null\n"+c.script)
				var failed *script.Failed
				status := 0
				switch {
				case errors.As(err, &failed):
					status = failed.Status
				case err != nil:
					t.Fatalf("%v\nscript:\n%s", err, c.script)
				}
				if got != c.output || status != c.status {
					t.Errorf("script:\n%s\nstatus %d, want %d; output:\n%s\nwant:\n%s", c.script, status, c.status, got, c.output)
				}
			})
		}
	}
}
