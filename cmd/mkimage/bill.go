package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/assemble"
	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/assemble/provenance"
	"github.com/mkimage/mkimage/assemble/sbom"
	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/spec"
)

// built is the image of one platform, and what it is made of if that was asked
// for.
type built struct {
	image v1.Image
	bill  *sbom.Bill // nil unless builder.bills is set
}

// parts are what an image of one platform was made of.
type parts struct {
	img      *spec.Image
	platform spec.Platform
	created  int64
	chosen   *answer
	archives []*apk.Archive
	programs []assemble.Program
	tree     *tree.Tree
}

// bill lists the parts of an image.
func (b *builder) bill(ctx context.Context, image v1.Image, p parts) (*sbom.Bill, error) {
	b.bar.step("listing what is in %s for %s", p.img.Name, p.platform)
	digest, err := image.Digest()
	if err != nil {
		return nil, err
	}
	bill := &sbom.Bill{
		Name: p.img.Name.Value, Digest: digest.String(), Platform: p.platform.Platform, Created: p.created, Tool: version(),
	}
	var repositories []string
	for _, r := range p.chosen.repositories {
		repositories = append(repositories, r.Location)
	}
	bill.Distribution = sbom.FindDistribution(p.tree, repositories)
	for i, a := range p.archives {
		listed, err := listPackage(ctx, a, p.chosen.repository(p.chosen.Install[i]), p.chosen.arch)
		if err != nil {
			return nil, err
		}
		bill.Packages = append(bill.Packages, listed)
	}
	for _, program := range p.programs {
		info, err := sbom.ReadBuild(program.File)
		if err != nil {
			return nil, fmt.Errorf("cannot read the modules of %s: %w", program.Path, plain(err))
		}
		bill.Programs = append(bill.Programs, sbom.Program{Path: program.Path.Value, Build: info})
	}
	bill.Files, err = sbom.Files(ctx, p.tree)
	return bill, err
}

// listPackage describes a package by what it says of itself, which is all there
// is to know where no index was read.
func listPackage(ctx context.Context, a *apk.Archive, from repo.Repository, arch string) (sbom.Package, error) {
	sum, err := a.Digest(ctx)
	if err != nil {
		return sbom.Package{}, err
	}
	p := a.Info.Package
	p.Arch, p.Checksum, p.Size = a.Package.Arch, a.Package.Checksum, a.Package.Size
	listed := sbom.Package{Package: &p, SHA256: hex.EncodeToString(sum[:])}
	if !from.IsFolder() {
		from.Tag = ""
		listed.URL = from.String() + "/" + arch + "/" + p.FileName()
	}
	return listed, nil
}

// documents writes all that there is to say about an image.
func documents(bill *sbom.Bill, source provenance.Source) ([]document, error) {
	name := sbom.FileName(bill.Name, bill.Platform)
	spdx, err := bill.SPDX()
	if err != nil {
		return nil, err
	}
	cyclonedx, err := bill.CycloneDX()
	if err != nil {
		return nil, err
	}
	statement, err := provenance.Statement(bill, source)
	if err != nil {
		return nil, err
	}
	return []document{
		{attachSBOM, oci.Document{Type: "application/spdx+json", Name: name + ".spdx.json", Content: spdx}},
		{attachSBOM, oci.Document{Type: "application/vnd.cyclonedx+json", Name: name + ".cdx.json", Content: cyclonedx}},
		{attachProvenance, oci.Document{Type: "application/vnd.in-toto+json", Name: name + ".provenance.json", Content: statement}},
	}, nil
}

// document is a document and the word of --attach that asks for it.
type document struct {
	kind string
	oci.Document
}

// readSource takes note of what a build is asked for, by digest.
func readSource(img *spec.Image, defines []string, epoch *int64) (provenance.Source, error) {
	source := provenance.Source{Defines: defines, Epoch: epoch, LayerEncoding: layer.Version}
	for _, file := range img.SpecFiles {
		listed, err := hashSpecFile(img, file)
		if err != nil {
			return source, err
		}
		source.Spec = append(source.Spec, listed)
	}
	return source, nil
}

// hashSpecFile names a file from the spec's folder and digests it.
func hashSpecFile(img *spec.Image, file string) (provenance.File, error) {
	fault := func(err error) error { return fmt.Errorf("cannot read %s: %w", file, plain(err)) }
	abs, err := filepath.Abs(file)
	if err != nil {
		return provenance.File{}, fault(err)
	}
	name, err := filepath.Rel(img.Dir, abs)
	if err != nil {
		return provenance.File{}, fault(err)
	}
	f, err := os.Open(abs)
	if err != nil {
		return provenance.File{}, fault(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return provenance.File{}, fault(err)
	}
	return provenance.File{Name: filepath.ToSlash(name), SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}
