package compare

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// maxExcerpt is how much of a file is looked at for where it differs.
const maxExcerpt = 1 << 20

// content says where two contents first differ, of which the beginnings are
// given.
func content(image, rebuilt []byte) string {
	n := 0
	for n < len(image) && n < len(rebuilt) && image[n] == rebuilt[n] {
		n++
	}
	switch {
	case n == len(image) && n == len(rebuilt):
		return "content: differs beyond the first MiB"
	case isText(image) && isText(rebuilt):
		line := bytes.Count(image[:n], []byte("\n")) + 1
		return fmt.Sprintf("content: line %d: image %s, rebuilt %s", line, lineAt(image, n), lineAt(rebuilt, n))
	}
	return fmt.Sprintf("content: differs from byte %d", n)
}

func isText(b []byte) bool { return bytes.IndexByte(b, 0) < 0 && utf8.Valid(trimRune(b)) }

// trimRune cuts a character off whose rest lies beyond the excerpt.
func trimRune(b []byte) []byte {
	if len(b) < maxExcerpt {
		return b
	}
	for i := 1; i < utf8.UTFMax; i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			return b[:len(b)-i]
		}
	}
	return b
}

// lineAt returns the line around a byte, quoted.
func lineAt(b []byte, n int) string {
	if n == len(b) && (n == 0 || b[n-1] == '\n') {
		return "ends"
	}
	start := bytes.LastIndexByte(b[:n], '\n') + 1
	line, _, _ := bytes.Cut(b[start:], []byte("\n"))
	return fmt.Sprintf("%q", shorten(string(line)))
}
