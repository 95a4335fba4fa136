package script

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// matcher is what grep looks for.
type matcher struct {
	list  []*regexp.Regexp
	words bool // -w
	whole bool // -x
}

func (m *matcher) match(line []byte) bool {
	for _, re := range m.list {
		if len(m.locate(re, line)) > 0 {
			return true
		}
	}
	return false
}

// locate returns the matches in a line that count.
func (m *matcher) locate(re *regexp.Regexp, line []byte) [][]int {
	var out [][]int
	for _, loc := range re.FindAllIndex(line, -1) {
		if m.whole && (loc[0] != 0 || loc[1] != len(line)) {
			continue
		}
		if m.words && (loc[0] > 0 && isWord(line[loc[0]-1]) || loc[1] < len(line) && isWord(line[loc[1]])) {
			continue
		}
		out = append(out, loc)
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// grep is grep(1), egrep and fgrep: status 0 if a line was selected, 1 if
// none, 2 after an error.
func grep(p *process) error {
	opts, operands, err := p.options("lnqvscFiHhe:f:LxwoErRm:",
		"quiet=q", "silent=q", "count=c", "files-with-matches=l", "ignore-case=i", "invert-match=v",
		"extended-regexp=E", "fixed-strings=F", "line-number=n", "word-regexp=w", "line-regexp=x",
		"only-matching=o", "no-messages=s", "no-filename=h", "with-filename=H", "regexp=e", "recursive=r")
	if err != nil {
		return err
	}
	if opts.has('f') {
		return p.unsupported("grep", "has no option as -f that mkimage knows")
	}
	patterns := opts.values['e']
	if len(patterns) == 0 {
		if len(operands) == 0 {
			return p.testError("bad usage")
		}
		patterns, operands = operands[:1], operands[1:]
	}
	m, err := p.matcher(patterns, opts)
	if err != nil {
		return err
	}
	g := &grepper{process: p, opts: opts, matcher: m, most: -1}
	if opts.has('m') {
		if g.most, err = strconv.Atoi(opts.value('m')); err != nil || g.most < 1 {
			return p.unsupported("grep", "cannot understand -m %q", opts.value('m'))
		}
	}
	recursive := opts.has('r') || opts.has('R')
	g.names = (len(operands) > 1 || recursive) && !opts.has('h') || opts.has('H')
	if recursive {
		if len(operands) == 0 {
			operands = []string{"."}
		}
		if operands, err = p.filesBelow(operands); err != nil {
			return err
		}
	}
	if err := p.grepAll(g, operands); err != nil {
		return err
	}
	switch {
	case g.selected && (!p.failed || opts.has('q')):
		return nil
	case p.failed:
		return status(2)
	}
	return status(1)
}

func (p *process) grepAll(g *grepper, names []string) error {
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		data, err := p.readAll(name)
		if err != nil {
			if fatal := fatalOnly(err); fatal != nil {
				return fatal
			}
			p.failed = true
			if !g.opts.has('s') {
				if err := p.warnErr(err, "%s", name); err != nil {
					return err
				}
			}
			continue
		}
		if done, err := g.file(name, data); done || err != nil {
			return err
		}
	}
	return nil
}

// matcher compiles patterns, of which each line is one.
func (p *process) matcher(patterns []string, opts flags) (*matcher, error) {
	m := &matcher{words: opts.has('w'), whole: opts.has('x')}
	fixed := opts.has('F') || p.name() == "fgrep"
	for _, text := range patterns {
		for line := range strings.SplitSeq(text, "\n") {
			if fixed {
				line = regexp.QuoteMeta(line)
			}
			if m.whole && !fixed {
				line = anchored(line, opts.has('E') || p.name() == "egrep")
			}
			re, err := compileRegex(line, fixed || opts.has('E') || p.name() == "egrep", opts.has('i'))
			if err != nil {
				return nil, p.unsupported(p.name(), "%v", err)
			}
			m.list = append(m.list, re)
		}
	}
	return m, nil
}

// anchored lets an expression match whole lines only, whatever branches it has.
func anchored(expr string, extended bool) string {
	if extended {
		return "^(" + expr + ")$"
	}
	return `^\(` + expr + `\)$`
}

// grepper goes through files.
type grepper struct {
	*process
	*matcher
	opts     flags
	names    bool // lines begin with the file's name
	most     int  // -m: lines selected per file; -1 is no bound
	selected bool
}

// file searches one file; done means that the answer is known.
func (g *grepper) file(name string, data []byte) (done bool, _ error) {
	if name == "-" {
		name = "(standard input)"
	}
	n := 0
	var out bytes.Buffer
	for i, line := range lines(data) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if g.match(line) == g.opts.has('v') {
			continue
		}
		if n == g.most {
			break
		}
		n++
		g.selected = true
		if g.opts.has('q') {
			return true, nil
		}
		if g.opts.has('l') || g.opts.has('L') {
			break
		}
		if !g.opts.has('c') {
			g.show(&out, name, i+1, line)
		}
	}
	prefix := ""
	if g.names {
		prefix = name + ":"
	}
	switch {
	case g.opts.has('l') && n > 0, g.opts.has('L') && n == 0:
		return false, g.print(name + "\n")
	case g.opts.has('l'), g.opts.has('L'):
		return false, nil
	case g.opts.has('c'):
		return false, g.printf("%s%d\n", prefix, n)
	}
	return false, g.write(out.Bytes())
}

func (g *grepper) show(out *bytes.Buffer, name string, number int, line []byte) {
	emit := func(text []byte) {
		if g.names {
			out.WriteString(name + ":")
		}
		if g.opts.has('n') {
			out.WriteString(itoa(number) + ":")
		}
		out.Write(text)
		out.WriteByte('\n')
	}
	if !g.opts.has('o') {
		emit(line)
		return
	}
	if g.opts.has('v') {
		return
	}
	for _, re := range g.list {
		for _, loc := range g.locate(re, line) {
			if loc[1] > loc[0] {
				emit(line[loc[0]:loc[1]])
			}
		}
	}
}
