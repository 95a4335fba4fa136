package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/internal/apktest"
)

// TestKeep locks many packages and then asks for one that some of them are too
// old for: exactly these move, wherever they are in the list.
func TestKeep(t *testing.T) {
	const n = 9
	for _, moving := range [][]int{{}, {0}, {8}, {3, 4}, {0, 2, 5, 8}, {0, 1, 2, 3, 4, 5, 6, 7, 8}} {
		dir := t.TempDir()
		file, repo := filepath.Join(dir, "app.cue"), filepath.Join(dir, "repo")
		ask := func(packages ...string) {
			write(t, file, fmt.Sprintf("name: \"app\"\nplatforms: [\"linux/amd64\"]\napk: {repositories: [\"repo\"], keys: [%q], packages: [\"%s\"]}\n",
				apktest.TestKey().Name, strings.Join(packages, `", "`)))
		}
		r := apktest.NewRepo()
		r.WriteKey(t, dir)
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("p%d", i))
			r.Add(apktest.Package{Name: names[i], Version: "1-r0"})
		}
		r.WriteDir(t, repo)
		ask(names...)
		mkimage(t, "lock", file)

		var needs, want []string
		for i := range n {
			r.Add(apktest.Package{Name: names[i], Version: "2-r0"})
		}
		for _, i := range moving {
			needs = append(needs, names[i]+">1-r0")
			want = append(want, names[i]+" 1-r0 -> 2-r0\n")
		}
		r.Add(apktest.Package{Name: "asking", Depends: needs}).WriteDir(t, repo)
		ask(append(names, "asking")...)
		if got, want := mkimage(t, "lock", file), "asking: new, 1.0-r0\n"+strings.Join(want, ""); got != want {
			t.Errorf("%v: got\n%s\nwant\n%s", moving, got, want)
		}
	}
}
