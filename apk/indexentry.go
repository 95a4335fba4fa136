package apk

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// entry reads one package's lines of an APKINDEX. It is used for many in turn
// so that reading an index allocates little.
type entry struct {
	Package

	// names are those of package, dependencies and provides in the order in
	// which apk first meets them.
	names []string
	// once has the bits of the single-valued fields that were read.
	once uint32
}

func (e *entry) reset() {
	*e = entry{
		Package: Package{
			Depends:   e.Depends[:0],
			Provides:  e.Provides[:0],
			InstallIf: e.InstallIf[:0],
		},
		names: e.names[:0],
	}
}

// indexFields are the single-valued fields of apk-package(5) that an index
// has; each may appear once.
const indexFields = "PVACSITULomtck"

// line reads one line, such as "P:musl". Fields that belong to the installed
// database and lower-case ones that are not known mean nothing here; an
// unknown upper-case field is one that apk must understand to install the
// package.
func (e *entry) line(line string) error {
	if len(line) < 2 || line[1] != ':' {
		return fmt.Errorf("%q is not a letter, a colon and a value", abridge(line))
	}
	field, value := line[0], line[2:]
	if i := strings.IndexByte(indexFields, field); i >= 0 {
		if e.once&(1<<i) != 0 {
			return fmt.Errorf("the package has a second field %c", field)
		}
		e.once |= 1 << i
	}
	if err := e.field(field, value); err != nil {
		return fmt.Errorf("field %c: %w", field, err)
	}
	return nil
}

func (e *entry) field(field byte, value string) (err error) {
	switch field {
	case 'P':
		e.Name = value
		e.names = append(e.names, value)
		return checkName(value)
	case 'V':
		e.Version = value
		return checkFileNamePart(value)
	case 'A':
		e.Arch = value
		return checkFileNamePart(value)
	case 'C':
		e.Checksum, err = ParseChecksum(value)
	case 'S':
		e.Size, err = parseCount(value, 63)
	case 'I':
		e.InstalledSize, err = parseCount(value, 63)
	case 't':
		e.BuildTime, err = parseCount(value, 63)
	case 'k':
		var n int64
		n, err = parseCount(value, 16) // apk keeps no more
		e.ProviderPriority = int(n)
	case 'D':
		if e.Depends, err = e.dependencies(e.Depends, value); err != nil {
			e.Uninstallable, err = err.Error(), nil
		}
	case 'p':
		e.provides(value)
	case 'i':
		// apk drops a rule that it cannot read, and with it what
		// earlier lines said.
		if e.InstallIf, err = e.dependencies(e.InstallIf, value); err != nil {
			e.InstallIf, err = e.InstallIf[:0], nil
		}
	case 'F', 'M', 'R', 'Z':
	default:
		e.text(field, value)
	}
	return err
}

// text takes the fields that mean nothing to apk itself.
func (e *entry) text(field byte, value string) {
	switch field {
	case 'T':
		e.Description = value
	case 'U':
		e.URL = value
	case 'L':
		e.License = value
	case 'o':
		e.Origin = value
	case 'm':
		e.Maintainer = value
	case 'c':
		e.Commit = value
	default:
		if !isLower(field) && e.Uninstallable == "" {
			e.Uninstallable = fmt.Sprintf("its index entry has the unknown field %q", field)
		}
	}
}

// dependencies appends those of a line to list. As apk does it keeps one whose
// version is malformed and drops everything after one that it cannot read at
// all; it reports either.
func (e *entry) dependencies(list []Dependency, line string) ([]Dependency, error) {
	var fault error
	for line != "" {
		var word string
		word, line, _ = strings.Cut(line, " ")
		if word == "" {
			continue
		}
		d, err := parseDependency(word)
		if err == nil && strings.IndexByte(d.Name, '@') >= 0 {
			err = errDependencySyntax // a tag is for worlds only
		}
		if err != nil && fault == nil {
			fault = fmt.Errorf("its dependency %q is %w", abridge(word), err)
			if errors.Is(err, errDependencyVersion) {
				fault = fmt.Errorf("its dependency %q has %q, which is %w", abridge(word), abridge(d.Version), err)
			}
		}
		if errors.Is(err, errDependencySyntax) {
			return list, fault
		}
		e.names = append(e.names, d.Name)
		list = append(list, d)
	}
	return list, fault
}

// provides takes a line of provides: names with or without a version. apk
// looks at no operator here and keeps versions as they are.
func (e *entry) provides(line string) {
	n := len(e.Provides)
	e.Provides, _ = e.dependencies(e.Provides, line)
	for i := n; i < len(e.Provides); i++ {
		p := &e.Provides[i]
		p.Op, p.Not = OpNone, false
		if p.Version != "" {
			p.Op = OpEqual
		}
	}
}

// complete reports what a package cannot be without.
func (e *entry) complete() error {
	switch {
	case e.Name == "":
		return errors.New("a package without a name (field P)")
	case e.Version == "":
		return fmt.Errorf("package %s without a version (field V)", e.Name)
	case e.Checksum.IsZero():
		return fmt.Errorf("package %s without a checksum (field C)", e.Package.String())
	}
	return nil
}

// checkName reports whether a package may be called s (apk-package(5)).
func checkName(s string) error {
	if s == "" {
		return errors.New("the name is empty")
	}
	for i := range len(s) {
		if !isNameByte(s[i]) {
			return fmt.Errorf("%q is not a package name", abridge(s))
		}
	}
	if s[0] == '.' || s[0] == '-' {
		return fmt.Errorf("%q is not a package name", abridge(s))
	}
	return nil
}

func isNameByte(c byte) bool {
	return isDigit(c) || isLower(c) || 'A' <= c && c <= 'Z' || c == '.' || c == '_' || c == '+' || c == '-'
}

// checkFileNamePart refuses versions and architectures that could lead out of
// the folder of the package file that is named after them.
func checkFileNamePart(s string) error {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '/' || c == '\\' {
			return fmt.Errorf("%q cannot be part of a file name", abridge(s))
		}
	}
	if s == "" || strings.Trim(s, ".") == "" {
		return fmt.Errorf("%q cannot be part of a file name", s)
	}
	return nil
}

// parseCount reads a decimal number below 2^bits.
func parseCount(s string, bits int) (int64, error) {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil || s[0] == '+' {
		return 0, fmt.Errorf("%q is not a number below 2^%d", abridge(s), bits)
	}
	return int64(n), nil
}

// abridge shortens untrusted text for a message.
func abridge(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
