package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

const rootHelp = `mkimage builds minimal OCI images from a declaration: no Dockerfile, no daemon,
no root, no container.

  mkimage build SPEC       build the image that a spec declares
  mkimage resolve SPEC     print the packages that a spec comes to
  mkimage lock SPEC        keep to these packages from now on
  mkimage vendor SPEC      keep copies of them
  mkimage push SOURCE NAME push an image that was written before
  mkimage verify IMAGE     build it again and say what differs
  mkimage vet SPEC         check a spec without building
  mkimage cache            print what is kept between builds, or prune it
  mkimage version          print the version

A SPEC is a CUE, JSON or YAML file, several files that are one spec together,
a folder, or dir/... for every spec below a folder.

Example:
  mkimage build app.cue && docker load -i app.tar
`

// newRoot returns the whole command tree.
func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:               "mkimage",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE: func(cmd *cobra.Command, args []string) error {
			return cmd.Help()
		},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			err := fmt.Errorf("unknown command %q", args[0])
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				err = fmt.Errorf("%w, did you mean %s?", err, strings.Join(near, " or "))
			}
			return usageError{cmd.CommandPath(), err}
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if cause := errors.Unwrap(err); cause != nil && strings.HasPrefix(cause.Error(), "cannot ") {
			err = cause // says all of it
		}
		return usageError{cmd.CommandPath(), err}
	})
	setHelp(root, rootHelp)
	root.SetHelpCommand(newHelp(root))
	root.AddCommand(newBuild(stdout, stderr), newResolve(stdout, stderr), newLock(stdout, stderr), newVendor(stderr), newPush(stdout, stderr), newVerify(stdout, stderr), newVet(stdout), newCache(stdout), newVersion(stdout))
	return root
}

// newHelp returns the command that many look for before they try --help.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:    "help [COMMAND]",
		Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			about, _, err := root.Find(args)
			if err != nil || about == root && len(args) > 0 {
				return usageError{root.CommandPath(), fmt.Errorf("unknown command %q", strings.Join(args, " "))}
			}
			return about.Help()
		},
	}
}

// setHelp gives a command a help text written by hand. Cobra's own would list
// flags without saying what is usual.
func setHelp(cmd *cobra.Command, text string) {
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		fmt.Fprint(cmd.OutOrStdout(), text)
	})
}

// needSpecs is the argument check of the commands that read specs.
func needSpecs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usageError{cmd.CommandPath(), fmt.Errorf("cannot %s nothing: name a spec, such as app.cue", cmd.Name())}
	case slices.Contains(args, ""):
		return usageError{cmd.CommandPath(), errors.New("cannot read a spec whose name is empty: name a file or a folder")}
	}
	return nil
}
