package main

import (
	"fmt"
	"os"

	"github.com/mkimage/mkimage/spec"
)

// checkOverwrite refuses to write an output over a file that the images are
// made of.
func checkOverwrite(path string, images []*spec.Image) error {
	out, err := os.Stat(path)
	if err != nil {
		return nil // there is nothing to lose
	}
	for _, img := range images {
		for _, file := range madeOf(img) {
			if in, err := os.Stat(file); err == nil && os.SameFile(in, out) {
				return fmt.Errorf("cannot write %s: %s is made of that file; name another", path, img.Name)
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
