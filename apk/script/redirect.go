package script

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// redirect performs redirections in order. It is false if one failed, which
// has been complained about.
func (s *shell) redirect(list []*syntax.Redirect) (bool, error) {
	for _, rd := range list {
		ok, err := s.redirectOne(rd)
		if !ok || err != nil {
			return ok, err
		}
	}
	return true, nil
}

func (s *shell) redirectOne(rd *syntax.Redirect) (bool, error) {
	fd := defaultFD(rd.Op)
	if rd.N != nil {
		fd = int(rd.N.Value[0] - '0') // the guard let one digit through
	}
	if rd.Op == syntax.Hdoc || rd.Op == syntax.DashHdoc {
		body, err := s.hereBody(rd)
		if err != nil {
			return false, err
		}
		s.fds[fd] = &pipe{machine: s.machine, data: []byte(body)}
		return true, s.spend(int64(len(body)))
	}
	name, _, err := s.literal(rd.Word)
	if err != nil {
		return false, err
	}
	switch rd.Op {
	case syntax.DplIn, syntax.DplOut:
		return s.duplicate(fd, name)
	}
	f, err := s.process().open(name, openFlags(rd.Op), 0o666)
	if err != nil {
		if err := fatalOnly(err); err != nil {
			return false, err
		}
		return false, s.complain("can't open %s: %s", name, reason(err))
	}
	s.fds[fd] = f
	if rd.Op == syntax.RdrAll {
		s.fds[2] = f
	}
	return true, nil
}

func defaultFD(op syntax.RedirOperator) int {
	switch op {
	case syntax.RdrOut, syntax.AppOut, syntax.DplOut, syntax.RdrClob, syntax.RdrAll:
		return 1
	}
	return 0
}

func openFlags(op syntax.RedirOperator) openFlag {
	switch op {
	case syntax.RdrIn:
		return openRead
	case syntax.RdrInOut:
		return openRead | openWrite | openCreate
	case syntax.AppOut:
		return openWrite | openCreate | openAppend
	}
	return openWrite | openCreate | openTruncate
}

// duplicate is N>&M and N>&-.
func (s *shell) duplicate(fd int, from string) (bool, error) {
	if from == "-" {
		s.fds[fd] = nil
		return true, nil
	}
	if len(from) != 1 || from < "0" || from > "9" {
		return false, s.unsupported("the redirection to &"+from, "is not in the shell of Alpine")
	}
	f := s.fds[from[0]-'0']
	if f == nil {
		return false, s.complain("%s: Bad file descriptor", from)
	}
	s.fds[fd] = f
	return true, nil
}

// hereBody returns a here-document's text: expanded unless the delimiter is
// quoted, and with <<- without the tabs that begin its lines. Tabs go before
// the expansion, so that those that it yields stay.
func (s *shell) hereBody(rd *syntax.Redirect) (string, error) {
	if rd.Hdoc == nil {
		return "", nil
	}
	body := *rd.Hdoc
	if rd.Op == syntax.DashHdoc {
		body.Parts = stripTabs(body.Parts)
	}
	if quotedDelimiter(rd.Word) {
		var b strings.Builder
		for _, part := range body.Parts {
			if lit, ok := part.(*syntax.Lit); ok {
				b.WriteString(lit.Value)
			}
		}
		return b.String(), nil
	}
	return s.hereDocument(&body)
}

func quotedDelimiter(w *syntax.Word) bool {
	for _, part := range w.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok || strings.Contains(lit.Value, `\`) {
			return true
		}
	}
	return false
}

// stripTabs removes leading tabs of lines from literal text.
func stripTabs(parts []syntax.WordPart) []syntax.WordPart {
	var out []syntax.WordPart
	atStart := true
	for _, part := range parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			out = append(out, part)
			atStart = false
			continue
		}
		c := *lit
		var b strings.Builder
		for i := 0; i < len(c.Value); i++ {
			if atStart && c.Value[i] == '\t' {
				continue
			}
			b.WriteByte(c.Value[i])
			atStart = c.Value[i] == '\n'
		}
		c.Value = b.String()
		out = append(out, &c)
	}
	return out
}
