package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/spec"
)

// form is what an output is written as.
type form int

const (
	bothFormats form = iota // an archive that is a layout and of Docker's format
	ociFolder
	ociArchive
	dockerArchive
)

// output is a file or folder to write, with the images that go into it.
type output struct {
	*batch
	path string
	form form

	digest  string  // of all that decides what the output holds; empty: not asked for
	present *record // the output holds it already
}

// batches says which images go to which files and folders, and refuses what
// could not be written before any work is done. What goes elsewhere is not
// written to files too, unless that is asked for.
func (f *deliverFlags) batches(images []*spec.Image) ([]*batch, error) {
	var list []*batch
	if len(f.outputs) > 0 || f.push || f.intoDocker {
		t := &batch{images: images}
		for _, text := range f.outputs {
			out, err := parseOutput(text)
			if err != nil {
				return nil, err
			}
			out.batch = t
			t.outputs = append(t.outputs, out)
		}
		list = append(list, t)
	} else {
		var err error
		if list, err = besideSpecs(images); err != nil {
			return nil, err
		}
	}
	taken := map[string]bool{}
	for _, t := range list {
		for _, out := range t.outputs {
			if taken[filepath.Clean(out.path)] {
				return nil, fmt.Errorf("cannot write %s twice", out.path)
			}
			taken[filepath.Clean(out.path)] = true
			if f.compression.IsZstd() && out.form != ociFolder && out.form != ociArchive {
				return nil, fmt.Errorf("cannot write %s with zstd: %s", out.path, noZstd)
			}
			if err := out.check(); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// besideSpecs is where images go if the command line does not say.
func besideSpecs(images []*spec.Image) ([]*batch, error) {
	var list []*batch
	taken := map[string]*spec.Image{}
	for _, img := range images {
		path := filepath.Join(img.Dir, filepath.Base(img.Name.Value)+".tar")
		if other := taken[path]; other != nil {
			return nil, fmt.Errorf("cannot write both %s and %s to %s; give the images other names, or build them into one with --output",
				other.SpecFiles[0], img.SpecFiles[0], path)
		}
		taken[path] = img
		t := &batch{images: []*spec.Image{img}}
		t.outputs = []*output{{batch: t, path: path, form: bothFormats}}
		list = append(list, t)
	}
	return list, nil
}

// parseOutput reads a value of --output: "FILE", "DIR/" or a path after the
// name that skopeo has for its form (containers-transports(5)).
func parseOutput(text string) (*output, error) {
	forms := map[string]form{"oci": ociFolder, "oci-archive": ociArchive, "docker-archive": dockerArchive}
	elsewhere := map[string]string{
		"docker":             "use --push for a registry",
		"docker-daemon":      "use --load for Docker",
		"dir":                "use oci:DIR for a folder",
		"containers-storage": "write oci-archive:FILE and \"podman load\" it",
	}
	name, path, ok := strings.Cut(text, ":")
	if !ok {
		name = ""
	}
	if instead := elsewhere[name]; instead != "" {
		return nil, fmt.Errorf("cannot write to %q: %s; a file of that name is ./%s", text, instead, text)
	}
	f, ok := forms[name]
	switch {
	case !ok && text == "":
		return nil, fmt.Errorf("cannot write to %q: it is empty", text)
	case !ok && oci.IsFolder(text):
		return &output{path: text, form: ociFolder}, nil
	case !ok:
		return &output{path: text, form: bothFormats}, nil
	case path == "":
		return nil, fmt.Errorf("cannot write to %q: there is no path after the colon", text)
	case strings.Contains(path, ":"):
		return nil, fmt.Errorf("cannot write to %q: a path has no colon here; tags are the spec's or --tag's", text)
	}
	return &output{path: path, form: f}, nil
}

func (o *output) check() error {
	if err := o.checkApart(); err != nil {
		return err
	}
	if o.form == ociFolder {
		return oci.CheckFolder(o.path)
	}
	return oci.CheckArchive(o.path)
}

// write writes the output, whole or not at all.
func (o *output) write(ctx context.Context) error {
	switch o.form {
	case ociFolder:
		return oci.WriteFolder(ctx, o.path, o.releases...)
	case ociArchive:
		return oci.WriteOCIArchive(ctx, o.path, o.releases...)
	case dockerArchive:
		return oci.WriteDockerArchive(ctx, o.path, o.releases...)
	}
	return oci.WriteArchive(ctx, o.path, o.releases...)
}
