package script

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// sedCommand is one command of a sed script (POSIX.1-2017, sed).
type sedCommand struct {
	from, to *sedAddress
	negate   bool
	name     byte

	text  string         // of a, i, c; label of b, t, T; file of r, w
	re    *regexp.Regexp // of s; nil is the last one used
	with  []sedPart      // of s
	all   bool           // s///g
	nth   int            // s///N
	print bool           // s///p
	file  string         // s///w
	table map[byte]byte  // of y
	block int            // of {: the command after its }
	jump  int            // of b, t, T

	active bool // within a range
	until  int  // line that ends it, if a number does
}

// sedAddress selects lines.
type sedAddress struct {
	kind sedAddressKind
	line int
	re   *regexp.Regexp // nil is the last one used
}

type sedAddressKind uint8

const (
	sedLine  sedAddressKind = iota
	sedLast                 // $
	sedRegex                // /re/
	sedPlus                 // ,+N
)

// sedPart is a piece of a replacement: text, or a group of the match.
type sedPart struct {
	text  string
	group int // -1 is text, 0 the whole match
}

// sedParser reads a script.
type sedParser struct {
	src      string
	at       int
	extended bool
	commands []*sedCommand
	blocks   []int
	labels   map[string]int
}

// parseSed parses a script. An error says what is wrong or not done here.
func parseSed(src string, extended bool) ([]*sedCommand, error) {
	p := &sedParser{src: src, extended: extended, labels: map[string]int{}}
	for {
		p.skip(" \t\n;")
		if p.at == len(p.src) {
			break
		}
		if err := p.command(); err != nil {
			return nil, err
		}
	}
	if len(p.blocks) > 0 {
		return nil, fmt.Errorf("lacks a } in %q", src)
	}
	for _, c := range p.commands {
		if c.name != 'b' && c.name != 't' && c.name != 'T' {
			continue
		}
		c.jump = len(p.commands)
		if c.text != "" {
			at, ok := p.labels[c.text]
			if !ok {
				return nil, fmt.Errorf("cannot find the label %q", c.text)
			}
			c.jump = at
		}
	}
	return p.commands, nil
}

func (p *sedParser) skip(chars string) {
	for p.at < len(p.src) && strings.IndexByte(chars, p.src[p.at]) >= 0 {
		p.at++
	}
}

func (p *sedParser) peek() byte {
	if p.at < len(p.src) {
		return p.src[p.at]
	}
	return 0
}

func (p *sedParser) command() error {
	if p.peek() == '#' {
		p.line()
		return nil
	}
	c := &sedCommand{}
	var err error
	if c.from, err = p.address(); err != nil {
		return err
	}
	if c.from != nil && p.peek() == ',' {
		p.at++
		p.skip(" \t")
		if c.to, err = p.address(); err != nil {
			return err
		}
		if c.to == nil {
			return fmt.Errorf("lacks an address after the comma in %q", p.src)
		}
	}
	p.skip(" \t")
	for p.peek() == '!' {
		c.negate = true
		p.at++
		p.skip(" \t")
	}
	if p.at == len(p.src) {
		return fmt.Errorf("lacks a command in %q", p.src)
	}
	c.name = p.src[p.at]
	p.at++
	return p.arguments(c)
}

// arguments reads what a command takes and adds it.
func (p *sedParser) arguments(c *sedCommand) error {
	switch c.name {
	case '{':
		p.blocks = append(p.blocks, len(p.commands))
	case '}':
		if len(p.blocks) == 0 {
			return fmt.Errorf("has an unexpected } in %q", p.src)
		}
		open := p.commands[p.blocks[len(p.blocks)-1]]
		p.blocks = p.blocks[:len(p.blocks)-1]
		open.block = len(p.commands)
		return p.end()
	case ':':
		p.skip(" \t")
		p.labels[strings.TrimSpace(p.word())] = len(p.commands)
		return nil
	case 'b', 't', 'T':
		p.skip(" \t")
		c.text = strings.TrimSpace(p.word())
	case 'a', 'i', 'c':
		c.text = p.textArgument()
	case 'r', 'w':
		p.skip(" \t")
		c.text = p.line()
	case 's':
		if err := p.substitution(c); err != nil {
			return err
		}
	case 'y':
		if err := p.transliteration(c); err != nil {
			return err
		}
	case 'q', 'd', 'D', 'g', 'G', 'h', 'H', 'x', 'n', 'N', 'p', 'P', '=':
		if err := p.end(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("has no command %q that mkimage knows", string(c.name))
	}
	p.commands = append(p.commands, c)
	return nil
}

// end requires that a command ends here.
func (p *sedParser) end() error {
	p.skip(" \t")
	switch p.peek() {
	case 0, ';', '\n', '}', '#':
		return nil
	}
	return fmt.Errorf("has extra characters after a command in %q", p.src)
}

// word reads up to a ";" or the line's end, line the rest of the line.
func (p *sedParser) word() string { return p.until("\n;") }

func (p *sedParser) line() string { return p.until("\n") }

func (p *sedParser) until(stop string) string {
	start := p.at
	for p.at < len(p.src) && strings.IndexByte(stop, p.src[p.at]) < 0 {
		p.at++
	}
	return p.src[start:p.at]
}

func (p *sedParser) digits() string {
	start := p.at
	for p.peek() >= '0' && p.peek() <= '9' {
		p.at++
	}
	return p.src[start:p.at]
}

// textArgument reads the text of a, i and c: in the same line, or after a
// backslash in the following ones. A backslash before a newline keeps it.
func (p *sedParser) textArgument() string {
	p.skip(" \t")
	if strings.HasPrefix(p.src[p.at:], "\\\n") {
		p.at += 2
	} else if p.peek() == '\\' && p.at+1 < len(p.src) {
		p.at++
		if p.peek() != ' ' && p.peek() != '\t' {
			p.at-- // an escape, not one that keeps leading blanks
		}
	}
	var b strings.Builder
	for p.at < len(p.src) && p.src[p.at] != '\n' {
		if p.src[p.at] == '\\' && p.at+1 < len(p.src) {
			p.at++
			if p.src[p.at] == 't' {
				b.WriteByte('\t')
				p.at++
				continue
			}
		}
		b.WriteByte(p.src[p.at])
		p.at++
	}
	return b.String() + "\n"
}

func (p *sedParser) address() (*sedAddress, error) {
	switch c := p.peek(); {
	case c >= '0' && c <= '9':
		n, err := strconv.Atoi(p.digits())
		if err != nil {
			return nil, fmt.Errorf("has a bad line number in %q", p.src)
		}
		a := &sedAddress{kind: sedLine, line: n}
		return a, nil
	case c == '+':
		p.at++
		n, err := strconv.Atoi(p.digits())
		if err != nil {
			return nil, fmt.Errorf("has a bad line number in %q", p.src)
		}
		return &sedAddress{kind: sedPlus, line: n}, nil
	case c == '$':
		p.at++
		return &sedAddress{kind: sedLast}, nil
	case c == '/' || c == '\\':
		if c == '\\' {
			p.at++
		}
		delim := p.peek()
		p.at++
		expr, err := p.delimited(delim, true)
		if err != nil {
			return nil, err
		}
		ignoreCase := p.peek() == 'I'
		if ignoreCase {
			p.at++
		}
		a := &sedAddress{kind: sedRegex}
		if expr != "" {
			a.re, err = compileRegex(expr, p.extended, ignoreCase)
		}
		return a, err
	}
	return nil, nil
}
