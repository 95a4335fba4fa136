package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/spec"
)

const vendorHelp = `mkimage vendor SPEC... keeps the locked packages of specs in a folder, so that
they can be built when their repositories have them no more. Builds look there
first. The folder is an Alpine repository of its own, for all that is locked.

  -o, --output DIR      (default: vendor beside the spec)
  --sign FILE           sign its index with this RSA private key; without, apk
                        takes it with --allow-untrusted only
` + specHelp + fetchHelp + `
Example:
  mkimage lock app.cue && mkimage vendor app.cue && mkimage build app.cue --offline
`

// vendorName is the folder of vendored packages beside a spec.
const vendorName = "vendor"

type vendorFlags struct {
	specFlags
	fetchFlags
	output string
	sign   string
}

func newVendor(stderr io.Writer) *cobra.Command {
	var flags vendorFlags
	cmd := &cobra.Command{
		Use:  "vendor SPEC...",
		Args: needSpecs,
		RunE: func(cmd *cobra.Command, args []string) error {
			bar := newProgress(stderr)
			defer bar.done()
			return flags.run(cmd, args, bar)
		},
	}
	flags.specFlags.register(cmd)
	flags.fetchFlags.register(cmd)
	cmd.Flags().StringVarP(&flags.output, "output", "o", "", "")
	cmd.Flags().StringVar(&flags.sign, "sign", "", "")
	setHelp(cmd, vendorHelp)
	return cmd
}

func (f *vendorFlags) run(cmd *cobra.Command, args []string, bar *progress) error {
	signer, err := f.signer()
	if err != nil {
		return err
	}
	fetcher, err := f.fetcher(cmd, bar)
	if err != nil {
		return err
	}
	images, err := f.load(args)
	if err != nil {
		return err
	}
	folders, err := f.collect(cmd.Context(), images, fetcher, bar)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		bar.step("writing %s", folder.path)
		if err := folder.write(cmd.Context(), signer); err != nil {
			return err
		}
	}
	return nil
}

// signer reads the key that --sign names; nil without one. The public key has
// the file's name with ".pub" (abuild-keygen(1)).
func (f *vendorFlags) signer() (*apk.Signer, error) {
	if f.sign == "" {
		return nil, nil
	}
	file, err := os.ReadFile(f.sign)
	if err != nil {
		return nil, fmt.Errorf("cannot sign with %s: %w", f.sign, plain(err))
	}
	key, err := apk.ParsePrivateKey(file)
	if err != nil {
		return nil, fmt.Errorf("cannot sign with %s: %w", f.sign, err)
	}
	return &apk.Signer{Name: filepath.Base(f.sign) + ".pub", Key: key}, nil
}

// collect fetches what is locked of all images, and says which folders are to
// hold it.
func (f *vendorFlags) collect(ctx context.Context, images []*spec.Image, fetcher *fetcher, bar *progress) ([]*vendorFolder, error) {
	whole := make([]*spec.Image, len(images))
	for i, img := range images {
		// All that is locked, whatever this machine is.
		file, err := readLock(img)
		if err != nil && !isUnread(err) {
			return nil, err
		}
		one := *img
		if len(f.platforms) == 0 {
			one.Platforms = lockedPlatforms(img, file)
		}
		whole[i] = &one
	}
	locks, err := (&lockedFlags{locked: true, vendor: f.output}).locks(whole, &f.specFlags)
	if err != nil {
		return nil, err
	}
	var folders []*vendorFolder
	for _, img := range whole {
		path := locks.folder(img)
		folder := findFolder(folders, path)
		if folder == nil {
			if folder, err = openVendorFolder(path); err != nil {
				return nil, err
			}
			folders = append(folders, folder)
		}
		if err := fetchLocked(ctx, img, locks, fetcher, bar, folder); err != nil {
			return nil, err
		}
	}
	return folders, nil
}

func findFolder(folders []*vendorFolder, path string) *vendorFolder {
	for _, f := range folders {
		if f.path == path {
			return f
		}
	}
	return nil
}

// fetchLocked adds the locked packages of one image to a folder. Those that are
// there already are taken from there.
func fetchLocked(ctx context.Context, img *spec.Image, locks *locks, fetcher *fetcher, bar *progress, folder *vendorFolder) error {
	l := locks.files[img]
	if l == nil {
		return nil // it has no packages
	}
	bar.step("fetching the packages of %s", img.Name)
	archives := make([][]*apk.Archive, len(img.Platforms))
	answers := make([]*answer, len(img.Platforms))
	err := eachPlatform(ctx, img.Platforms, func(ctx context.Context, i int, p spec.Platform) error {
		q, err := ask(img, p)
		if err != nil {
			return err
		}
		if answers[i], err = l.answer(img, p, q); err != nil {
			return err
		}
		answers[i].vendor = folder.path
		if err := folder.removeDamaged(ctx, answers[i]); err != nil {
			return err
		}
		archives[i], err = fetch(ctx, fetcher.client(q.keys), answers[i])
		return err
	})
	if err != nil {
		return err
	}
	for i, a := range answers {
		for j := range a.Install {
			if err := folder.add(a.arch, archives[i][j], a.locked[j].SHA256); err != nil {
				return err
			}
		}
	}
	return nil
}
