package apk

import (
	"errors"
	"fmt"
	"strings"
)

// Dependency is one requirement on a name: an element of a world, of a
// package's depends, provides or install_if (apk-world(5)).
type Dependency struct {
	Name    string
	Op      Op
	Version string // empty exactly when Op is OpNone
	Tag     string // repository tag without its @; worlds only
	Not     bool   // a conflict: !name
}

// Op is the relation a dependency asks for between a version and its own.
// Equal, Less and Greater combine as bits; Fuzzy makes Equal compare only the
// components that the dependency's version has.
type Op uint8

const (
	OpNone    Op = 0
	OpEqual   Op = 1
	OpLess    Op = 2
	OpGreater Op = 4
	OpFuzzy   Op = 8

	// OpChecksum asks for the package with the checksum that the
	// dependency has in place of a version: "name><Q1...".
	OpChecksum = OpLess | OpGreater

	opAny = OpEqual | OpLess | OpGreater
)

// String returns the operator as it is written between name and version.
func (op Op) String() string {
	switch op {
	case OpNone:
		return ""
	case OpChecksum:
		return "><"
	}
	var b strings.Builder
	if op&OpLess != 0 {
		b.WriteByte('<')
	}
	if op&OpGreater != 0 {
		b.WriteByte('>')
	}
	switch {
	case op&OpFuzzy != 0:
		b.WriteByte('~')
	case op&OpEqual != 0:
		b.WriteByte('=')
	}
	return b.String()
}

// String returns the dependency as apk-world(5) writes it:
// [!]name[@tag][operator version].
func (d Dependency) String() string {
	var b strings.Builder
	if d.Not {
		b.WriteByte('!')
	}
	b.WriteString(d.Name)
	if d.Tag != "" {
		b.WriteByte('@')
		b.WriteString(d.Tag)
	}
	b.WriteString(d.Op.String())
	b.WriteString(d.Version)
	return b.String()
}

// Matches reports whether version is one that the dependency names, leaving
// Not aside. The empty version, that of an unversioned provide, is lower than
// every other. A dependency on a checksum matches no version.
func (d Dependency) Matches(version string) bool {
	return d.Op.Matches(version, d.Version)
}

// Matches reports whether version stands in relation op to bound.
func (op Op) Matches(version, bound string) bool {
	switch {
	case op == OpNone || op&opAny == opAny:
		return true
	case op == OpChecksum:
		return false
	}
	switch c := compareVersions(version, bound, op&OpFuzzy != 0); {
	case c < 0:
		return op&OpLess != 0
	case c > 0:
		return op&OpGreater != 0
	}
	return op&OpEqual != 0
}

// The reasons for which a dependency is refused. Package indexes tell them
// apart, see Package.Unreadable.
var (
	errDependencySyntax  = errors.New("not of the form [!]name[@tag][operator version]")
	errDependencyVersion = errors.New("not a version")
)

// ParseDependency reads one element of a world in the form of apk-world(5),
// [!]name[@tag][operator version] with an operator of =, <, >, <=, >=, ~, <~,
// >~ or their synonyms such as =~, or >< and a checksum. Parsing what String
// returns gives the same dependency.
func ParseDependency(s string) (Dependency, error) {
	d, err := parseDependency(s)
	if err != nil {
		return Dependency{}, fmt.Errorf("cannot read dependency %q: %w", s, explainDependency(d, err))
	}
	var tagged bool
	if d.Name, d.Tag, tagged = strings.Cut(d.Name, "@"); tagged && !validTag(d.Tag) {
		return Dependency{}, fmt.Errorf("cannot read dependency %q: %q is not the name of a repository tag", s, d.Tag)
	}
	if !validDependencyName(d.Name) {
		return Dependency{}, fmt.Errorf("cannot read dependency %q: %w", s, errDependencySyntax)
	}
	return d, nil
}

// explainDependency adds what is wrong with the dependency's version, where
// that is the fault.
func explainDependency(d Dependency, err error) error {
	if !errors.Is(err, errDependencyVersion) {
		return err
	}
	if version, tag, ok := strings.Cut(d.Version, "@"); ok {
		return fmt.Errorf("the tag stands before the constraint, write %s@%s%s%s", d.Name, tag, d.Op, version)
	}
	return fmt.Errorf("%q is %w", d.Version, err)
}

// parseDependency reads a dependency without dividing name and tag. With
// errDependencyVersion it also returns what it read.
func parseDependency(s string) (Dependency, error) {
	var d Dependency
	s, d.Not = strings.CutPrefix(s, "!")
	i := span(s, func(c byte) bool { return opBit(c) == 0 })
	if d.Name, s = s[:i], s[i:]; d.Name == "" {
		return d, errDependencySyntax
	}
	if s != "" {
		n := 0
		for ; n < len(s) && opBit(s[n]) != 0; n++ {
			d.Op |= opBit(s[n])
		}
		if d.Version = s[n:]; d.Version == "" {
			return d, errDependencySyntax
		}
		// apk takes whatever follows >< and <>= as it is.
		if d.Op&OpChecksum != OpChecksum && !ValidVersion(d.Version) {
			return d, errDependencyVersion
		}
	}
	return d, nil
}

// opBit returns what a character adds to an operator, nothing if it belongs to
// a name or version.
func opBit(c byte) Op {
	switch c {
	case '=':
		return OpEqual
	case '<':
		return OpLess
	case '>':
		return OpGreater
	case '~':
		return OpFuzzy | OpEqual
	}
	return OpNone
}

// validDependencyName reports whether s can name a package or a provide. The
// set is that of apk-package(5) for provides, widened to every printable
// ASCII character without a meaning of its own: sonames contain them.
func validDependencyName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '@' || c == '!' && i == 0 || opBit(c) != 0 {
			return false
		}
	}
	return s != ""
}

// validTag reports whether s is the name of a repository tag, by
// apk-repositories(5) and apk's own parser.
func validTag(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isNameByte(c) && !strings.ContainsRune(",:/[]=", rune(c)) {
			return false
		}
	}
	return s != ""
}
