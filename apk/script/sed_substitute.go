package script

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// delimited reads up to a delimiter. An escaped delimiter is the character
// itself; in a regular expression, one within brackets ends nothing.
func (p *sedParser) delimited(delim byte, regex bool) (string, error) {
	var b strings.Builder
	brackets := false
	for p.at < len(p.src) {
		c := p.src[p.at]
		p.at++
		switch {
		case c == '\\' && p.at < len(p.src) && !brackets:
			next := p.src[p.at]
			p.at++
			if next != delim {
				b.WriteByte('\\')
			}
			b.WriteByte(next)
			continue
		case c == '[' && regex && !brackets:
			brackets = true
			b.WriteByte(c)
			for p.at < len(p.src) && (p.src[p.at] == '^' || p.src[p.at] == ']') {
				b.WriteByte(p.src[p.at])
				p.at++
				if p.src[p.at-1] == ']' {
					break
				}
			}
			continue
		case c == '[' && brackets && strings.HasPrefix(p.src[p.at:], ":"):
			if name, _, ok := strings.Cut(p.src[p.at:], ":]"); ok {
				b.WriteString("[" + name + ":]")
				p.at += len(name) + 2
				continue
			}
		case c == ']':
			brackets = false
		case c == delim && !brackets:
			return b.String(), nil
		}
		b.WriteByte(c)
	}
	return "", fmt.Errorf("has an unterminated command in %q", p.src)
}

// substitution reads s/re/with/flags.
func (p *sedParser) substitution(c *sedCommand) error {
	delim := p.peek()
	if delim == 0 || delim == '\n' || delim == '\\' {
		return fmt.Errorf("has a bad delimiter in %q", p.src)
	}
	p.at++
	expr, err := p.delimited(delim, true)
	if err != nil {
		return err
	}
	with, err := p.delimited(delim, false)
	if err != nil {
		return err
	}
	ignoreCase := false
	for flag := p.peek(); ; flag = p.peek() {
		switch {
		case flag == 'g':
			c.all = true
		case flag == 'p':
			c.print = true
		case flag == 'i' || flag == 'I':
			ignoreCase = true
		case flag == 'w':
			p.at++
			p.skip(" \t")
			c.file = p.line()
			continue
		case flag >= '1' && flag <= '9':
			if c.nth, err = strconv.Atoi(p.digits()); err != nil {
				return fmt.Errorf("has a bad number in %q", p.src)
			}
			continue
		case flag == 'e' || flag == 'm' || flag == 'M':
			return fmt.Errorf("has no flag %q of s that mkimage knows", string(flag))
		default:
			c.with = parseReplacement(with)
			if expr != "" {
				if c.re, err = compileRegex(expr, p.extended, ignoreCase); err != nil {
					return err
				}
			}
			return p.end()
		}
		p.at++
	}
}

// parseReplacement splits a replacement into text and groups.
func parseReplacement(s string) []sedPart {
	var parts []sedPart
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			parts = append(parts, sedPart{text: b.String(), group: -1})
			b.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '&':
			flush()
			parts = append(parts, sedPart{group: 0})
		case s[i] == '\\' && i+1 < len(s):
			i++
			switch c := s[i]; {
			case c >= '0' && c <= '9':
				flush()
				parts = append(parts, sedPart{group: int(c - '0')})
			case strings.IndexByte("ntrfva", c) >= 0:
				text, _ := escape(s[i:], false)
				b.WriteString(text)
			default:
				b.WriteByte(c)
			}
		default:
			b.WriteByte(s[i])
		}
	}
	flush()
	return parts
}

// transliteration reads y/from/to/.
func (p *sedParser) transliteration(c *sedCommand) error {
	delim := p.peek()
	p.at++
	var sets [2]string
	for i := range sets {
		s, err := p.delimited(delim, false)
		if err != nil {
			return err
		}
		s, _ = unescape(s, false)
		sets[i] = strings.ReplaceAll(s, `\\`, `\`)
	}
	if len(sets[0]) != len(sets[1]) {
		return fmt.Errorf("has sets of different length in %q", p.src)
	}
	c.table = map[byte]byte{}
	for i := range len(sets[0]) {
		c.table[sets[0][i]] = sets[1][i]
	}
	return p.end()
}

// replace does an s command on the pattern space and tells whether it changed.
func (c *sedCommand) replace(space []byte, re *regexp.Regexp) ([]byte, bool) {
	n := -1
	if !c.all && c.nth == 0 {
		n = 1
	}
	var out bytes.Buffer
	last, changed := 0, false
	for i, loc := range re.FindAllSubmatchIndex(space, n) {
		if c.nth > 0 && i+1 != c.nth && !c.all { // with g, busybox ignores N
			continue
		}
		out.Write(space[last:loc[0]])
		for _, part := range c.with {
			if part.group < 0 {
				out.WriteString(part.text)
			} else if g := part.group * 2; g+1 < len(loc) && loc[g] >= 0 {
				out.Write(space[loc[g]:loc[g+1]])
			}
		}
		last, changed = loc[1], true
	}
	if !changed {
		return space, false
	}
	out.Write(space[last:])
	return out.Bytes(), true
}
