// Package sbom writes bills of materials: what an image is made of, as SPDX 2.3
// (spdx.github.io/spdx-spec/v2.3) and as CycloneDX 1.6 (ECMA-424), both in
// JSON. Its rules:
//
//   - A bill is of one platform's image, and complete: each regular file of the
//     image is one that a listed package shipped, or is listed itself.
//   - The same Bill gives the same bytes. There is no clock: the date is the
//     image's. The serial numbers are UUIDs of the content (RFC 9562, version
//     5), so equal numbers are equal bills.
//   - Nothing is guessed. A licence is what the packager declared; what is no
//     SPDX expression becomes a LicenseRef with the packager's words. What is
//     not known is left out, or NOASSERTION where SPDX wants a value.
//   - Packages are named by package URLs (ECMA-427), since that is what
//     scanners look up: pkg:apk, pkg:golang, pkg:oci.
//   - No name or path of the build machine is in it.
package sbom

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"runtime/debug"
	"time"

	"github.com/mkimage/mkimage/apk"
)

// Bill is what one platform's image is made of. Its lists stay in the order
// given.
type Bill struct {
	Name     string // the image's repository, such as "ghcr.io/acme/web"
	Digest   string // of the image's manifest, "sha256:…"
	Platform apk.Platform
	// Created is the image's date, in seconds since 1970.
	Created int64
	// Tool is the version of mkimage.
	Tool         string
	Distribution Distribution
	Packages     []Package
	Programs     []Program
	Files        []File
}

// Package is an installed Alpine package.
type Package struct {
	*apk.Package
	SHA256 string // of the package file, hexadecimal
	URL    string // of the file in its repository; empty if that is a folder
}

// Program is an executable that no package shipped.
type Program struct {
	Path string // absolute, in the image
	// Build is what the go command recorded in it; nil if it is not a Go
	// program.
	Build *debug.BuildInfo
}

// File is a regular file that no package shipped as it is.
type File struct {
	Path         string // absolute, in the image
	SHA1, SHA256 string // of the content, hexadecimal
}

// FileName is how the platform's files are called, without what comes after
// the dot: the last element of the repository and the platform, as in
// "web-linux-arm-v7".
func FileName(name string, p apk.Platform) string {
	s := path.Base(name) + "-" + p.OS + "-" + p.Architecture
	if p.Variant != "" {
		s += "-" + p.Variant
	}
	return s
}

// date returns the image's date as both formats want it (RFC 3339, UTC).
func (b *Bill) date() string { return time.Unix(b.Created, 0).UTC().Format(time.RFC3339) }

// webAddress returns what a packager gave as the home page, empty if that is
// none.
func webAddress(s string) string {
	if u, err := url.Parse(s); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return s
}

// encode returns a document as JSON with a line for each value.
func encode(document any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(document); err != nil {
		return nil, fmt.Errorf("internal error: cannot encode a bill of materials: %w", err)
	}
	return out.Bytes(), nil
}

// contentUUID returns the UUID of a document: version 5 of RFC 9562, whose
// name is the content and whose namespace is that of URLs.
func contentUUID(content []byte) string {
	h := sha1.New()
	h.Write([]byte("\x6b\xa7\xb8\x11\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8"))
	h.Write(content)
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	s := hex.EncodeToString(u)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
