package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/assemble/provenance"
	"github.com/mkimage/mkimage/assemble/sbom"
	"github.com/mkimage/mkimage/spec"
)

// What --attach can ask for.
const (
	attachSBOM       = "sbom"
	attachProvenance = "provenance"
)

const documentHelp = `  --sbom DIR            write bills of materials and provenance to the folder:
                        NAME-OS-ARCH.spdx.json, .cdx.json and .provenance.json
  --attach KIND         attach sbom or provenance to the image; repeatable
`

// documentFlags say what becomes of the documents about an image.
type documentFlags struct {
	dir    string
	attach []string
}

func (f *documentFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.dir, "sbom", "", "")
	cmd.Flags().StringSliceVar(&f.attach, "attach", nil, "")
}

// wanted reports whether documents are to be made at all.
func (f *documentFlags) wanted() bool { return f.dir != "" || len(f.attach) > 0 }

// understood reports whether the command line can be.
func (f *documentFlags) understood(cmd *cobra.Command) error {
	for _, kind := range f.attach {
		if kind != attachSBOM && kind != attachProvenance {
			return usageError{cmd.CommandPath(), fmt.Errorf("cannot attach %q: --attach takes %s and %s", kind, attachSBOM, attachProvenance)}
		}
	}
	return nil
}

// fits refuses to attach where that would be lost: Docker's format has no place
// for it.
func (f *documentFlags) fits(to *deliverFlags, batches []*batch) error {
	if len(f.attach) == 0 {
		return nil
	}
	for _, t := range batches {
		for _, out := range t.outputs {
			if out.form == dockerArchive {
				return fmt.Errorf("cannot attach anything in docker-archive:%s: Docker's format has no place for it; -o %s has both", out.path, out.path)
			}
		}
		if len(t.outputs) == 0 && !to.push {
			return errors.New("cannot attach anything with --load alone: Docker has no place for it; add --push or --output")
		}
	}
	return nil
}

// check refuses what could not be written, before any work is done.
func (f *documentFlags) check(images []*spec.Image) error {
	if f.dir == "" {
		return nil
	}
	if info, err := os.Stat(f.dir); err == nil && !info.IsDir() {
		return fmt.Errorf("cannot write bills of materials to %s: it is not a folder", f.dir)
	}
	taken := map[string]*spec.Image{}
	for _, img := range images {
		for _, p := range img.Platforms {
			name := sbom.FileName(img.Name.Value, p.Platform)
			if other := taken[name]; other != nil {
				return fmt.Errorf("cannot write the bills of materials of both %s and %s to %s/%s.spdx.json; give the images other names, or build one at a time",
					other.SpecFiles[0], img.SpecFiles[0], f.dir, name)
			}
			taken[name] = img
		}
	}
	return nil
}

// describe makes the documents about the images of a release, attaches those
// that are to be and returns all.
func (f *documentFlags) describe(r *oci.Release, images []*built, source provenance.Source) ([]oci.Document, error) {
	var all []oci.Document
	for _, b := range images {
		if b.bill == nil {
			continue
		}
		list, err := documents(b.bill, source)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			all = append(all, d.Document)
			if !slices.Contains(f.attach, d.kind) {
				continue
			}
			referrer, err := oci.NewReferrer(b.image, d.Document)
			if err != nil {
				return nil, err
			}
			r.Attach(referrer)
		}
	}
	return all, nil
}

// write writes documents to the folder, if there is one: each whole or not at
// all.
func (f *documentFlags) write(list []oci.Document) error {
	if f.dir == "" {
		return nil
	}
	err := os.MkdirAll(f.dir, 0o777)
	for _, d := range list {
		if err == nil {
			err = writeWhole(filepath.Join(f.dir, d.Name), d.Content)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot write bills of materials to %s: %w", f.dir, plain(err))
	}
	return nil
}

// writeWhole replaces a file by rename(2).
func writeWhole(path string, content []byte) error {
	temp := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.tmp-%d", filepath.Base(path), os.Getpid()))
	if err := os.WriteFile(temp, content, 0o666); err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return nil
}
