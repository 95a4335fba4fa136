package script

import (
	"bytes"
)

// cmpFiles is cmp(1): status 1 if the files differ, 2 if one cannot be read.
func cmpFiles(p *process) error {
	opts, operands, err := p.options("sl", "quiet=s", "silent=s")
	if err != nil {
		return err
	}
	if opts.has('l') || len(operands) < 1 || len(operands) > 2 {
		return p.unsupported("cmp", "compares two files here")
	}
	if len(operands) == 1 {
		operands = append(operands, "-")
	}
	a, b, err := p.readTwo(operands)
	if err != nil {
		return err
	}
	if bytes.Equal(a, b) {
		return nil
	}
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	if opts.has('s') {
		return status(1)
	}
	if n == len(a) || n == len(b) {
		shorter := operands[0]
		if n == len(b) {
			shorter = operands[1]
		}
		return p.fail("EOF on %s", shorter)
	}
	line := 1 + bytes.Count(a[:n], []byte("\n"))
	if err := p.printf("%s %s differ: char %d, line %d\n", operands[0], operands[1], n+1, line); err != nil {
		return err
	}
	return status(1)
}

// readTwo reads two files; status 2 if one of them cannot be read.
func (p *process) readTwo(names []string) (a, b []byte, err error) {
	for i, out := range []*[]byte{&a, &b} {
		if *out, err = p.readAll(names[i]); err != nil {
			if err := p.warnErr(err, "%s", names[i]); err != nil {
				return nil, nil, err
			}
			return nil, nil, status(2)
		}
	}
	return a, b, nil
}

// diff is diff -q of two files: what differs line by line is not shown here.
func diff(p *process) error {
	opts, operands, err := p.options("qs", "brief=q")
	if err != nil {
		return err
	}
	if len(operands) != 2 {
		return p.usage()
	}
	a, b, err := p.readTwo(operands)
	if err != nil || bytes.Equal(a, b) {
		return err
	}
	if !opts.has('q') {
		return p.unsupported("diff", "shows no differences here, only with -q that there are some")
	}
	if err := p.printf("Files %s and %s differ\n", operands[0], operands[1]); err != nil {
		return err
	}
	return status(1)
}

// comm is comm(1) of two sorted files.
func comm(p *process) error {
	opts, operands, err := p.options("123")
	if err != nil {
		return err
	}
	if len(operands) != 2 {
		return p.usage()
	}
	a, b, err := p.readTwo(operands)
	if err != nil {
		return err
	}
	indent := func(column byte) string {
		tabs := ""
		for c := byte('1'); c < column; c++ {
			if !opts.has(c) {
				tabs += "\t"
			}
		}
		return tabs
	}
	var out bytes.Buffer
	emit := func(column byte, line []byte) {
		if !opts.has(column) {
			out.WriteString(indent(column))
			out.Write(bytes.TrimSuffix(line, []byte("\n")))
			out.WriteByte('\n')
		}
	}
	x, y := lines(a), lines(b)
	for len(x) > 0 || len(y) > 0 {
		c := 0
		switch {
		case len(y) == 0:
			c = -1
		case len(x) == 0:
			c = 1
		default:
			c = bytes.Compare(bytes.TrimSuffix(x[0], []byte("\n")), bytes.TrimSuffix(y[0], []byte("\n")))
		}
		switch {
		case c < 0:
			emit('1', x[0])
			x = x[1:]
		case c > 0:
			emit('2', y[0])
			y = y[1:]
		default:
			emit('3', x[0])
			x, y = x[1:], y[1:]
		}
	}
	return p.write(out.Bytes())
}
