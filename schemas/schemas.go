// Package schemas holds the schema of image specs in CUE, for the spec
// reader, for editors and for the language reference that is generated from
// its comments.
package schemas

import _ "embed"

// Image is the CUE source of the schema. It has no package clause and no
// imports; its definition #Image is a whole spec.
//
//go:embed image.cue
var Image string
