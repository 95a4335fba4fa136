package script

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// cat is cat(1).
func cat(p *process) error {
	_, operands, err := p.options("u")
	if err != nil {
		return err
	}
	if err := p.readOperands(operands, func(_ string, data []byte) error { return p.write(data) }); err != nil {
		return err
	}
	return p.done()
}

// tee is tee(1).
func tee(p *process) error {
	opts, operands, err := p.options("ai", "append=a")
	if err != nil {
		return err
	}
	flags := openWrite | openCreate | openTruncate
	if opts.has('a') {
		flags = openWrite | openCreate | openAppend
	}
	data, err := p.readInput()
	if err != nil {
		return p.failErr(err, "read error")
	}
	for _, name := range operands {
		f, err := p.open(name, flags, 0o666)
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			if err := p.warnErr(err, "%s", name); err != nil {
				return err
			}
		}
	}
	if err := p.write(data); err != nil {
		return err
	}
	return p.done()
}

// head and tail are head(1) and tail(1): -n, -c and the older -NUMBER.
func head(p *process) error {
	return p.ends(func(data []byte, n int64, _ bool, bytewise bool) []byte {
		if n < 0 { // all but the last ones
			n = max(0, count(data, bytewise)+n)
		}
		return data[:offset(data, n, bytewise)]
	})
}

func tail(p *process) error {
	return p.ends(func(data []byte, n int64, fromStart bool, bytewise bool) []byte {
		if fromStart { // +N: from the Nth on
			return data[offset(data, n-1, bytewise):]
		}
		if n < 0 {
			n = -n
		}
		return data[offset(data, count(data, bytewise)-n, bytewise):]
	})
}

// count returns how many lines or bytes data has.
func count(data []byte, bytewise bool) int64 {
	n := int64(len(data))
	if !bytewise {
		n = int64(bytes.Count(data, []byte("\n")))
		if len(data) > 0 && data[len(data)-1] != '\n' {
			n++
		}
	}
	return n
}

// offset returns where the first n lines or bytes end.
func offset(data []byte, n int64, bytewise bool) int {
	if bytewise {
		return int(min(max(n, 0), int64(len(data))))
	}
	at := 0
	for ; n > 0 && at < len(data); n-- {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			return len(data)
		}
		at += i + 1
	}
	return at
}

func (p *process) ends(fn func(data []byte, n int64, fromStart, bytewise bool) []byte) error {
	if len(p.args) > 1 && len(p.args[1]) > 1 && strings.IndexByte("-+", p.args[1][0]) >= 0 {
		if _, err := strconv.ParseUint(p.args[1][1:], 10, 31); err == nil {
			count := strings.TrimPrefix(p.args[1], "-") // -5 is -n 5, +5 is -n +5
			p.args = append([]string{p.args[0], "-n", count}, p.args[2:]...)
		}
	}
	opts, operands, err := p.options("n:c:qv", "lines=n", "bytes=c", "quiet=q", "verbose=v")
	if err != nil {
		return err
	}
	count := "10"
	if letter := lastOf(opts, "nc"); letter != 0 {
		count = opts.value(letter)
	}
	n, err := parseCount(count)
	if err != nil {
		return p.fail("invalid number '%s'", count)
	}
	headers := len(operands) > 1 && !opts.has('q') || opts.has('v')
	first := true
	err = p.readOperands(operands, func(name string, data []byte) error {
		out := fn(data, n, strings.HasPrefix(count, "+"), lastOf(opts, "nc") == 'c')
		if headers {
			sep := "\n"
			if first {
				sep = ""
			}
			if err := p.printf("%s==> %s <==\n", sep, name); err != nil {
				return err
			}
			first = false
		}
		return p.write(out)
	})
	if err != nil {
		return err
	}
	return p.done()
}

// parseCount reads a number with one of busybox's suffixes.
func parseCount(s string) (int64, error) {
	unit := int64(1)
	for suffix, n := range map[string]int64{"b": 512, "k": 1 << 10, "m": 1 << 20} {
		if rest, ok := strings.CutSuffix(s, suffix); ok {
			s, unit = rest, n
		}
	}
	n, err := strconv.ParseInt(s, 10, 31)
	return n * unit, err
}

// wc is wc(1).
func wc(p *process) error {
	opts, operands, err := p.options("cmlwL", "lines=l", "words=w", "bytes=c", "chars=m")
	if err != nil {
		return err
	}
	if opts.has('L') {
		return p.unsupported("wc", "has no option as -L that mkimage knows")
	}
	var total [4]int
	files := 0
	show := func(counts [4]int, name string) error {
		var cols []string
		for i, letter := range "lwmc" {
			if len(opts.order) == 0 && letter != 'm' || opts.has(byte(letter)) {
				cols = append(cols, strconv.Itoa(counts[i]))
			}
		}
		if len(cols) == 1 {
			if name == "-" {
				return p.printf("%s\n", cols[0])
			}
			return p.printf("%s %s\n", cols[0], name)
		}
		for i := range cols {
			cols[i] = fmt.Sprintf("%9s", cols[i])
		}
		line := strings.Join(cols, " ")
		if name != "-" {
			line += " " + name
		}
		return p.print(line + "\n")
	}
	err = p.readOperands(operands, func(name string, data []byte) error {
		counts := [4]int{bytes.Count(data, []byte("\n")), len(bytes.Fields(data)), utf8.RuneCount(data), len(data)}
		for i := range counts {
			total[i] += counts[i]
		}
		files++
		return show(counts, name)
	})
	if err == nil && len(operands) > 1 {
		err = show(total, "total")
	}
	if err != nil {
		return err
	}
	return p.done()
}

// seq is seq(1) for whole numbers.
func seq(p *process) error {
	opts, operands, err := p.options("+ws:", "equal-width=w", "separator=s")
	if err != nil {
		return err
	}
	if opts.has('w') || len(operands) < 1 || len(operands) > 3 {
		return p.unsupported("seq", "takes FIRST, STEP and LAST here")
	}
	first, step := int64(1), int64(1)
	var n []int64
	for _, op := range operands {
		v, err := strconv.ParseInt(op, 10, 32)
		if err != nil {
			return p.unsupported("seq", "counts whole numbers only, not %q", op)
		}
		n = append(n, v)
	}
	last := n[len(n)-1]
	if len(n) > 1 {
		first = n[0]
	}
	if len(n) > 2 {
		step = n[1]
	}
	if step == 0 {
		return p.unsupported("seq", "never ends with a step of 0")
	}
	sep := "\n"
	if opts.has('s') {
		sep = opts.value('s')
	}
	var b strings.Builder
	for i := first; step > 0 && i <= last || step < 0 && i >= last; i += step {
		if err := p.step(); err != nil {
			return err
		}
		if i != first {
			b.WriteString(sep)
		}
		b.WriteString(strconv.FormatInt(i, 10))
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	return p.print(b.String())
}
