package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/mkimage/mkimage/assemble"
	"github.com/mkimage/mkimage/spec"
)

// checkApart refuses an output that the images are made of: a file that would
// be lost, or one in a tree that they copy, which would be in the next image.
func (o *output) checkApart() error {
	out, _ := os.Stat(o.path) // nil: there is nothing to lose
	abs, err := filepath.Abs(o.path)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", o.path, err)
	}
	for _, img := range o.images {
		for _, file := range madeOf(img) {
			if in, err := os.Stat(file); err == nil && out != nil && !in.IsDir() && os.SameFile(in, out) {
				return fmt.Errorf("cannot write %s: %s is made of that file; name another", o.path, img.Name)
			}
		}
		for _, f := range img.Files {
			if assemble.Copies(f, abs, o.form == ociFolder) {
				return fmt.Errorf("cannot write %s: %s has a copy of %s as %s, and the next build would copy the output too; ignore it there, or write elsewhere with --output",
					o.path, img.Name, f.Source.Written, f.Path)
			}
		}
	}
	return nil
}

// madeOf returns the files that a spec consists of and names.
func madeOf(img *spec.Image) []string {
	files := append([]string(nil), img.SpecFiles...)
	for _, f := range img.Files {
		if f.Kind == spec.KindSource {
			files = append(files, f.Source.Abs)
		}
	}
	if img.Binary != nil {
		for _, p := range img.Platforms {
			files = append(files, img.Binary.For(p).Abs)
		}
	}
	if img.APK != nil {
		for _, key := range img.APK.Keys {
			files = append(files, key.Abs)
		}
	}
	return files
}
