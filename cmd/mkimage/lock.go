package main

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

const lockHelp = `mkimage lock SPEC... writes which packages a spec comes to on each platform to
NAME.lock.json beside the spec. Builds then take exactly these and read no index.
A lock that is there is brought up to date: what it has stays as it is as far as
the spec allows. What changes in a lock is printed.

  --update              take the newest of everything
  --update PKG...       take the newest of these packages. Beside them a spec is a
                        file, or a folder with a slash: ./web
` + specHelp + fetchHelp + `
Example:
  mkimage lock app.cue
  mkimage lock app.cue --update openssl
`

type lockFlags struct {
	specFlags
	fetchFlags
	update []string
}

// updateAll is --update without a value.
const updateAll = "*"

func newLock(stdout, stderr io.Writer) *cobra.Command {
	var flags lockFlags
	cmd := &cobra.Command{
		Use:  "lock SPEC... [--update [PKG...]]",
		Args: needSpecs,
		RunE: func(cmd *cobra.Command, args []string) error {
			bar := newProgress(stderr)
			defer bar.done()
			return flags.run(cmd, args, stdout, bar)
		},
	}
	flags.specFlags.register(cmd)
	flags.fetchFlags.register(cmd)
	cmd.Flags().StringSliceVar(&flags.update, "update", nil, "")
	cmd.Flags().Lookup("update").NoOptDefVal = updateAll
	setHelp(cmd, lockHelp)
	return cmd
}

func (f *lockFlags) run(cmd *cobra.Command, args []string, stdout io.Writer, bar *progress) error {
	specs, update, err := f.split(cmd, args)
	if err != nil {
		return err
	}
	fetcher, err := f.fetcher(cmd, bar)
	if err != nil {
		return err
	}
	images, err := f.load(specs)
	if err != nil {
		return err
	}
	l := &locker{fetcher: fetcher, bar: bar, update: update}
	locks, err := l.all(cmd.Context(), images, &f.specFlags)
	bar.done()
	if err != nil {
		return err
	}
	for _, r := range locks {
		if err := r.write(); err != nil {
			return err
		}
		for _, line := range r.changes() {
			if len(locks) > 1 {
				line = r.name + ": " + line
			}
			if _, err := fmt.Fprintln(stdout, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// update says which locked versions are not to be kept.
type update struct {
	all   bool
	names []string
}

// split tells specs from the packages that --update names.
func (f *lockFlags) split(cmd *cobra.Command, args []string) (specs []string, u update, err error) {
	for _, name := range f.update {
		if name == updateAll {
			u.all = true
		} else {
			u.names = append(u.names, name)
		}
	}
	for _, arg := range args {
		if len(f.update) == 0 || isSpec(arg) {
			specs = append(specs, arg)
		} else {
			u.names = append(u.names, arg)
		}
	}
	u.all = u.all && len(u.names) == 0
	return specs, u, needSpecs(cmd, specs)
}

// isSpec reports whether an argument beside the names of packages, which have
// no slash, is a spec.
func isSpec(arg string) bool {
	return strings.ContainsAny(arg, `/\`) || arg == "." || arg == ".." ||
		slices.Contains([]string{".cue", ".json", ".yaml", ".yml"}, path.Ext(arg))
}
