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
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/mkimage/mkimage/apk/solver"
	"github.com/mkimage/mkimage/spec"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// patience is how long a command that was interrupted may take to end itself.
const patience = 10 * time.Second

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(results{stdout}, stderr)
	root.SetArgs(args)
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(ctx) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		select {
		case err = <-ended:
		case <-time.After(patience):
			err = ctx.Err() // of what cannot be interrupted, such as evaluating a spec
		}
	}
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

// results is standard output.
type results struct{ io.Writer }

func (r results) Write(b []byte) (int, error) {
	n, err := r.Writer.Write(b)
	if err != nil {
		err = fmt.Errorf("cannot write to standard output: %w", plain(err))
	}
	return n, err
}

// report prints the error that ended the command.
func report(w io.Writer, ctx context.Context, err error) {
	w = visible{w}
	var faults *spec.Error
	var refusal *solver.Refusal
	var locks *unfit
	var usage usageError
	var sending *sendingError
	switch {
	case errors.As(err, &sending):
		fmt.Fprintf(w, "mkimage: %v\n", sending)
	case errors.As(err, &locks):
		fmt.Fprintf(w, "%v\nmkimage: %s\n", locks, locks.hint())
	case errors.As(err, &faults):
		for _, f := range faults.Faults {
			if !f.Pos.IsValid() {
				fmt.Fprint(w, "mkimage: ") // it is about a flag
			}
			fmt.Fprintln(w, f)
		}
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

// visible writes control characters as Go's escapes: what an error quotes,
// such as the words of a compiler, does not speak to a terminal.
type visible struct{ io.Writer }

func (v visible) Write(b []byte) (int, error) {
	var text strings.Builder
	for _, r := range string(b) {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			quoted := strconv.QuoteRune(r)
			text.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		text.WriteRune(r)
	}
	_, err := io.WriteString(v.Writer, text.String())
	return len(b), err
}
