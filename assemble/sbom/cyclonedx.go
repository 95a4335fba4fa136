package sbom

import "strings"

// The names of members are those of CycloneDX 1.6's JSON schema.

type cdxDocument struct {
	Schema       string          `json:"$schema"`
	Format       string          `json:"bomFormat"`
	SpecVersion  string          `json:"specVersion"`
	SerialNumber string          `json:"serialNumber,omitempty"`
	Version      int             `json:"version"`
	Metadata     cdxMetadata     `json:"metadata"`
	Components   []cdxComponent  `json:"components"`
	Dependencies []cdxDependency `json:"dependencies"`
}

type cdxMetadata struct {
	Timestamp string       `json:"timestamp"`
	Tools     cdxTools     `json:"tools"`
	Component cdxComponent `json:"component"`
}

type cdxTools struct {
	Components []cdxComponent `json:"components"`
}

type cdxComponent struct {
	Type        string         `json:"type"`
	Ref         string         `json:"bom-ref,omitempty"`
	Publisher   string         `json:"publisher,omitempty"`
	Name        string         `json:"name"`
	Version     string         `json:"version,omitempty"`
	Description string         `json:"description,omitempty"`
	Hashes      []cdxHash      `json:"hashes,omitempty"`
	Licenses    []cdxLicense   `json:"licenses,omitempty"`
	Purl        string         `json:"purl,omitempty"`
	References  []cdxReference `json:"externalReferences,omitempty"`
	Properties  []cdxProperty  `json:"properties,omitempty"`
}

type cdxHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// cdxLicense is an expression, or the name of what is none.
type cdxLicense struct {
	Expression string       `json:"expression,omitempty"`
	License    *cdxFreeText `json:"license,omitempty"`
}

type cdxFreeText struct {
	Name string `json:"name"`
}

type cdxReference struct {
	URL  string `json:"url"`
	Type string `json:"type"`
}

type cdxProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type cdxDependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// CycloneDX returns the bill as a CycloneDX 1.6 document in JSON. The image
// depends on the packages and on the files that no package shipped, and Go
// programs among these on the modules that they were built of.
func (b *Bill) CycloneDX() ([]byte, error) {
	w := &cdxWriter{bill: b, licenses: newLicenses(), modules: map[string]bool{}}
	w.doc = cdxDocument{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		Metadata: cdxMetadata{
			Timestamp: b.date(),
			Tools:     cdxTools{[]cdxComponent{{Type: "application", Name: "mkimage", Version: b.Tool}}},
		},
		Components: []cdxComponent{},
	}
	w.image()
	w.packages()
	w.programs()
	w.files()
	w.doc.Dependencies = append([]cdxDependency{{b.imageURL(), w.contents}}, w.dependencies...)
	content, err := encode(w.doc)
	if err != nil {
		return nil, err
	}
	w.doc.SerialNumber = "urn:uuid:" + contentUUID(content)
	return encode(w.doc)
}

// cdxWriter fills a document.
type cdxWriter struct {
	bill         *Bill
	licenses     *licenses
	modules      map[string]bool // those in the document, by bom-ref
	contents     []string        // what the image consists of, by bom-ref
	dependencies []cdxDependency // of all but the image
	doc          cdxDocument
}

func (w *cdxWriter) image() {
	_, sum, _ := strings.Cut(w.bill.Digest, ":")
	w.doc.Metadata.Component = cdxComponent{
		Type: "container", Ref: w.bill.imageURL(), Name: w.bill.Name, Version: w.bill.Digest,
		Hashes: []cdxHash{{"SHA-256", sum}}, Purl: w.bill.imageURL(),
	}
	if d := w.bill.Distribution; d.ID != "" {
		w.doc.Components = append(w.doc.Components, cdxComponent{Type: "operating-system", Ref: "os:" + d.ID, Name: d.ID, Version: d.Version})
	}
}

func (w *cdxWriter) packages() {
	ref := func(i int) string { return PackageURL(w.bill.Packages[i].Package, w.bill.Distribution) }
	for i, p := range w.bill.Packages {
		c := cdxComponent{
			Type: "library", Ref: ref(i), Publisher: p.Maintainer, Name: p.Name, Version: p.Version, Description: p.Description,
			Hashes: []cdxHash{{"SHA-256", p.SHA256}}, Licenses: w.license(p.License), Purl: ref(i),
			Properties: []cdxProperty{{"mkimage:apk:checksum", p.Checksum.String()}},
		}
		for _, r := range []cdxReference{{p.URL, "distribution"}, {webAddress(p.Package.URL), "website"}} {
			if r.URL != "" {
				c.References = append(c.References, r)
			}
		}
		for _, property := range []cdxProperty{{"mkimage:apk:origin", p.Origin}, {"mkimage:apk:commit", p.Commit}} {
			if property.Value != "" {
				c.Properties = append(c.Properties, property)
			}
		}
		w.doc.Components = append(w.doc.Components, c)
		w.contents = append(w.contents, c.Ref)
	}
	for i, list := range dependencies(w.bill.Packages) {
		d := cdxDependency{Ref: ref(i)}
		for _, j := range list {
			d.DependsOn = append(d.DependsOn, ref(j))
		}
		w.dependencies = append(w.dependencies, d)
	}
}

func (w *cdxWriter) license(declared string) []cdxLicense {
	expression, ok := w.licenses.expression(declared)
	switch {
	case expression == "":
		return nil
	case !ok:
		return []cdxLicense{{License: &cdxFreeText{declared}}}
	}
	return []cdxLicense{{Expression: expression}}
}

func (w *cdxWriter) programs() {
	for _, p := range w.bill.Programs {
		var refs []string
		for _, m := range Modules(p.Build) {
			refs = append(refs, w.module(m, len(refs) == 0))
		}
		if len(refs) > 0 {
			w.dependencies = append(w.dependencies, cdxDependency{fileRef(p.Path), refs})
		}
	}
}

// module adds a module and returns its bom-ref.
func (w *cdxWriter) module(m Module, main bool) string {
	ref := m.URL()
	if w.modules[ref] {
		return ref
	}
	w.modules[ref] = true
	c := cdxComponent{Type: "library", Ref: ref, Name: m.Path, Version: m.Version, Purl: ref}
	if main {
		c.Type = "application"
	}
	if m.Sum != "" {
		c.Properties = []cdxProperty{{"mkimage:go:sum", m.Sum}}
	}
	w.doc.Components = append(w.doc.Components, c)
	return ref
}

func fileRef(path string) string { return "file:" + path }

func (w *cdxWriter) files() {
	for _, f := range w.bill.Files {
		w.doc.Components = append(w.doc.Components, cdxComponent{
			Type: "file", Ref: fileRef(f.Path), Name: f.Path, Hashes: []cdxHash{{"SHA-1", f.SHA1}, {"SHA-256", f.SHA256}},
		})
		w.contents = append(w.contents, fileRef(f.Path))
	}
}
