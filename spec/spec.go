// Package spec reads image specs: declarations in CUE, JSON or YAML of what
// an image holds and how it runs. Its contract:
//
//   - A spec is what [schemas.Image] describes. Types, patterns and closed
//     sets of values are checked against the schema; rules between fields,
//     defaults and suggestions are in this package.
//   - Reading a spec depends on its files and the given tags only: never on
//     the network, the clock, the environment, the host or the user.
//   - Every fault of a spec is reported at once, in one line at the user's
//     own file, line and column, see [Error].
//   - Checking never changes what is checked: a value of an [Image] is either
//     what the user wrote or a documented default.
//   - Paths are taken from the folder of the file that names them. Whether
//     they exist is not checked before [Image.CheckSources].
package spec

// Source says where specs are and how to read them.
type Source struct {
	// Args are files (.cue, .json, .yaml, .yml), which are unified to one
	// image, or folders, each of which is an image of its own. A folder
	// stands for the CUE package in it, or for its CUE files if they have
	// no package clause. "dir/..." stands for every folder at or below dir
	// that holds a spec.
	Args []string

	// Dir is the folder that Args are relative to, and positions where
	// that is shorter. Empty means the working directory.
	Dir string

	// Tags fill the fields with the attribute @tag(key), each as
	// "key=value".
	Tags []string

	// Platforms, when not empty, are built in place of the spec's.
	Platforms []string
}
