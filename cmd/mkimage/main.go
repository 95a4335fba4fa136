// Command mkimage builds minimal OCI images from a declaration, without a
// Dockerfile, a daemon, root or a container.
//
// The rules of its interface:
//
//   - Standard output holds the result only: one line an image, or what a
//     command was asked to print.
//   - Everything else goes to standard error: progress on a terminal, then
//     the error, once. Faults of a spec start with file:line:column, other
//     errors with "mkimage:".
//   - The exit status is 0, or 1 when the command failed, or 2 when it was
//     called wrongly.
//   - An interrupted or failed command leaves no partial output.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/mkimage/mkimage/apk/solver"
	"github.com/mkimage/mkimage/spec"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	report(stderr, ctx, err)
	var usage usageError
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

// report prints the error that ended the command.
func report(w io.Writer, ctx context.Context, err error) {
	var faults *spec.Error
	var refusal *solver.Refusal
	var locks *unfit
	var usage usageError
	switch {
	case errors.As(err, &locks):
		fmt.Fprintf(w, "%v\nmkimage: %s\n", locks, locks.hint())
	case errors.As(err, &faults):
		fmt.Fprintln(w, faults)
	case errors.As(err, &refusal):
		for line := range strings.Lines(refusal.Error()) {
			if strings.HasPrefix(line, "cannot") {
				line = "mkimage: " + line
			}
			fmt.Fprint(w, line)
		}
		fmt.Fprintln(w)
	case ctx.Err() != nil:
		fmt.Fprintln(w, "mkimage: interrupted, nothing was written")
	case errors.As(err, &usage):
		fmt.Fprintf(w, "mkimage: %v\nSee %q.\n", err, usage.command+" --help")
	default:
		fmt.Fprintf(w, "mkimage: %v\n", err)
	}
}

// usageError is a command line that cannot be understood.
type usageError struct {
	command string // whose help explains
	err     error
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }
