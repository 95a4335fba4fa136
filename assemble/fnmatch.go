package assemble

import "strings"

// fnmatch is fnmatch(3) with FNM_PATHNAME in the C locale (POSIX.1-2017, XCU
// 2.13): bytes are compared, and neither "*", "?" nor a bracket expression
// matches a slash.
func fnmatch(pattern, name string) bool {
	// After the last "*", what it stands for can still grow.
	var star bool
	var after, rest string
	for pattern != "" || name != "" {
		if strings.HasPrefix(pattern, "*") {
			pattern = pattern[1:]
			star, after, rest = true, pattern, name
			continue
		}
		if next, ok := matchByte(pattern, name); ok {
			star = star && name[0] != '/'
			pattern, name = next, name[1:]
			continue
		}
		if !star || rest == "" || rest[0] == '/' {
			return false
		}
		rest = rest[1:]
		pattern, name = after, rest
	}
	return true
}

// matchByte matches the first byte of name and returns the rest of the
// pattern.
func matchByte(pattern, name string) (rest string, ok bool) {
	if pattern == "" || name == "" {
		return "", false
	}
	switch pattern[0] {
	case '?':
		return pattern[1:], name[0] != '/'
	case '[':
		if rest, in, closed := matchBracket(pattern[1:], name[0]); closed {
			return rest, in && name[0] != '/'
		}
	case '\\':
		if len(pattern) > 1 {
			pattern = pattern[1:]
		}
	}
	return pattern[1:], pattern[0] == name[0]
}

// matchBracket matches c by a bracket expression that begins behind its "[".
// One that is not closed is none.
func matchBracket(s string, c byte) (rest string, in, closed bool) {
	negated := strings.HasPrefix(s, "!") || strings.HasPrefix(s, "^")
	if negated {
		s = s[1:]
	}
	for first := true; s != ""; first = false {
		if s[0] == ']' && !first {
			return s[1:], in != negated, true
		}
		if class, after, ok := cutClass(s); ok {
			in = in || inClass(class, c)
			s = after
			continue
		}
		low, after := cutElement(s)
		high := low
		if len(after) > 1 && after[0] == '-' && after[1] != ']' {
			high, after = cutElement(after[1:])
		}
		in = in || low <= c && c <= high
		s = after
	}
	return "", false, false
}

// cutClass cuts a character class, such as "[:alpha:]", from the front.
func cutClass(s string) (class, rest string, ok bool) {
	if s, ok = strings.CutPrefix(s, "[:"); ok {
		class, rest, ok = strings.Cut(s, ":]")
	}
	return class, rest, ok
}

// cutElement cuts a byte, escaped or not, from the front.
func cutElement(s string) (byte, string) {
	if s[0] == '\\' && len(s) > 1 {
		s = s[1:]
	}
	return s[0], s[1:]
}

// inClass reports whether c is of a character class in the C locale.
func inClass(class string, c byte) bool {
	lower, upper, digit := 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9'
	graph := '!' <= c && c <= '~'
	switch class {
	case "alnum":
		return lower || upper || digit
	case "alpha":
		return lower || upper
	case "blank":
		return c == ' ' || c == '\t'
	case "cntrl":
		return c < ' ' || c == 0x7f
	case "digit":
		return digit
	case "graph":
		return graph
	case "lower":
		return lower
	case "print":
		return graph || c == ' '
	case "punct":
		return graph && !lower && !upper && !digit
	case "space":
		return c == ' ' || '\t' <= c && c <= '\r'
	case "upper":
		return upper
	case "xdigit":
		return digit || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
	}
	return false
}
