package binary

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/spec"
)

// foreign names what a file is that is no ELF program, by its first bytes.
func foreign(start []byte) error {
	if len(start) == 0 {
		return errors.New("it is empty")
	}
	s := string(start)
	if rest, ok := strings.CutPrefix(s, "#!"); ok {
		return script(rest)
	}
	for _, known := range []struct{ magic, reason string }{
		{"\xfe\xed\xfa\xce", machO}, {"\xfe\xed\xfa\xcf", machO},
		{"\xce\xfa\xed\xfe", machO}, {"\xcf\xfa\xed\xfe", machO},
		{"MZ", "it is a program for Windows; build it for Linux (Go: GOOS=linux)"},
		{"\x00asm", "it is a WebAssembly module, not a program for Linux"},
		{"!<arch>\n", "it is an archive of object files, not a program"},
		{"!<thin>\n", "it is an archive of object files, not a program"},
		{"\x1f\x8b", "it is compressed with gzip; unpack it"},
		{"\x28\xb5\x2f\xfd", "it is compressed with zstd; unpack it"},
		{"\xfd7zXZ\x00", "it is compressed with xz; unpack it"},
		{"BZh", "it is compressed with bzip2; unpack it"},
		{"PK\x03\x04", "it is a zip archive; unpack it"},
		{"BC\xc0\xde", "it is LLVM bitcode, not a program"},
	} {
		if strings.HasPrefix(s, known.magic) {
			return errors.New(known.reason)
		}
	}
	if strings.HasPrefix(s, "\xca\xfe\xba\xbe") && len(s) >= 8 {
		// Both start alike. A universal binary then has its number of parts, a
		// class file its version, which is 45 or more.
		if s[4] == 0 && s[5] == 0 && s[6] == 0 && s[7] < 45 {
			return errors.New(machO)
		}
		return errors.New("it is a Java class, not a program for Linux")
	}
	return errors.New("it is not an ELF program")
}

const machO = "it is a program for macOS (Mach-O); build it for Linux (Go: GOOS=linux)"

// script names a script's interpreter.
func script(line string) error {
	line, _, _ = strings.Cut(line, "\n")
	what := strings.TrimSpace(line)
	if what == "" {
		return errors.New("it is a script, not a program; put it into the image with files")
	}
	if strings.ContainsFunc(what, func(r rune) bool { return !strconv.IsPrint(r) }) {
		what = strconv.Quote(what)
	}
	return fmt.Errorf("it is a script for %s, not a program; put it into the image with files", what)
}

// pathReason is the reason of an error about a path that the caller names.
func pathReason(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// at makes an error a fault of the spec at pos.
func at(pos spec.Pos, err error) error {
	return &spec.Error{Faults: []spec.Fault{{Pos: pos, Message: err.Error()}}}
}
