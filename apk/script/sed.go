package script

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// sed is sed(1) with -n, -e, -f, -i, -E, -r and -s.
func sed(p *process) error {
	opts, operands, suffix, err := p.sedOptions()
	if err != nil {
		return err
	}
	script, err := p.sedScript(opts)
	if err != nil {
		return err
	}
	if len(script) == 0 {
		if len(operands) == 0 {
			return p.usage()
		}
		script, operands = operands[:1], operands[1:]
	}
	commands, err := parseSed(strings.Join(script, "\n"), opts.has('E') || opts.has('r'))
	if err != nil {
		return p.unsupported("sed", "%v", err)
	}
	s := &sedRun{process: p, commands: commands, quiet: opts.has('n')}
	for _, c := range commands {
		if err := s.truncate(c); err != nil {
			return err
		}
	}
	if opts.has('i') {
		return s.inPlace(operands, suffix)
	}
	var input []sedInput
	if err := p.readOperands(operands, func(_ string, data []byte) error {
		input = append(input, sedInput(lines(data)))
		return nil
	}); err != nil {
		return err
	}
	out, err := s.run(input)
	if err != nil {
		return err
	}
	if err := p.write(out); err != nil {
		return err
	}
	return s.done()
}

// sedScript returns the pieces of the script that -e and -f give, in order.
func (p *process) sedScript(opts flags) ([]string, error) {
	var script []string
	given := map[byte]int{}
	for _, letter := range opts.order {
		if letter != 'e' && letter != 'f' {
			continue
		}
		value := opts.values[letter][given[letter]]
		given[letter]++
		if letter == 'f' {
			data, err := p.readAll(value)
			if err != nil {
				return nil, p.failErr(err, "%s", value)
			}
			value = string(data)
		}
		script = append(script, value)
	}
	return script, nil
}

// sedOptions parses options; -i may have a suffix in the same word, and in no
// other.
func (p *process) sedOptions() (flags, []string, string, error) {
	suffix, inPlace := "", false
	var args []string
	for i := 0; i < len(p.args); i++ {
		arg := p.args[i]
		if rest, ok := strings.CutPrefix(arg, "--in-place"); ok {
			arg = "-i" + strings.TrimPrefix(rest, "=")
		}
		if at := strings.IndexByte(arg, 'i'); i > 0 && at > 0 && arg[0] == '-' && strings.Trim(arg[1:at], "nErs") == "" {
			inPlace, suffix = true, arg[at+1:]
			if arg = arg[:at]; arg == "-" {
				continue
			}
		}
		args = append(args, arg)
		if arg == "--" {
			args = append(args, p.args[i+1:]...)
			break
		}
		if i > 0 && len(arg) > 1 && arg[0] == '-' && (strings.HasSuffix(arg, "e") || strings.HasSuffix(arg, "f")) && strings.Trim(arg[1:len(arg)-1], "nErs") == "" && i+1 < len(p.args) {
			i++
			args = append(args, p.args[i])
		}
	}
	opts, operands, err := getopt(args[1:], "ne:f:rEs", "quiet=n", "silent=n", "expression=e", "file=f", "regexp-extended=E", "separate=s")
	if err != nil {
		return opts, nil, "", p.unsupported("sed", "%v", err)
	}
	if inPlace {
		opts.add('i', suffix)
	}
	return opts, operands, suffix, nil
}

// sedInput is one file's lines, with their newlines.
type sedInput [][]byte

// sedRun is sed at work.
type sedRun struct {
	*process
	commands []*sedCommand
	quiet    bool

	input   sedInput // left
	line    int
	space   []byte // the pattern space, without the newline
	newline bool   // whether the line had one
	hold    []byte
	after   []byte // what a and r append at the end of the cycle
	out     bytes.Buffer
	last    *regexp.Regexp // last one used
	subst   bool           // since the last input line or t
	quit    bool
}

// inPlace rewrites each file: the result is a new file with the old one's mode
// and owner, as sed makes it by renaming.
func (s *sedRun) inPlace(names []string, suffix string) error {
	for _, name := range names {
		n, err := s.stat(name)
		if err == nil && n.Kind != tree.File {
			if err := s.warn("%s: not a regular file", name); err != nil {
				return err
			}
			continue
		}
		var data []byte
		if err == nil {
			data, err = s.content(n)
		}
		if err != nil {
			if err := s.warnErr(err, "%s", name); err != nil {
				return err
			}
			continue
		}
		s.line, s.quit = 0, false
		s.out.Reset()
		out, err := s.run([]sedInput{lines(data)})
		if err != nil {
			return err
		}
		if suffix != "" {
			if err := s.tree.Rename(s.abs(name), s.abs(name)+suffix); err != nil {
				return s.failErr(err, "%s", name)
			}
		}
		next := &tree.Node{Kind: tree.File, Mode: n.Mode & 0o7777, UID: n.UID, GID: n.GID, Content: tree.Bytes(bytes.Clone(out))}
		if err := s.tree.Replace(s.abs(name), next); err != nil {
			return s.failErr(err, "%s", name)
		}
	}
	return s.done()
}

// run processes all input as one sequence of lines and returns the output.
func (s *sedRun) run(input []sedInput) ([]byte, error) {
	s.input = nil
	for _, in := range input {
		s.input = append(s.input, in...)
	}
	restart := false
	for !s.quit && (restart || s.read()) {
		if err := s.step(); err != nil {
			return nil, err
		}
		var err error
		if restart, err = s.cycle(); err != nil {
			return nil, err
		}
		s.out.Write(s.after)
		s.after = nil
		if err := s.limitOutput(); err != nil {
			return nil, err
		}
	}
	return s.out.Bytes(), nil
}

func (s *sedRun) limitOutput() error {
	if int64(s.out.Len()+len(s.space)+len(s.hold)) > s.bytes {
		return s.limit("the permitted bytes")
	}
	return nil
}

// read takes the next line into the pattern space.
func (s *sedRun) read() bool {
	if len(s.input) == 0 {
		return false
	}
	s.space = bytes.TrimSuffix(s.input[0], []byte("\n"))
	s.newline = len(s.space) < len(s.input[0])
	s.input = s.input[1:]
	s.line++
	s.subst = false
	return true
}

// emit writes a line, with a newline unless it is the input's last without.
func (s *sedRun) emit(text []byte) {
	s.out.Write(text)
	if s.newline || len(s.input) > 0 {
		s.out.WriteByte('\n')
	}
}

// cycle runs the commands on one pattern space. With restart the next cycle
// begins without reading (D).
func (s *sedRun) cycle() (restart bool, _ error) {
	for pc := 0; pc < len(s.commands); {
		if err := s.step(); err != nil {
			return false, err
		}
		c := s.commands[pc]
		pc++
		ok, err := s.selects(c)
		if err != nil {
			return false, err
		}
		if ok == c.negate {
			if c.name == '{' {
				pc = c.block
			}
			continue
		}
		next, end, err := s.execute(c, pc)
		if err != nil {
			return false, err
		}
		if end != cycleGoesOn {
			if end == cyclePrints && !s.quiet {
				s.emit(s.space)
			}
			return end == cycleRestarts, nil
		}
		pc = next
	}
	if !s.quiet {
		s.emit(s.space)
	}
	return false, nil
}

// regex returns an expression, or the last one used for the empty one.
func (s *sedRun) regex(re *regexp.Regexp) (*regexp.Regexp, error) {
	if re == nil {
		re = s.last
	}
	if re == nil {
		return nil, s.fail("no previous regexp")
	}
	s.last = re
	return re, nil
}

// selects tells whether a command's addresses select this line.
func (s *sedRun) selects(c *sedCommand) (bool, error) {
	if c.from == nil {
		return true, nil
	}
	if c.to == nil {
		return s.at(c.from)
	}
	if c.active {
		return true, s.endRange(c)
	}
	if ok, err := s.at(c.from); err != nil || !ok {
		return false, err
	}
	c.active, c.until = true, 0
	switch c.to.kind {
	case sedPlus:
		c.until = s.line + c.to.line
	case sedLine:
		c.until = max(c.to.line, s.line)
	}
	if c.until == s.line || c.to.kind == sedLast && len(s.input) == 0 {
		c.active = false
	}
	return true, nil
}

// endRange ends a range after this line if its end is reached.
func (s *sedRun) endRange(c *sedCommand) error {
	if c.until > 0 {
		c.active = s.line < c.until
		return nil
	}
	done, err := s.at(c.to)
	c.active = !done
	return err
}

func (s *sedRun) at(a *sedAddress) (bool, error) {
	switch a.kind {
	case sedLast:
		return len(s.input) == 0, nil
	case sedRegex:
		re, err := s.regex(a.re)
		return err == nil && re.Match(s.space), err
	}
	return s.line == a.line, nil
}

func itoa(n int) string { return strconv.Itoa(n) }
