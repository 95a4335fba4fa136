package script

import (
	"errors"
	"fmt"
	"strings"
)

// flags are the options that a command was given.
type flags struct {
	values map[byte][]string // per option letter; "" for one without a value
	order  []byte            // letters as given, for those where the last wins
}

func (f flags) has(letter byte) bool { return len(f.values[letter]) > 0 }

// value returns the last value given to an option, empty if there is none.
func (f flags) value(letter byte) string {
	if v := f.values[letter]; len(v) > 0 {
		return v[len(v)-1]
	}
	return ""
}

// errOption is an option that a command does not know. What busybox would make
// of it cannot be told, so that the script is refused.
var errOption = errors.New("has no such option")

// getopt parses options as busybox's getopt32: letters may be bundled, a value
// may stand in the same word, options end at "--", and may follow operands.
// The spec is getopt(3)'s, "a:b" for -a VALUE and -b, with long options after
// it as "name=a"; a leading "+" ends the options at the first operand.
func getopt(args []string, spec string, long ...string) (flags, []string, error) {
	f := flags{values: map[byte][]string{}}
	stopAtOperand := strings.HasPrefix(spec, "+")
	spec = strings.TrimPrefix(spec, "+")
	var operands []string
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		var err error
		switch {
		case arg == "--":
			return f, append(operands, args...), nil
		case strings.HasPrefix(arg, "--"):
			args, err = f.long(arg, args, spec, long)
		case len(arg) > 1 && arg[0] == '-':
			args, err = f.letters(arg[1:], args, spec)
		case stopAtOperand:
			return f, append([]string{arg}, args...), nil
		default:
			operands = append(operands, arg)
		}
		if err != nil {
			return f, nil, err
		}
	}
	return f, operands, nil
}

func (f *flags) add(letter byte, value string) {
	f.values[letter] = append(f.values[letter], value)
	f.order = append(f.order, letter)
}

// letters parses a word of bundled letters and returns the arguments left.
func (f *flags) letters(word string, args []string, spec string) ([]string, error) {
	for i := 0; i < len(word); i++ {
		at := strings.IndexByte(spec, word[i])
		if at < 0 || word[i] == ':' {
			return nil, fmt.Errorf("%w as -%c that mkimage knows", errOption, word[i])
		}
		if at+1 == len(spec) || spec[at+1] != ':' {
			f.add(word[i], "")
			continue
		}
		if i+1 < len(word) {
			f.add(word[i], word[i+1:])
			return args, nil
		}
		if len(args) == 0 {
			return nil, fmt.Errorf("lacks the value of -%c", word[i])
		}
		f.add(word[i], args[0])
		return args[1:], nil
	}
	return args, nil
}

// long parses --name, --name=value or --name value; names may be shortened
// while they are unique.
func (f *flags) long(arg string, args []string, spec string, long []string) ([]string, error) {
	name, value, hasValue := strings.Cut(arg[2:], "=")
	var letter byte
	for _, l := range long {
		full, short, _ := strings.Cut(l, "=")
		if full == name {
			letter = short[0]
			break
		}
		if strings.HasPrefix(full, name) && name != "" {
			if letter != 0 && letter != short[0] {
				return nil, fmt.Errorf("%w as --%s that mkimage knows", errOption, name)
			}
			letter = short[0]
		}
	}
	if letter == 0 {
		return nil, fmt.Errorf("%w as --%s that mkimage knows", errOption, name)
	}
	at := strings.IndexByte(spec, letter)
	takes := at >= 0 && at+1 < len(spec) && spec[at+1] == ':'
	switch {
	case !takes:
		f.add(letter, "")
		return args, nil
	case hasValue:
		f.add(letter, value)
		return args, nil
	case len(args) == 0:
		return nil, fmt.Errorf("lacks the value of --%s", name)
	}
	f.add(letter, args[0])
	return args[1:], nil
}

// options parses a command's own options; one that is not known refuses the
// script.
func (p *process) options(spec string, long ...string) (flags, []string, error) {
	f, operands, err := getopt(p.args[1:], spec, long...)
	if err != nil {
		return f, nil, p.unsupported(p.name(), "%v", err)
	}
	return f, operands, nil
}
