package script

import (
	"strings"
)

// xargs is xargs(1) with -0, -n, -r and -I. It runs the command once, or once
// for so many words, even for none unless -r is given.
func xargs(p *process) error {
	opts, command, err := p.options("+0rn:I:tL:", "null=0", "no-run-if-empty=r", "max-args=n")
	if err != nil {
		return err
	}
	if opts.has('L') {
		return p.unsupported("xargs", "has no option as -L that mkimage knows")
	}
	if len(command) == 0 {
		command = []string{"echo"}
	}
	data, err := p.readInput()
	if err != nil {
		return p.failErr(err, "read error")
	}
	child := *p
	child.fds[0] = null{}
	for _, args := range xargsCalls(opts, command, string(data)) {
		err := child.start(args)
		if fatal := fatalOnly(err); fatal != nil {
			return fatal
		}
		switch err {
		case nil:
		case status(127):
			return err
		default:
			p.failed = true
		}
	}
	if p.failed {
		return status(123)
	}
	return nil
}

// xargsCalls returns the commands to run.
func xargsCalls(opts flags, command []string, input string) [][]string {
	if opts.has('I') {
		var calls [][]string
		for line := range strings.Lines(input) {
			line = strings.TrimSpace(line)
			if line == "" {
				continue
			}
			call := make([]string, len(command))
			for i, arg := range command {
				call[i] = strings.ReplaceAll(arg, opts.value('I'), line)
			}
			calls = append(calls, call)
		}
		return calls
	}
	words := xargsWords(input)
	if opts.has('0') {
		words = strings.FieldsFunc(input, func(r rune) bool { return r == 0 })
	}
	if len(words) == 0 {
		if opts.has('r') {
			return nil
		}
		return [][]string{command}
	}
	size := len(words)
	if n, err := parseCount(opts.value('n')); err == nil && n > 0 {
		size = int(n)
	}
	var calls [][]string
	for len(words) > 0 {
		n := min(size, len(words))
		calls = append(calls, append(command[:len(command):len(command)], words[:n]...))
		words = words[n:]
	}
	return calls
}

// xargsWords splits input at blanks; quotes and backslashes protect them.
func xargsWords(input string) []string {
	var words []string
	var b strings.Builder
	in, quote := false, byte(0)
	for i := 0; i < len(input); i++ {
		c := input[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			b.WriteByte(c)
		case c == '\'' || c == '"':
			quote, in = c, true
		case c == '\\' && i+1 < len(input):
			i++
			b.WriteByte(input[i])
			in = true
		case c == ' ' || c == '\t' || c == '\n':
			if in {
				words = append(words, b.String())
				b.Reset()
				in = false
			}
		default:
			b.WriteByte(c)
			in = true
		}
	}
	if in {
		words = append(words, b.String())
	}
	return words
}
