package script

import (
	"bytes"
	"strconv"
	"strings"
)

// span is a range of positions from 1, with no end if to is 0.
type span struct{ from, to int }

// cut is cut(1): -c and -b by bytes, -f with -d and -s.
func cut(p *process) error {
	opts, operands, err := p.options("b:c:f:d:snD", "bytes=b", "characters=c", "fields=f", "delimiter=d", "only-delimited=s")
	if err != nil {
		return err
	}
	letter := lastOf(opts, "bcf")
	if letter == 0 || opts.has('D') {
		return p.usage()
	}
	spans, ok := parseSpans(opts.value(letter))
	if !ok {
		return p.fail("bad LIST: %s", opts.value(letter))
	}
	delim := "\t"
	if opts.has('d') {
		if delim = opts.value('d'); len(delim) != 1 {
			return p.unsupported("cut", "has a delimiter of one byte")
		}
	}
	err = p.readOperands(operands, func(_ string, data []byte) error {
		var out bytes.Buffer
		for _, line := range lines(data) {
			line = bytes.TrimSuffix(line, []byte("\n"))
			if letter != 'f' {
				out.Write(pick(bytes.Split(line, nil), spans, ""))
			} else if !bytes.Contains(line, []byte(delim)) {
				if opts.has('s') {
					continue
				}
				out.Write(line)
			} else {
				out.Write(pick(bytes.Split(line, []byte(delim)), spans, delim))
			}
			out.WriteByte('\n')
		}
		return p.write(out.Bytes())
	})
	if err != nil {
		return err
	}
	return p.done()
}

func parseSpans(list string) ([]span, bool) {
	var spans []span
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		s := span{from: 1}
		var err error
		if from != "" {
			if s.from, err = strconv.Atoi(from); err != nil || s.from < 1 {
				return nil, false
			}
		}
		switch {
		case !isRange && from == "", isRange && from == "" && to == "":
			return nil, false
		case !isRange:
			s.to = s.from
		case to != "":
			if s.to, err = strconv.Atoi(to); err != nil || s.to < s.from {
				return nil, false
			}
		}
		spans = append(spans, s)
	}
	return spans, true
}

// pick joins the parts whose position is in a span, in their own order.
func pick(parts [][]byte, spans []span, sep string) []byte {
	var out [][]byte
	for i, part := range parts {
		for _, s := range spans {
			if i+1 >= s.from && (s.to == 0 || i+1 <= s.to) {
				out = append(out, part)
				break
			}
		}
	}
	return bytes.Join(out, []byte(sep))
}

// tr is tr(1), by bytes: -c, -d and -s.
func tr(p *process) error {
	opts, sets, err := p.options("+Ccds", "complement=c", "delete=d", "squeeze-repeats=s")
	if err != nil {
		return err
	}
	deleting, squeezing := opts.has('d'), opts.has('s')
	if len(sets) == 0 || len(sets) > 2 || len(sets) == 1 && !deleting && !squeezing {
		return p.usage()
	}
	from := expandSet(sets[0])
	if opts.has('c') || opts.has('C') {
		from = complement(from)
	}
	var to []byte
	if len(sets) == 2 {
		to = expandSet(sets[1])
	}
	data, err := p.readInput()
	if err != nil {
		return p.failErr(err, "read error")
	}
	var table [256]int // -1 deletes
	for i := range table {
		table[i] = i
	}
	for i, c := range from {
		switch {
		case deleting:
			table[c] = -1
		case len(to) > 0:
			table[c] = int(to[min(i, len(to)-1)])
		}
	}
	squeezed := from
	if len(to) > 0 {
		squeezed = to
	}
	var out []byte
	for _, c := range data {
		n := table[c]
		if n < 0 {
			continue
		}
		if squeezing && len(out) > 0 && out[len(out)-1] == byte(n) && bytes.IndexByte(squeezed, byte(n)) >= 0 {
			continue
		}
		out = append(out, byte(n))
	}
	return p.write(out)
}

func complement(set []byte) []byte {
	var out []byte
	for c := range 256 {
		if bytes.IndexByte(set, byte(c)) < 0 {
			out = append(out, byte(c))
		}
	}
	return out
}

// expandSet spells out a set: escapes, ranges and classes.
func expandSet(s string) []byte {
	var out []byte
	for len(s) > 0 {
		if name, rest, ok := strings.Cut(strings.TrimPrefix(s, "[:"), ":]"); ok && strings.HasPrefix(s, "[:") {
			if class := classBytes(name); class != nil {
				out = append(out, class...)
				s = rest
				continue
			}
		}
		// A range in brackets, as in System V's tr.
		if len(s) >= 5 && s[0] == '[' && s[2] == '-' && s[4] == ']' {
			s = s[1:4] + s[5:]
		}
		c, n := setByte(s)
		s = s[n:]
		if len(s) > 1 && s[0] == '-' {
			last, n := setByte(s[1:])
			for i := int(c); i <= int(last); i++ {
				out = append(out, byte(i))
			}
			s = s[1+n:]
			continue
		}
		out = append(out, c)
	}
	return out
}

// setByte reads one byte of a set, which may be escaped.
func setByte(s string) (byte, int) {
	if s[0] != '\\' || len(s) == 1 {
		return s[0], 1
	}
	text, n := escape(s[1:], false)
	if strings.HasPrefix(text, `\`) && len(text) == 2 {
		return text[1], 2
	}
	return text[0], n + 1
}

// classBytes returns the members of a POSIX class in the C locale.
func classBytes(name string) []byte {
	in := classMember(name)
	if in == nil {
		return nil
	}
	var out []byte
	for c := range 128 {
		if in(byte(c)) {
			out = append(out, byte(c))
		}
	}
	return out
}

func classMember(name string) func(byte) bool {
	lower := func(c byte) bool { return c >= 'a' && c <= 'z' }
	upper := func(c byte) bool { return c >= 'A' && c <= 'Z' }
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	alnum := func(c byte) bool { return lower(c) || upper(c) || digit(c) }
	switch name {
	case "lower":
		return lower
	case "upper":
		return upper
	case "digit":
		return digit
	case "alpha":
		return func(c byte) bool { return lower(c) || upper(c) }
	case "alnum":
		return alnum
	case "space":
		return func(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
	case "blank":
		return func(c byte) bool { return c == ' ' || c == '\t' }
	case "punct":
		return func(c byte) bool { return c > ' ' && c < 127 && !alnum(c) }
	case "xdigit":
		return func(c byte) bool { return digit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
	case "cntrl":
		return func(c byte) bool { return c < ' ' || c == 127 }
	case "graph":
		return func(c byte) bool { return c > ' ' && c < 127 }
	case "print":
		return func(c byte) bool { return c >= ' ' && c < 127 }
	}
	return nil
}
