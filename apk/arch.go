package apk

import (
	"fmt"
	"strings"
)

// Platform is a platform by its OCI names, as the image specification's
// "platform" object and Go's GOOS and GOARCH have them.
type Platform struct {
	OS           string
	Architecture string
	Variant      string // empty where the architecture has none
}

// String returns os/architecture, or os/architecture/variant.
func (p Platform) String() string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// platformArch pairs Alpine's architectures with OCI's in the order in which
// messages list them.
func platformArch() []struct{ arch, architecture, variant string } {
	return []struct{ arch, architecture, variant string }{
		{"x86_64", "amd64", ""},
		{"aarch64", "arm64", ""},
		{"armv7", "arm", "v7"},
		{"armhf", "arm", "v6"},
		{"x86", "386", ""},
		{"ppc64le", "ppc64le", ""},
		{"s390x", "s390x", ""},
		{"riscv64", "riscv64", ""},
		{"loongarch64", "loong64", ""},
	}
}

// ParsePlatform reads os/architecture[/variant]. Only platforms that Alpine
// builds for are known; "linux/arm" means its variant v7 and "linux/arm64/v8"
// is "linux/arm64", as in Docker.
func ParsePlatform(s string) (Platform, error) {
	os, rest, _ := strings.Cut(s, "/")
	architecture, variant, hasVariant := strings.Cut(rest, "/")
	switch {
	case architecture == "arm" && !hasVariant:
		variant = "v7"
	case architecture == "arm64" && variant == "v8":
		variant = ""
	case hasVariant && variant == "":
		variant = "/" // matches nothing
	}
	var known []string
	meant := ""
	for _, a := range platformArch() {
		p := Platform{"linux", a.architecture, a.variant}
		if os == p.OS && architecture == p.Architecture && variant == p.Variant {
			return p, nil
		}
		known = append(known, p.String())
		if name := s[strings.LastIndex(s, "/")+1:]; name == a.arch || name == a.architecture && meant == "" {
			meant = " (did you mean " + p.String() + "?)"
		}
	}
	return Platform{}, fmt.Errorf("cannot use platform %q: known are %s%s", s, strings.Join(known, ", "), meant)
}

// Arch returns Alpine's name of the platform's architecture, such as
// "x86_64", or an error for a platform that ParsePlatform would refuse.
func (p Platform) Arch() (string, error) {
	q, err := ParsePlatform(p.String())
	if err != nil {
		return "", err
	}
	for _, a := range platformArch() {
		if a.architecture == q.Architecture && a.variant == q.Variant {
			return a.arch, nil
		}
	}
	return "", fmt.Errorf("internal error: no architecture for platform %s", q)
}

// ArchPlatform returns the platform of an architecture by Alpine's name, such
// as "x86_64".
func ArchPlatform(arch string) (Platform, error) {
	var known []string
	for _, a := range platformArch() {
		if a.arch == arch {
			return Platform{"linux", a.architecture, a.variant}, nil
		}
		known = append(known, a.arch)
	}
	return Platform{}, fmt.Errorf("cannot use architecture %q: known are %s", arch, strings.Join(known, ", "))
}
