package script

import (
	"errors"
	"io"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// read reads one line into variables. Status 1 says that the input ended.
func (s *shell) read(args []string) error {
	opts, names, err := getopt(args[1:], "rp:")
	if err != nil {
		return s.unsupported("read", "%s", err)
	}
	line, ended, err := s.readLine(opts.has('r'))
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = []string{"REPLY"}
	}
	var values []string
	if _, err := s.expanding(func(cfg *expand.Config) error {
		values = expand.ReadFields(cfg, line, len(names), opts.has('r'))
		return nil
	}); err != nil {
		return err
	}
	for i, name := range names {
		if !syntax.ValidName(name) {
			return s.usage("read: '%s': bad variable name", name)
		}
		value := ""
		if i < len(values) {
			value = values[i]
		}
		if err := s.assign(name, value); err != nil {
			return err
		}
	}
	s.status = boolStatus(!ended)
	return nil
}

// readLine takes one line from standard input, byte by byte since what follows
// is for others. Unless raw, a backslash joins the next line.
func (s *shell) readLine(raw bool) (line string, ended bool, err error) {
	in := s.process().fd(0)
	var b strings.Builder
	escaped := false
	for {
		var c [1]byte
		if _, err := in.Read(c[:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return b.String(), true, fatalOnly(err)
		}
		switch {
		case c[0] == '\n' && !escaped:
			return b.String(), false, nil
		case c[0] == '\n':
			line := strings.TrimSuffix(b.String(), `\`)
			b.Reset()
			b.WriteString(line)
			escaped = false
			continue
		case c[0] == 0:
			continue
		}
		escaped = !raw && c[0] == '\\' && !escaped
		b.WriteByte(c[0])
	}
}
