package script

import (
	"fmt"
	"strings"
	"time"

	"github.com/mkimage/mkimage/apk"
)

// apkCommand is what install scripts ask of apk: the architecture, and how
// two versions compare.
func apkCommand(p *process) error {
	args := p.args[1:]
	switch {
	case len(args) == 1 && args[0] == "--print-arch" && p.arch != "":
		return p.print(p.arch + "\n")
	case len(args) == 4 && args[0] == "version" && (args[1] == "-t" || args[1] == "--test"):
		sign := "="
		switch c := apk.CompareVersions(args[2], args[3]); {
		case c < 0:
			sign = "<"
		case c > 0:
			sign = ">"
		}
		return p.print(sign + "\n")
	}
	return p.unsupported("apk", "answers --print-arch and version -t only")
}

// uname is uname -m and -s: the machine is the image's.
func uname(p *process) error {
	opts, operands, err := p.options("ms", "machine=m")
	if err != nil {
		return err
	}
	if len(operands) > 0 {
		return p.usage()
	}
	var out []string
	if opts.has('s') || len(opts.order) == 0 {
		out = append(out, "Linux")
	}
	if opts.has('m') {
		machine := machineName(p.arch)
		if machine == "" {
			return p.unsupported("uname", "does not know the machine of architecture %q", p.arch)
		}
		out = append(out, machine)
	}
	return p.print(strings.Join(out, " ") + "\n")
}

// hostname answers as on a machine that nobody named: the host's own name has
// no place in an image.
func hostname(p *process) error {
	_, operands, err := p.options("sfd")
	if err != nil {
		return err
	}
	if len(operands) > 0 {
		return p.unsupported("hostname", "sets no name here")
	}
	return p.print("localhost\n")
}

// machineName is what the kernel calls the machine of one of apk's
// architectures.
func machineName(arch string) string {
	switch arch {
	case "x86":
		return "i686"
	case "armhf":
		return "armv6l"
	case "armv7":
		return "armv7l"
	case "x86_64", "aarch64", "ppc64le", "s390x", "riscv64", "loongarch64":
		return arch
	}
	return ""
}

// date is date(1) at the build's fixed time, always in UTC.
func date(p *process) error {
	opts, operands, err := p.options("uR", "utc=u")
	if err != nil {
		return err
	}
	t := time.Unix(p.now, 0).UTC()
	format := "+%a %b %e %H:%M:%S UTC %Y"
	if opts.has('R') {
		format = "+%a, %d %b %Y %H:%M:%S +0000"
	}
	if len(operands) > 0 {
		if format = operands[0]; len(operands) > 1 || !strings.HasPrefix(format, "+") {
			return p.unsupported("date", "sets no clock here")
		}
	}
	var b strings.Builder
	for i := 1; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		text, ok := dateField(t, format[i])
		if !ok {
			return p.unsupported("date", "has no format %%%c that mkimage knows", format[i])
		}
		b.WriteString(text)
	}
	return p.print(b.String() + "\n")
}

func dateField(t time.Time, field byte) (string, bool) {
	switch field {
	case 's':
		return fmt.Sprint(t.Unix()), true
	case 'e':
		return fmt.Sprintf("%2d", t.Day()), true
	case 'j':
		return fmt.Sprintf("%03d", t.YearDay()), true
	case 'w':
		return fmt.Sprint(int(t.Weekday())), true
	case 'N':
		return "", false
	}
	layouts := map[byte]string{
		'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM",
		'F': "2006-01-02", 'T': "15:04:05", 'R': "15:04", 'D': "01/02/06",
		'a': "Mon", 'A': "Monday", 'b': "Jan", 'h': "Jan", 'B': "January", 'Z': "UTC", 'z': "-0700",
	}
	switch field {
	case '%':
		return "%", true
	case 'n':
		return "\n", true
	case 't':
		return "\t", true
	}
	layout, ok := layouts[field]
	return t.Format(layout), ok
}

// which is which(1).
func which(p *process) error {
	_, operands, err := p.options("a")
	if err != nil {
		return err
	}
	for _, name := range operands {
		file, err := p.lookup(name)
		if err != nil {
			return err
		}
		if file == "" {
			p.failed = true
			continue
		}
		if err := p.print(file + "\n"); err != nil {
			return err
		}
	}
	return p.done()
}

// env is env(1): NAME=VALUE words, -i and -u before a command.
func env(p *process) error {
	opts, args, err := p.options("+iu:", "ignore-environment=i", "unset=u")
	if err != nil {
		return err
	}
	vars := newVariables()
	if !opts.has('i') {
		for _, kv := range p.env {
			name, value, _ := strings.Cut(kv, "=")
			vars.export(name, value)
		}
	}
	for _, name := range opts.values['u'] {
		vars.unset(name)
	}
	for len(args) > 0 && strings.Contains(args[0], "=") {
		name, value, _ := strings.Cut(args[0], "=")
		vars.export(name, value)
		args = args[1:]
	}
	if len(args) == 0 {
		return p.print(strings.Join(append(vars.environ(), ""), "\n"))
	}
	child := *p
	child.env = vars.environ()
	return child.start(args)
}

// sh is ash called as a command: with -c TEXT, a file, or standard input.
func sh(p *process) error {
	args := p.args[1:]
	var set []string
	text, fromText := "", false
	for len(args) > 0 && len(args[0]) > 1 && (args[0][0] == '-' || args[0][0] == '+') {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			break
		}
		if rest := strings.ReplaceAll(arg, "c", ""); rest != arg && arg[0] == '-' {
			fromText = true
			if arg = rest; arg == "-" {
				continue
			}
		}
		set = append(set, arg)
	}
	arg0 := p.args[0]
	switch {
	case fromText && len(args) == 0:
		return p.testError("-c requires an argument")
	case fromText:
		text, args = args[0], args[1:]
		if len(args) > 0 {
			arg0, args = args[0], args[1:]
		}
	case len(args) > 0:
		data, err := p.readAll(args[0])
		if err != nil {
			return p.testFailed(err, args[0])
		}
		text, arg0, args = string(data), args[0], args[1:]
	default:
		data, err := p.readInput()
		if err != nil {
			return p.failErr(err, "read error")
		}
		text = string(data)
	}
	return p.shell(arg0, strings.Join(set, " "), args, text)
}

// testFailed is a file that cannot be opened: status 2.
func (p *process) testFailed(err error, name string) error {
	if fatal := fatalOnly(err); fatal != nil {
		return fatal
	}
	return p.testError("can't open '%s': %s", name, reason(err))
}
