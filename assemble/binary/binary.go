// Package binary compiles Go programs and checks programs that were compiled
// elsewhere, before they go into an image. Its rules:
//
//   - A Go program is compiled without cgo and without paths or version
//     control state of the machine: the same source and Go version give the
//     same bytes in any folder ([Compile]).
//   - A program must be an ELF executable of the image's platform. What else
//     it is, is named: a script, a program for another system or processor, a
//     library.
//   - A program must be static, or the image must provide the interpreter and
//     the libraries that it names ([Program.Missing]).
//   - Only what the kernel and the dynamic loader go by is read: the ELF
//     header, the program headers and the dynamic section; section headers
//     may be absent or lie. Every count and length read from a file is capped,
//     and no file makes reading panic.
package binary

import (
	"fmt"
	"os"
	"strings"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/spec"
)

// Check verifies that the file can be the program at path in an image for the
// platform. provides reports whether the image has a file at an absolute path,
// symlinks followed; nil stands for an image that has nothing else. The error
// is one line that begins with the position of file and names it.
func Check(file spec.Path, path string, p apk.Platform, provides func(path string) bool) error {
	program, err := open(file.Abs)
	if err == nil {
		err = program.Check(path, p, provides)
	}
	if err != nil {
		return at(file.Pos, fmt.Errorf("cannot use %s: %w", file.Written, err))
	}
	return nil
}

// Check returns why the program cannot run at path in an image for the
// platform: nil, or an error to follow the file's name. provides is as in the
// function [Check].
func (g *Program) Check(path string, p apk.Platform, provides func(path string) bool) error {
	if err := g.runsOn(p); err != nil {
		return err
	}
	if g.Static() {
		return nil
	}
	missing := g.Missing(path, provides)
	if len(missing) == 0 {
		return nil
	}
	what := "the interpreter " + g.Interpreter
	if missing[0] != g.Interpreter {
		what = strings.Join(missing, ", ")
	} else if len(missing) > 1 {
		what += " and " + strings.Join(missing[1:], ", ")
	}
	return fmt.Errorf("it is linked dynamically and needs %s, which the image does not have; "+
		"link it statically (Go: CGO_ENABLED=0) or install packages that provide them", what)
}

// open reads the program in a file.
func open(path string) (*Program, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, pathReason(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, pathReason(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is not a regular file")
	}
	return Read(f, info.Size())
}
