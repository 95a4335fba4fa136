package spec

import (
	"strings"

	"github.com/mkimage/mkimage/apk"
)

// Platform is a platform to build for and where the user asked for it.
type Platform struct {
	apk.Platform
	Pos Pos // zero for a flag and for the default
}

// Expand replaces {os}, {arch} and {variant} in s by OCI's names. Without a
// variant, {variant} becomes empty.
func (p Platform) Expand(s string) string {
	return strings.NewReplacer("{os}", p.OS, "{arch}", p.Architecture, "{variant}", p.Variant).Replace(s)
}
