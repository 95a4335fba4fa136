package main

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/assemble/layer"
)

const versionHelp = `mkimage version prints the version of mkimage and of the layer encoding: images
built by the same encoding from the same inputs are the same bytes.

Example:
  mkimage version
`

func newVersion(stdout io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:  "version",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := fmt.Fprintf(stdout, "mkimage %s, layer encoding %d\n", version(), layer.Version)
			return err
		},
	}
	setHelp(cmd, versionHelp)
	return cmd
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{cmd.CommandPath(), fmt.Errorf("%s takes no arguments", cmd.CommandPath())}
	}
	return nil
}

// version is the module's version as the go command recorded it: a release's
// tag, or "(devel)" for a build from a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}
