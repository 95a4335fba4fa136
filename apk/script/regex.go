package script

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/pattern"
)

// compilePattern compiles a shell pattern.
func compilePattern(pat string, mode pattern.Mode) (*regexp.Regexp, error) {
	expr, err := pattern.Regexp(pat, mode)
	if err != nil {
		return nil, err
	}
	return regexp.Compile(expr)
}

// compileRegex compiles a basic or extended regular expression (POSIX.1-2017
// XBD 9), with the GNU extensions of musl's regcomp(3). The match is leftmost
// and longest. What Go's syntax cannot express, such as back-references, is an
// error that says so; a wrong expression is a *regexError.
func compileRegex(expr string, extended, ignoreCase bool) (*regexp.Regexp, error) {
	t := &translator{src: expr, extended: extended}
	if err := t.run(); err != nil {
		return nil, err
	}
	prefix := "(?s)"
	if ignoreCase {
		prefix = "(?si)"
	}
	re, err := regexp.Compile(prefix + t.out.String())
	if err != nil {
		return nil, fmt.Errorf("cannot use the pattern %q", expr)
	}
	re.Longest()
	return re, nil
}

// translator turns a POSIX expression into Go's syntax.
type translator struct {
	src      string
	at       int
	extended bool
	out      strings.Builder
	depth    int  // of open groups
	atom     bool // something to repeat stands before
}

func (t *translator) run() error {
	for t.at < len(t.src) {
		if err := t.next(); err != nil {
			return err
		}
	}
	if t.depth != 0 {
		return fmt.Errorf("cannot use the pattern %q: unmatched ( or \\(", t.src)
	}
	return nil
}

func (t *translator) next() error {
	c := t.src[t.at]
	t.at++
	switch c {
	case '\\':
		return t.escaped()
	case '[':
		return t.bracket()
	case '.':
		t.emit(".", true)
	case '*':
		if !t.atom {
			t.emit(`\*`, true) // nothing to repeat: itself
		} else {
			t.repeat("*")
		}
	case '^':
		if t.extended || t.startsBranch() {
			t.emit("^", false)
		} else {
			t.emit(`\^`, true)
		}
	case '$':
		if t.extended || t.endsBranch() {
			t.emit("$", t.extended)
		} else {
			t.emit(`\$`, true)
		}
	case '(', ')', '|', '+', '?', '{':
		if t.extended {
			return t.operator(c)
		}
		t.emit(regexp.QuoteMeta(string(c)), true)
	default:
		t.literal(c)
	}
	return nil
}

func (t *translator) emit(s string, atom bool) {
	t.out.WriteString(s)
	t.atom = atom
}

// literal emits a byte; those of a character stay together.
func (t *translator) literal(c byte) {
	if c < 0x80 {
		t.emit(regexp.QuoteMeta(string(rune(c))), true)
		return
	}
	end := t.at
	for end < len(t.src) && t.src[end]&0xc0 == 0x80 {
		end++
	}
	t.emit("(?:"+t.src[t.at-1:end]+")", true)
	t.at = end
}

// repeat emits a repetition. One of a repetition is grouped: Go would read a
// second sign as a modifier.
func (t *translator) repeat(op string) {
	t.emit(op, true)
	if t.at < len(t.src) {
		rest := t.src[t.at:]
		if rest[0] == '*' || t.extended && strings.IndexByte("+?{", rest[0]) >= 0 || !t.extended && len(rest) > 1 && rest[0] == '\\' && strings.IndexByte("+?{", rest[1]) >= 0 {
			text := t.out.String()
			t.out.Reset()
			t.out.WriteString(groupLast(text))
		}
	}
}

// groupLast puts the last repeated atom of Go's syntax into a group.
func groupLast(text string) string {
	end := strings.TrimRight(text, "*+?")
	start := len(end)
	depth := 0
	for i := len(end) - 1; i >= 0; i-- {
		switch end[i] {
		case ')', ']', '}':
			depth++
		case '(', '[', '{':
			depth--
		}
		start = i
		if depth == 0 && end[len(end)-1] != '}' {
			break
		}
		if depth == 0 {
			break
		}
	}
	if start > 0 && end[start-1] == '\\' {
		start--
	}
	return text[:start] + "(?:" + text[start:] + ")"
}

func (t *translator) startsBranch() bool {
	if t.at == 1 {
		return true
	}
	before := t.src[:t.at-1]
	return strings.HasSuffix(before, `\(`) || strings.HasSuffix(before, `\|`)
}

func (t *translator) endsBranch() bool {
	rest := t.src[t.at:]
	return rest == "" || strings.HasPrefix(rest, `\)`) || strings.HasPrefix(rest, `\|`)
}

// escaped translates what follows a backslash.
func (t *translator) escaped() error {
	if t.at == len(t.src) {
		return fmt.Errorf("cannot use the pattern %q: trailing backslash", t.src)
	}
	c := t.src[t.at]
	t.at++
	if !t.extended && strings.IndexByte("(){|+?", c) >= 0 {
		return t.operator(c)
	}
	switch c {
	case 'n', 't', 'r', 'f', 'v', 'a':
		t.emit(`\`+string(c), true)
	case 'w', 'W', 's', 'S', 'd', 'D':
		t.emit(`\`+string(c), true)
	case 'b', 'B':
		t.emit(`\`+string(c), false)
	case '<', '>':
		return t.wordEdge(c)
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return fmt.Errorf("has no back-references within a pattern as in %q", t.src)
	default:
		t.literal(c)
	}
	return nil
}

// wordEdge translates \< and \>, which Go can tell apart only beside a
// character that is part of a word.
func (t *translator) wordEdge(c byte) error {
	beside := byte(0)
	if c == '<' && t.at < len(t.src) {
		beside = t.src[t.at]
	}
	if c == '>' && t.at > 2 {
		beside = t.src[t.at-3]
	}
	if in := classMember("alnum"); !in(beside) && beside != '_' {
		return fmt.Errorf(`has no \< or \> but beside a letter as in %q`, t.src)
	}
	t.emit(`\b`, false)
	return nil
}

// operator translates the signs that basic expressions escape.
func (t *translator) operator(c byte) error {
	switch c {
	case '(':
		t.depth++
		t.emit("(", false)
	case ')':
		if t.depth == 0 {
			if t.extended {
				t.emit(`\)`, true)
				return nil
			}
			return fmt.Errorf("cannot use the pattern %q: unmatched \\)", t.src)
		}
		t.depth--
		t.emit(")", true)
	case '|':
		t.emit("|", false)
	case '+', '?':
		if !t.atom {
			t.emit(regexp.QuoteMeta(string(c)), true)
			return nil
		}
		t.repeat(string(c))
	case '{':
		return t.interval()
	}
	return nil
}

// interval translates {n}, {n,} and {n,m}.
func (t *translator) interval() error {
	closing := "}"
	if !t.extended {
		closing = `\}`
	}
	body, _, ok := strings.Cut(t.src[t.at:], closing)
	low, high, isRange := strings.Cut(body, ",")
	_, errLow := strconv.ParseUint(low, 10, 8)
	_, errHigh := strconv.ParseUint(high, 10, 8)
	if !ok || !t.atom || errLow != nil || isRange && high != "" && errHigh != nil {
		return fmt.Errorf("cannot use the pattern %q: bad interval", t.src)
	}
	t.at += len(body) + len(closing)
	t.repeat("{" + body + "}")
	return nil
}

// bracket translates a bracket expression, in which a backslash is itself.
func (t *translator) bracket() error {
	var b strings.Builder
	b.WriteByte('[')
	if t.at < len(t.src) && t.src[t.at] == '^' {
		b.WriteByte('^')
		t.at++
	}
	for first := true; ; first = false {
		if t.at >= len(t.src) {
			return fmt.Errorf("cannot use the pattern %q: unmatched [", t.src)
		}
		rest := t.src[t.at:]
		switch {
		case rest[0] == ']' && !first:
			t.at++
			b.WriteByte(']')
			t.emit(b.String(), true)
			return nil
		case strings.HasPrefix(rest, "[:"):
			name, _, ok := strings.Cut(rest[2:], ":]")
			if !ok || classMember(name) == nil {
				return fmt.Errorf("cannot use the pattern %q: unknown class", t.src)
			}
			b.WriteString("[:" + name + ":]")
			t.at += len(name) + 4
		case strings.HasPrefix(rest, "[.") || strings.HasPrefix(rest, "[="):
			return fmt.Errorf("has no collating symbols as in %q", t.src)
		case rest[0] == '-' && len(rest) > 1 && rest[1] != ']' && !first:
			b.WriteByte('-')
			t.at++
		case strings.HasPrefix(rest, `\n`), strings.HasPrefix(rest, `\t`):
			b.WriteString(rest[:2]) // sed's, before the expression is compiled
			t.at += 2
		case strings.IndexByte(`\]^-[&~|`, rest[0]) >= 0:
			b.WriteString(`\` + rest[:1])
			t.at++
		default:
			b.WriteByte(rest[0])
			t.at++
		}
	}
}
