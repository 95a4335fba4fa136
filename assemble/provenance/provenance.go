// Package provenance says how an image was made, as an in-toto Statement v1
// with a SLSA v1 provenance predicate (in-toto.io/Statement/v1,
// slsa.dev/provenance/v1). Its rules:
//
//   - A statement is of one platform's image, which is its only subject.
//   - It names what the image was made from by digest: spec, lock, packages, Go
//     modules. With these at hand anyone can make the image again.
//   - The same build gives the same bytes: neither clock, host, user nor path
//     of the machine are in it, and so no "startedOn" and no invocation.
//   - It is not signed. Who signs it vouches for it; builder.id says only which
//     program ran.
package provenance

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mkimage/mkimage/assemble/sbom"
)

// The URIs of the statement.
const (
	statementType = "https://in-toto.io/Statement/v1"
	predicateType = "https://slsa.dev/provenance/v1"
	buildType     = "https://github.com/mkimage/mkimage/blob/main/docs/sbom.md#build-type-version-1"
	builderID     = "https://github.com/mkimage/mkimage"
)

// Source is what a build was asked for.
type Source struct {
	Spec []File // the spec's files, in the order given
	Lock *File  // nil where there was none
	// Defines are the spec's tags that were given values, as "key=value".
	Defines []string
	// Epoch is what SOURCE_DATE_EPOCH was set to; nil where it was not.
	Epoch *int64
	// LayerEncoding is the version of the layer encoding.
	LayerEncoding int
}

// File is a file of the build machine.
type File struct {
	Name   string // relative to the spec's folder
	SHA256 string // hexadecimal
}

// Statement returns the provenance of the image that bill describes, as JSON.
func Statement(bill *sbom.Bill, source Source) ([]byte, error) {
	_, sum, _ := strings.Cut(bill.Digest, ":")
	s := statement{
		Type:          statementType,
		Subject:       []resource{{Name: bill.Name, Digest: map[string]string{"sha256": sum}}},
		PredicateType: predicateType,
		Predicate: predicate{
			BuildDefinition: definition{
				BuildType:    buildType,
				External:     external{Spec: []string{}, Platform: bill.Platform.String(), Defines: source.Defines, Epoch: source.Epoch},
				Internal:     internal{LayerEncoding: source.LayerEncoding},
				Dependencies: dependencies(bill, source),
			},
			RunDetails: run{builder{ID: builderID, Version: map[string]string{"mkimage": bill.Tool}}},
		},
	}
	asked := &s.Predicate.BuildDefinition.External
	for _, f := range source.Spec {
		asked.Spec = append(asked.Spec, f.Name)
	}
	if source.Lock != nil {
		asked.Lock = source.Lock.Name
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		return nil, fmt.Errorf("internal error: cannot encode a provenance statement: %w", err)
	}
	return out.Bytes(), nil
}

// dependencies lists what the image was made from: files, packages, modules,
// each once.
func dependencies(bill *sbom.Bill, source Source) []resource {
	list := []resource{}
	files := source.Spec
	if source.Lock != nil {
		files = append(files[:len(files):len(files)], *source.Lock)
	}
	for _, f := range files {
		list = append(list, resource{Name: f.Name, Digest: map[string]string{"sha256": f.SHA256}})
	}
	for _, p := range bill.Packages {
		list = append(list, resource{
			URI: sbom.PackageURL(p.Package, bill.Distribution), Digest: map[string]string{"sha256": p.SHA256}, Location: p.URL,
		})
	}
	seen := map[sbom.Module]bool{}
	for _, p := range bill.Programs {
		for _, m := range sbom.Modules(p.Build) {
			if !seen[m] {
				seen[m] = true
				list = append(list, resource{URI: m.URL(), Digest: moduleDigest(m.Sum)})
			}
		}
	}
	return list
}

// moduleDigest returns a sum of go.sum as a DigestSet (in-toto's digest_set.md):
// that of the module's files is called dirHash there.
func moduleDigest(sum string) map[string]string {
	encoded, ok := strings.CutPrefix(sum, "h1:")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return nil
	}
	return map[string]string{"dirHash": hex.EncodeToString(raw)}
}
