package spec

import (
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of paths in an image: those of Linux (NAME_MAX and PATH_MAX).
const (
	maxName = 255
	maxPath = 4095
)

// pathFault says what is wrong with p as a path in an image, or nothing.
// Paths are absolute and clean. The root itself is a path only where root is
// true.
func pathFault(p string, root bool) string {
	switch {
	case p == "":
		return "it is empty"
	case !strings.HasPrefix(p, "/"):
		return "must be absolute, such as " + strconv.Quote("/"+strings.TrimPrefix(p, "./"))
	case strings.Contains(p+"/", "/../"):
		return "a path cannot hold \"..\""
	case path.Clean(p) != p:
		return "write " + strconv.Quote(path.Clean(p))
	case p == "/" && !root:
		return "the root is always there"
	case len(p) > maxPath:
		return "longer than 4095 bytes"
	case !utf8.ValidString(p):
		return "must be UTF-8"
	}
	for _, r := range p {
		if r < ' ' || r == 0x7f {
			return "a path cannot hold control characters"
		}
	}
	for name := range strings.SplitSeq(p, "/") {
		if len(name) > maxName {
			return "a name in it is longer than 255 bytes"
		}
	}
	return ""
}

// targetFault says what is wrong with target as what the link at the clean
// path at points to, or nothing.
func targetFault(at, target string) string {
	if strings.HasPrefix(target, "/") {
		if strings.Contains(target+"/", "/../") {
			return "an absolute target cannot hold \"..\""
		}
		return ""
	}
	depth := strings.Count(at, "/") - 1
	for name := range strings.SplitSeq(target, "/") {
		switch name {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return "leads out of the image's root"
			}
		default:
			depth++
		}
	}
	return ""
}
