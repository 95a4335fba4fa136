package sbom

import (
	"bufio"
	"io"
	"net/url"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// maxRelease is how much of an os-release file is read.
const maxRelease = 64 << 10

// FindDistribution says what an image's packages are packages of: what its
// os-release(5) says or, where it has none, the release in the URL of one of
// the repositories, such as ".../alpine/v3.19/main".
func FindDistribution(t *tree.Tree, repositories []string) Distribution {
	for _, path := range []string{"etc/os-release", "usr/lib/os-release"} {
		if n, err := t.Stat(path); err == nil && n.Kind == tree.File {
			if d := readRelease(n); d.ID != "" {
				return d
			}
		}
	}
	for _, r := range repositories {
		u, err := url.Parse(r)
		if err != nil || u.Host == "" {
			continue
		}
		for element := range strings.SplitSeq(u.Path, "/") {
			if version, ok := release(element); ok {
				return Distribution{ID: "alpine", Version: version}
			}
		}
	}
	return Distribution{}
}

// release returns the version in the name of a release's folder.
func release(element string) (string, bool) {
	if element == "edge" {
		return element, true
	}
	version, ok := strings.CutPrefix(element, "v")
	major, minor, dot := strings.Cut(version, ".")
	return version, ok && dot && isNumber(major) && isNumber(minor)
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// readRelease reads ID and VERSION_ID. A file that is no os-release has none.
func readRelease(n *tree.Node) Distribution {
	content, err := n.Open()
	if err != nil {
		return Distribution{}
	}
	defer content.Close()
	var d Distribution
	for lines := bufio.NewScanner(io.LimitReader(content, maxRelease)); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), "=")
		value = strings.Trim(value, `"'`)
		switch key {
		case "ID":
			d.ID = value
		case "VERSION_ID":
			d.Version = value
		}
	}
	return d
}
