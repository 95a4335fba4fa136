package spec

import "strings"

// Platform is a platform in OCI's terms.
type Platform struct {
	Pos     Pos
	OS      string // always "linux"
	Arch    string // GOARCH
	Variant string // "v6" or "v7" for arm, else empty
}

// platforms are those that Alpine is built for, with Alpine's name.
func platforms() []struct{ oci, alpine string } {
	return []struct{ oci, alpine string }{
		{"linux/amd64", "x86_64"},
		{"linux/arm64", "aarch64"},
		{"linux/arm/v7", "armv7"},
		{"linux/arm/v6", "armhf"},
		{"linux/386", "x86"},
		{"linux/ppc64le", "ppc64le"},
		{"linux/s390x", "s390x"},
		{"linux/riscv64", "riscv64"},
		{"linux/loong64", "loongarch64"},
	}
}

// String returns os/arch or os/arch/variant.
func (p Platform) String() string {
	s := p.OS + "/" + p.Arch
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// Alpine returns Alpine's name of the architecture, such as "x86_64" or
// "armhf", or the empty string if Alpine has none.
func (p Platform) Alpine() string {
	for _, known := range platforms() {
		if known.oci == p.String() {
			return known.alpine
		}
	}
	return ""
}

// Expand replaces {os}, {arch} and {variant} in s. Without a variant,
// {variant} becomes empty.
func (p Platform) Expand(s string) string {
	return strings.NewReplacer("{os}", p.OS, "{arch}", p.Arch, "{variant}", p.Variant).Replace(s)
}
