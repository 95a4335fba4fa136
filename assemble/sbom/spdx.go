package sbom

import (
	"crypto/sha1"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// noAssertion is SPDX's value for what is not stated.
const noAssertion = "NOASSERTION"

// The identifiers of elements that every document has.
const (
	spdxDocumentID = "SPDXRef-DOCUMENT"
	spdxImageID    = "SPDXRef-Image"
	spdxFilesID    = "SPDXRef-Files"
)

// The names of members, and their values where these are listed, are those of
// SPDX 2.3's JSON schema.

type spdxDocument struct {
	SPDXVersion   string             `json:"spdxVersion"`
	DataLicense   string             `json:"dataLicense"`
	SPDXID        string             `json:"SPDXID"`
	Name          string             `json:"name"`
	Namespace     string             `json:"documentNamespace"`
	CreationInfo  spdxCreationInfo   `json:"creationInfo"`
	Packages      []spdxPackage      `json:"packages"`
	Files         []spdxFile         `json:"files,omitempty"`
	Licenses      []spdxLicense      `json:"hasExtractedLicensingInfos,omitempty"`
	Relationships []spdxRelationship `json:"relationships"`
}

type spdxCreationInfo struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	SPDXID           string           `json:"SPDXID"`
	Name             string           `json:"name"`
	Version          string           `json:"versionInfo,omitempty"`
	Purpose          string           `json:"primaryPackagePurpose,omitempty"`
	Supplier         string           `json:"supplier,omitempty"`
	DownloadLocation string           `json:"downloadLocation"`
	FilesAnalyzed    bool             `json:"filesAnalyzed"`
	Verification     *spdxCode        `json:"packageVerificationCode,omitempty"`
	Checksums        []spdxChecksum   `json:"checksums,omitempty"`
	Homepage         string           `json:"homepage,omitempty"`
	SourceInfo       string           `json:"sourceInfo,omitempty"`
	LicenseConcluded string           `json:"licenseConcluded"`
	LicenseDeclared  string           `json:"licenseDeclared"`
	Copyright        string           `json:"copyrightText"`
	Summary          string           `json:"summary,omitempty"`
	Comment          string           `json:"comment,omitempty"`
	References       []spdxExternalID `json:"externalRefs,omitempty"`
}

type spdxCode struct {
	Value string `json:"packageVerificationCodeValue"`
}

type spdxChecksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type spdxExternalID struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdxFile struct {
	SPDXID           string         `json:"SPDXID"`
	Name             string         `json:"fileName"`
	Checksums        []spdxChecksum `json:"checksums"`
	LicenseConcluded string         `json:"licenseConcluded"`
	Copyright        string         `json:"copyrightText"`
}

type spdxLicense struct {
	ID   string `json:"licenseId"`
	Name string `json:"name"`
	Text string `json:"extractedText"`
}

type spdxRelationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

// SPDX returns the bill as an SPDX 2.3 document in JSON. The document describes
// the image, which contains the packages, the modules that Go programs were
// built of, and a package of all files that no package shipped.
func (b *Bill) SPDX() ([]byte, error) {
	w := &spdxWriter{bill: b, licenses: newLicenses(), modules: map[string]bool{}}
	name := FileName(b.Name, b.Platform)
	w.doc = spdxDocument{
		SPDXVersion: "SPDX-2.3", DataLicense: "CC0-1.0", SPDXID: spdxDocumentID, Name: name,
		CreationInfo: spdxCreationInfo{Created: b.date(), Creators: []string{"Tool: mkimage-" + b.Tool}},
	}
	w.image()
	w.packages()
	w.programs()
	w.files()
	w.declaredLicenses()
	content, err := encode(w.doc)
	if err != nil {
		return nil, err
	}
	w.doc.Namespace = "https://spdx.org/spdxdocs/" + name + "-" + contentUUID(content)
	return encode(w.doc)
}

// spdxWriter fills a document.
type spdxWriter struct {
	bill     *Bill
	licenses *licenses
	modules  map[string]bool // those in the document, by identifier
	doc      spdxDocument
}

func (w *spdxWriter) relate(from, relation, to string) {
	w.doc.Relationships = append(w.doc.Relationships, spdxRelationship{from, relation, to})
}

// add adds a package that the image contains. What it says nothing of is
// NOASSERTION.
func (w *spdxWriter) add(p spdxPackage) {
	for _, field := range []*string{&p.DownloadLocation, &p.LicenseConcluded, &p.LicenseDeclared, &p.Copyright} {
		if *field == "" {
			*field = noAssertion
		}
	}
	w.doc.Packages = append(w.doc.Packages, p)
	if p.SPDXID != spdxImageID {
		w.relate(spdxImageID, "CONTAINS", p.SPDXID)
	}
}

func (w *spdxWriter) image() {
	b := w.bill
	_, sum, _ := strings.Cut(b.Digest, ":")
	w.add(spdxPackage{
		SPDXID: spdxImageID, Name: b.Name, Version: b.Digest, Purpose: "CONTAINER",
		Checksums: []spdxChecksum{{"SHA256", sum}}, References: purlReference(b.imageURL()),
	})
	w.relate(spdxDocumentID, "DESCRIBES", spdxImageID)
	if d := b.Distribution; d.ID != "" {
		w.add(spdxPackage{SPDXID: "SPDXRef-OperatingSystem", Name: d.ID, Version: d.Version, Purpose: "OPERATING_SYSTEM"})
	}
}

func purlReference(purl string) []spdxExternalID {
	return []spdxExternalID{{"PACKAGE-MANAGER", "purl", purl}}
}

func (w *spdxWriter) packages() {
	id := func(p Package) string { return "SPDXRef-Package-" + identifier(p.String()) }
	for _, p := range w.bill.Packages {
		license, _ := w.licenses.expression(p.License)
		w.add(spdxPackage{
			SPDXID: id(p), Name: p.Name, Version: p.Version, Supplier: spdxPerson(p.Maintainer),
			DownloadLocation: p.URL, Checksums: []spdxChecksum{{"SHA256", p.SHA256}},
			Homepage: webAddress(p.Package.URL), SourceInfo: sourceInfo(p), LicenseDeclared: license, Summary: p.Description,
			Comment: "apk checksum " + p.Checksum.String(), References: purlReference(PackageURL(p.Package, w.bill.Distribution)),
		})
	}
	for i, list := range dependencies(w.bill.Packages) {
		for _, j := range list {
			w.relate(id(w.bill.Packages[i]), "DEPENDS_ON", id(w.bill.Packages[j]))
		}
	}
}

// sourceInfo says what a package was built from.
func sourceInfo(p Package) string {
	switch {
	case p.Origin != "" && p.Commit != "":
		return "built from the source package " + p.Origin + " at commit " + p.Commit
	case p.Origin != "":
		return "built from the source package " + p.Origin
	}
	return ""
}

// spdxPerson returns "Name <address>" as SPDX writes it.
func spdxPerson(maintainer string) string {
	name, rest, ok := strings.Cut(maintainer, "<")
	address, _, closed := strings.Cut(rest, ">")
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return ""
	case ok && closed && address != "":
		return "Person: " + name + " (" + address + ")"
	}
	return "Person: " + name
}

// programs adds the modules that Go programs were built of, each once.
func (w *spdxWriter) programs() {
	for _, p := range w.bill.Programs {
		for _, m := range Modules(p.Build) {
			w.relate(fileID(p.Path), "GENERATED_FROM", w.module(m))
		}
	}
}

// module adds a module and returns its identifier.
func (w *spdxWriter) module(m Module) string {
	id := "SPDXRef-Module-" + identifier(m.Path+"-"+m.Version+m.Sum)
	if w.modules[id] {
		return id
	}
	w.modules[id] = true
	p := spdxPackage{SPDXID: id, Name: m.Path, Version: m.Version, References: purlReference(m.URL())}
	if m.Sum != "" {
		p.Comment = "go.sum " + m.Sum
	}
	w.add(p)
	return id
}

func fileID(path string) string { return "SPDXRef-File-" + identifier(strings.TrimPrefix(path, "/")) }

// files adds the files, in a package of their own: the image as a package
// cannot have any unless all are listed, those of packages included.
func (w *spdxWriter) files() {
	if len(w.bill.Files) == 0 {
		return
	}
	var sums []string
	for _, f := range w.bill.Files {
		sums = append(sums, f.SHA1)
	}
	slices.Sort(sums)
	code := sha1.Sum([]byte(strings.Join(sums, ""))) // SPDX 2.3, 7.9
	w.add(spdxPackage{
		SPDXID: spdxFilesID, Name: w.bill.Name + " (files of no package)", Purpose: "FILE",
		FilesAnalyzed: true, Verification: &spdxCode{hex.EncodeToString(code[:])},
	})
	for _, f := range w.bill.Files {
		w.doc.Files = append(w.doc.Files, spdxFile{
			SPDXID: fileID(f.Path), Name: "." + f.Path, Checksums: []spdxChecksum{{"SHA1", f.SHA1}, {"SHA256", f.SHA256}},
			LicenseConcluded: noAssertion, Copyright: noAssertion,
		})
		w.relate(spdxFilesID, "CONTAINS", fileID(f.Path))
	}
}

// declaredLicenses adds the licences that SPDX's list has not.
func (w *spdxWriter) declaredLicenses() {
	for _, id := range slices.Sorted(maps.Keys(w.licenses.refs)) {
		words := w.licenses.refs[id]
		w.doc.Licenses = append(w.doc.Licenses, spdxLicense{ID: id, Name: words, Text: words})
	}
}
