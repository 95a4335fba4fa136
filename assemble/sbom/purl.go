package sbom

import (
	"path"
	"strings"

	"github.com/mkimage/mkimage/apk"
)

// Distribution is what the packages are packages of, as in os-release(5).
// Both are empty where it is not known.
type Distribution struct {
	ID      string // such as "alpine"
	Version string // such as "3.19.1"
}

// PackageURL returns the package URL of an Alpine package (ECMA-427, type apk).
// The qualifier "upstream" names the source package where that is called
// otherwise: Alpine's security database goes by it.
func PackageURL(p *apk.Package, d Distribution) string {
	vendor := d.ID
	if vendor == "" {
		vendor = "alpine"
	}
	var q qualifiers
	q.add("arch", p.Arch)
	if d.Version != "" {
		q.add("distro", vendor+"-"+d.Version)
	}
	if p.Origin != p.Name {
		q.add("upstream", p.Origin)
	}
	return "pkg:apk/" + escape(strings.ToLower(vendor)) + "/" + escape(strings.ToLower(p.Name)) + "@" + escape(p.Version) + q.String()
}

// moduleURL returns the package URL of a Go module. A main module that was
// built from a checkout has no version.
func moduleURL(modulePath, version string) string {
	elements := strings.Split(strings.ToLower(modulePath), "/")
	for i, e := range elements {
		elements[i] = escape(e)
	}
	s := "pkg:golang/" + strings.Join(elements, "/")
	if version != "" && version != develVersion {
		s += "@" + escape(version)
	}
	return s
}

// imageURL returns the package URL of the image.
func (b *Bill) imageURL() string {
	var q qualifiers
	q.add("arch", b.Platform.Architecture)
	q.add("repository_url", b.Name)
	return "pkg:oci/" + escape(strings.ToLower(path.Base(b.Name))) + "@" + escape(b.Digest) + q.String()
}

// qualifiers are the part of a package URL after the question mark. They are
// added in the order of their keys, which is the one order that is valid.
type qualifiers struct{ text string }

func (q *qualifiers) add(key, value string) {
	if value == "" {
		return
	}
	separator := "&"
	if q.text == "" {
		separator = "?"
	}
	q.text += separator + key + "=" + escape(value)
}

func (q *qualifiers) String() string { return q.text }

// escape percent-encodes all but what a package URL's parts can hold as it is.
func escape(s string) string {
	const hexadecimal = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case isAlphanumeric(c), strings.IndexByte(".-_~:", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hexadecimal[c>>4], hexadecimal[c&15]})
		}
	}
	return b.String()
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
