package script

import (
	"fmt"
	"strconv"
	"strings"
)

// echo is busybox's: -n, -e and -E, also bundled.
func echo(p *process) error {
	args := p.args[1:]
	newline, escapes := true, false
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && strings.Trim(args[0][1:], "neE") == "" {
		for _, flag := range args[0][1:] {
			switch flag {
			case 'n':
				newline = false
			case 'e':
				escapes = true
			case 'E':
				escapes = false
			}
		}
		args = args[1:]
	}
	text := strings.Join(args, " ")
	if escapes {
		var stopped bool
		if text, stopped = unescape(text, true); stopped {
			newline = false
		}
	}
	if newline {
		text += "\n"
	}
	return p.print(text)
}

// unescape replaces backslash sequences. In the operands of echo -e and %b an
// octal number may have a leading zero and \c ends all output.
func unescape(s string, operand bool) (_ string, stopped bool) {
	if !strings.Contains(s, `\`) {
		return s, false
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if operand && s[i] == 'c' {
			return b.String(), true
		}
		text, n := escape(s[i:], operand)
		b.WriteString(text)
		i += n - 1
	}
	return b.String(), false
}

// escape returns what the sequence after a backslash stands for, and how many
// bytes it takes. An unknown one stands for itself.
func escape(s string, operand bool) (string, int) {
	if i := strings.IndexByte(`abefnrtv\`, s[0]); i >= 0 {
		return "\a\b\x1b\f\n\r\t\v\\"[i : i+1], 1
	}
	number := func(from, digits, base int) (string, int) {
		to := from
		for to < len(s) && to-from < digits {
			if _, err := strconv.ParseUint(s[to:to+1], base, 8); err != nil {
				break
			}
			to++
		}
		if to == from {
			return `\` + s[:1], 1
		}
		n, _ := strconv.ParseUint(s[from:to], base, 16)
		return string([]byte{byte(n)}), to
	}
	switch {
	case s[0] == 'x':
		return number(1, 2, 16)
	case s[0] == '0' && operand:
		return number(0, 4, 8)
	case s[0] >= '0' && s[0] <= '7':
		return number(0, 3, 8)
	}
	return `\` + s[:1], 1
}

// printf is printf(1) of busybox: the format is used again while there are
// arguments left.
func printf(p *process) error {
	args := p.args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return p.usage()
	}
	f := &formatter{process: p, args: args[1:]}
	for {
		before := len(f.args)
		if err := p.step(); err != nil {
			return err
		}
		if err := f.once(args[0]); err != nil {
			return err
		}
		if f.stopped || len(f.args) == 0 || len(f.args) == before {
			break
		}
	}
	if err := p.print(f.out.String()); err != nil {
		return err
	}
	return p.done()
}

// formatter is one call of printf.
type formatter struct {
	*process
	args    []string // left
	out     strings.Builder
	stopped bool // by \c
}

// once goes through the format.
func (f *formatter) once(format string) error {
	for i := 0; i < len(format) && !f.stopped; i++ {
		switch {
		case format[i] == '\\' && i+1 < len(format):
			if format[i+1] == 'c' {
				f.stopped = true
				break
			}
			text, n := escape(format[i+1:], false)
			f.out.WriteString(text)
			i += n
		case strings.HasPrefix(format[i:], "%%"):
			f.out.WriteByte('%')
			i++
		case format[i] == '%':
			n, err := f.directive(format[i:])
			if err != nil {
				return err
			}
			i += n - 1
		default:
			f.out.WriteByte(format[i])
		}
	}
	return nil
}

// maxWidth bounds the padding that a directive may ask for.
const maxWidth = 4096

// directive does one % directive and returns its length.
func (f *formatter) directive(d string) (int, error) {
	end := 1
	for end < len(d) && strings.IndexByte("-+ #0", d[end]) >= 0 {
		end++
	}
	spec := d[:end]
	for end < len(d) && (d[end] >= '0' && d[end] <= '9' || d[end] == '.' || d[end] == '*') {
		if d[end] == '*' {
			spec += strconv.Itoa(int(f.number(f.next())))
		} else {
			spec += d[end : end+1]
		}
		end++
	}
	for end < len(d) && strings.IndexByte("hlLjzt", d[end]) >= 0 {
		end++
	}
	if end == len(d) || strings.IndexByte("sbcdiuoxXq", d[end]) < 0 {
		return 0, f.unsupported("printf", "has no directive %s that mkimage knows", d[:min(end+1, len(d))])
	}
	for _, n := range strings.FieldsFunc(spec, func(r rune) bool { return r < '0' || r > '9' }) {
		if w, err := strconv.Atoi(n); err != nil || w > maxWidth {
			return 0, f.limit(fmt.Sprintf("%d columns in printf", maxWidth))
		}
	}
	return end + 1, f.convert(spec, d[end])
}

func (f *formatter) convert(spec string, verb byte) error {
	arg := f.next()
	switch verb {
	case 's':
		fmt.Fprintf(&f.out, spec+"s", arg)
	case 'b':
		var text string
		text, f.stopped = unescape(arg, true)
		fmt.Fprintf(&f.out, spec+"s", text)
	case 'c':
		fmt.Fprintf(&f.out, spec+"s", arg[:min(1, len(arg))])
	case 'q':
		return f.unsupported("printf", "has no directive %%q that mkimage knows")
	case 'd', 'i':
		fmt.Fprintf(&f.out, spec+"d", f.number(arg))
	case 'u':
		fmt.Fprintf(&f.out, spec+"d", uint64(f.number(arg)))
	default:
		fmt.Fprintf(&f.out, spec+string(verb), uint64(f.number(arg)))
	}
	if f.failed {
		f.failed = false
		if err := f.warn("%s: invalid number", arg); err != nil {
			return err
		}
	}
	return f.spend(int64(len(arg)))
}

func (f *formatter) next() string {
	if len(f.args) == 0 {
		return ""
	}
	arg := f.args[0]
	f.args = f.args[1:]
	return arg
}

// number parses an argument as C does, or as 'c, the number of a character. A
// wrong one counts as 0 and fails the command in the end.
func (f *formatter) number(arg string) int64 {
	if arg == "" { // one that is missing fails too
		f.failed = true
		return 0
	}
	if (arg[0] == '\'' || arg[0] == '"') && len(arg) > 1 {
		return int64(arg[1])
	}
	text := strings.TrimPrefix(strings.TrimSpace(arg), "+")
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil || strings.Contains(text, "_") {
		f.failed = true
		return 0
	}
	return n
}
