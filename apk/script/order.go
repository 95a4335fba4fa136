package script

import (
	"bytes"
	"sort"
	"strconv"
	"strings"
)

// sortLines is sort(1), bytewise as with musl: -r, -u, -n, -t, -k, -o, -s.
func sortLines(p *process) error {
	opts, operands, err := p.options("nruk:t:o:sb", "reverse=r", "unique=u", "numeric-sort=n", "output=o", "stable=s")
	if err != nil {
		return err
	}
	s := &sorter{numeric: opts.has('n'), reverse: opts.has('r'), blanks: opts.has('b'), sep: opts.value('t')}
	for _, k := range opts.values['k'] {
		key, ok := parseKey(k)
		if !ok || len(s.sep) > 1 {
			return p.unsupported("sort", "has no key as %q that mkimage knows", k)
		}
		s.keys = append(s.keys, key)
	}
	var list [][]byte
	err = p.readOperands(operands, func(_ string, data []byte) error {
		for _, line := range lines(data) {
			list = append(list, bytes.TrimSuffix(line, []byte("\n")))
		}
		return nil
	})
	if err != nil {
		return err
	}
	sort.SliceStable(list, func(i, j int) bool {
		c := s.compare(list[i], list[j])
		if c == 0 && !opts.has('s') && !opts.has('u') {
			c = bytes.Compare(list[i], list[j])
			if s.reverse {
				c = -c
			}
		}
		return c < 0
	})
	var out bytes.Buffer
	for i, line := range list {
		if opts.has('u') && i > 0 && s.compare(list[i-1], line) == 0 {
			continue
		}
		out.Write(line)
		out.WriteByte('\n')
	}
	if opts.has('o') {
		f, err := p.open(opts.value('o'), openWrite|openCreate|openTruncate, 0o666)
		if err != nil {
			return p.failErr(err, "%s", opts.value('o'))
		}
		if _, err := f.Write(out.Bytes()); err != nil {
			return err
		}
		return p.done()
	}
	if err := p.write(out.Bytes()); err != nil {
		return err
	}
	return p.done()
}

type sorter struct {
	numeric, reverse, blanks bool
	sep                      string // one byte; empty splits at blanks
	keys                     []sortKey
}

// sortKey is -k FROM[,TO] with its own flags.
type sortKey struct {
	from, to         int // fields from 1; to 0 is the line's end
	numeric, reverse bool
}

func parseKey(s string) (sortKey, bool) {
	var k sortKey
	s = strings.TrimRight(s, "nrb") + strings.Repeat("n", strings.Count(s, "n")) + strings.Repeat("r", strings.Count(s, "r"))
	text := strings.TrimRight(s, "nr")
	k.numeric, k.reverse = strings.Contains(s[len(text):], "n"), strings.Contains(s[len(text):], "r")
	from, to, hasTo := strings.Cut(text, ",")
	var err error
	if k.from, err = strconv.Atoi(from); err != nil || k.from < 1 {
		return k, false
	}
	if hasTo {
		if k.to, err = strconv.Atoi(to); err != nil || k.to < 1 {
			return k, false
		}
	}
	return k, true
}

func (s *sorter) compare(a, b []byte) int {
	if len(s.keys) == 0 {
		return s.compareKey(a, b, s.numeric, s.reverse)
	}
	for _, k := range s.keys {
		// A key without flags of its own takes the command's.
		numeric, reverse := k.numeric, k.reverse
		if !numeric && !reverse {
			numeric, reverse = s.numeric, s.reverse
		}
		if c := s.compareKey(s.field(a, k), s.field(b, k), numeric, reverse); c != 0 {
			return c
		}
	}
	return 0
}

func (s *sorter) compareKey(a, b []byte, numeric, reverse bool) int {
	var c int
	switch {
	case numeric:
		x, y := leadingNumber(a), leadingNumber(b)
		switch {
		case x < y:
			c = -1
		case x > y:
			c = 1
		}
	case s.blanks:
		c = bytes.Compare(bytes.TrimLeft(a, " \t"), bytes.TrimLeft(b, " \t"))
	default:
		c = bytes.Compare(a, b)
	}
	if reverse {
		return -c
	}
	return c
}

// leadingNumber is the number that a text begins with; 0 if none.
func leadingNumber(b []byte) float64 {
	b = bytes.TrimLeft(b, " \t")
	end := 0
	for end < len(b) && (b[end] >= '0' && b[end] <= '9' || b[end] == '.' || end == 0 && b[end] == '-') {
		end++
	}
	n, _ := strconv.ParseFloat(string(b[:end]), 64)
	return n
}

// field returns the bytes of a key. Without a separator a field begins with
// the blanks before it.
func (s *sorter) field(line []byte, k sortKey) []byte {
	var starts, ends []int
	if s.sep != "" {
		at := 0
		for _, f := range bytes.Split(line, []byte(s.sep)) {
			starts, ends = append(starts, at), append(ends, at+len(f))
			at += len(f) + 1
		}
	} else {
		for at := 0; at < len(line); {
			end := at
			for end < len(line) && (line[end] == ' ' || line[end] == '\t') {
				end++
			}
			for end < len(line) && line[end] != ' ' && line[end] != '\t' {
				end++
			}
			starts, ends = append(starts, at), append(ends, end)
			at = end
		}
	}
	if k.from > len(starts) {
		return nil
	}
	end := len(line)
	if k.to > 0 && k.to <= len(ends) {
		end = ends[k.to-1]
	}
	return line[starts[k.from-1]:max(end, starts[k.from-1])]
}

// uniq is uniq(1): -c, -d, -u and an output file.
func uniq(p *process) error {
	opts, operands, err := p.options("cdui", "count=c", "repeated=d", "unique=u")
	if err != nil {
		return err
	}
	if opts.has('i') || len(operands) > 2 {
		return p.unsupported("uniq", "has no option as -i that mkimage knows")
	}
	input := "-"
	if len(operands) > 0 {
		input = operands[0]
	}
	data, err := p.readAll(input)
	if err != nil {
		return p.failErr(err, "%s", input)
	}
	var out bytes.Buffer
	list := lines(data)
	for i := 0; i < len(list); {
		n := 1
		line := bytes.TrimSuffix(list[i], []byte("\n"))
		for i+n < len(list) && bytes.Equal(bytes.TrimSuffix(list[i+n], []byte("\n")), line) {
			n++
		}
		i += n
		if opts.has('d') && n == 1 || opts.has('u') && n > 1 {
			continue
		}
		if opts.has('c') {
			out.WriteString(strings.Repeat(" ", max(0, 7-len(strconv.Itoa(n)))) + strconv.Itoa(n) + " ")
		}
		out.Write(line)
		out.WriteByte('\n')
	}
	if len(operands) == 2 {
		f, err := p.open(operands[1], openWrite|openCreate|openTruncate, 0o666)
		if err != nil {
			return p.failErr(err, "%s", operands[1])
		}
		_, err = f.Write(out.Bytes())
		return err
	}
	return p.write(out.Bytes())
}
