package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/spec"
)

const vetHelp = `mkimage vet SPEC... checks specs and the presence of the files that they name,
without building or fetching anything. It prints every fault with its position
and nothing if there is none.

` + specHelp + `
Example:
  mkimage vet app.cue
`

func newVet(stdout io.Writer) *cobra.Command {
	var flags specFlags
	cmd := &cobra.Command{
		Use:  "vet SPEC...",
		Args: needSpecs,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := flags.load(args)
			return err
		},
	}
	flags.register(cmd)
	setHelp(cmd, vetHelp)
	return cmd
}

// load reads the specs and checks that what they name is there. Faults of all
// images are reported together.
func (f *specFlags) load(args []string) ([]*spec.Image, error) {
	images, err := spec.Load(spec.Source{Args: args, Tags: f.tags, Platforms: f.platforms})
	if err != nil {
		return nil, err
	}
	var all spec.Error
	for _, img := range images {
		if err := img.CheckSources(!hasLock(img)); err != nil {
			faults, ok := err.(*spec.Error)
			if !ok {
				return nil, err
			}
			all.Faults = append(all.Faults, faults.Faults...)
		}
	}
	if len(all.Faults) > 0 {
		return nil, &all
	}
	return images, nil
}
