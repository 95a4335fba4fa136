package script

import (
	"bytes"
	"errors"
	"strconv"
)

// cycleEnd is how a command leaves the cycle.
type cycleEnd uint8

const (
	cycleGoesOn   cycleEnd = iota
	cyclePrints            // the pattern space is printed, unless -n
	cycleDrops             // it is not
	cycleRestarts          // nor is a line read
)

// execute runs one command and returns where to go on.
func (s *sedRun) execute(c *sedCommand, next int) (int, cycleEnd, error) {
	switch c.name {
	case 's':
		return s.substitute(c, next)
	case 'b':
		return c.jump, cycleGoesOn, nil
	case 't', 'T':
		done := s.subst
		s.subst = false
		if done == (c.name == 't') {
			return c.jump, cycleGoesOn, nil
		}
	case 'd':
		return next, cycleDrops, nil
	case 'D':
		i := bytes.IndexByte(s.space, '\n')
		if i < 0 {
			return next, cycleDrops, nil
		}
		s.space = s.space[i+1:]
		return next, cycleRestarts, nil
	case 'q':
		s.quit = true
		return next, cyclePrints, nil
	case 'n', 'N':
		return s.nextLine(c, next)
	case 'c':
		if c.to == nil || !c.active || c.negate {
			s.out.WriteString(c.text)
		}
		return next, cycleDrops, nil
	default:
		return next, cycleGoesOn, s.plain(c)
	}
	return next, cycleGoesOn, nil
}

// plain runs the commands that never leave the cycle.
func (s *sedRun) plain(c *sedCommand) error {
	switch c.name {
	case 'p':
		s.out.Write(s.space)
		s.out.WriteByte('\n')
	case 'P':
		first, _, _ := bytes.Cut(s.space, []byte("\n"))
		s.out.Write(first)
		s.out.WriteByte('\n')
	case '=':
		s.out.WriteString(strconv.Itoa(s.line) + "\n")
	case 'i':
		s.out.WriteString(c.text)
	case 'a':
		s.endLine()
		s.after = append(s.after, c.text...)
	case 'r':
		data, err := s.readAll(c.text)
		if err := fatalOnly(err); err != nil {
			return err
		}
		s.endLine()
		s.after = append(s.after, data...) // one that is missing is empty
	case 'w':
		return s.appendTo(c.text)
	case 'h':
		s.hold = bytes.Clone(s.space)
	case 'H':
		s.hold = append(append(s.hold, '\n'), s.space...)
	case 'g':
		s.space = bytes.Clone(s.hold)
	case 'G':
		s.space = append(append(bytes.Clone(s.space), '\n'), s.hold...)
	case 'x':
		s.space, s.hold = s.hold, bytes.Clone(s.space)
	case 'y':
		s.space = bytes.Clone(s.space)
		for i, b := range s.space {
			if to, ok := c.table[b]; ok {
				s.space[i] = to
			}
		}
	}
	return s.limitOutput()
}

// endLine gives a last line its newline, since something follows it.
func (s *sedRun) endLine() { s.newline = true }

// nextLine is n and N. At the end of the input n prints and ends; N prints the
// pattern space as GNU sed and busybox do.
func (s *sedRun) nextLine(c *sedCommand, next int) (int, cycleEnd, error) {
	if len(s.input) == 0 {
		s.quit = true
		return next, cyclePrints, nil
	}
	if c.name == 'N' {
		space := append(bytes.Clone(s.space), '\n')
		subst := s.subst
		s.read()
		s.subst = subst
		s.space = append(space, s.space...)
		return next, cycleGoesOn, s.limitOutput()
	}
	if !s.quiet {
		s.emit(s.space)
	}
	s.out.Write(s.after)
	s.after = nil
	s.read()
	return next, cycleGoesOn, nil
}

func (s *sedRun) substitute(c *sedCommand, next int) (int, cycleEnd, error) {
	re, err := s.regex(c.re)
	if err != nil {
		return next, cycleGoesOn, err
	}
	space, changed := c.replace(s.space, re)
	if !changed {
		return next, cycleGoesOn, nil
	}
	s.space, s.subst = space, true
	if c.print {
		s.out.Write(s.space)
		s.out.WriteByte('\n')
	}
	if c.file != "" {
		err = s.appendTo(c.file)
	}
	return next, cycleGoesOn, errors.Join(err, s.limitOutput())
}

// truncate makes the file of a w empty before anything is read.
func (s *sedRun) truncate(c *sedCommand) error {
	name := c.file
	if c.name == 'w' {
		name = c.text
	}
	if name == "" {
		return nil
	}
	if _, err := s.open(name, openWrite|openCreate|openTruncate, 0o666); err != nil {
		return s.failErr(err, "%s", name)
	}
	return nil
}

// appendTo writes the pattern space to a file of w.
func (s *sedRun) appendTo(name string) error {
	if name == "/dev/stdout" {
		s.out.Write(s.space)
		s.out.WriteByte('\n')
		return nil
	}
	f, err := s.open(name, openWrite|openCreate|openAppend, 0o666)
	if err != nil {
		return s.failErr(err, "%s", name)
	}
	if _, err = f.Write(append(bytes.Clone(s.space), '\n')); err != nil {
		return s.failErr(err, "%s", name)
	}
	return nil
}
