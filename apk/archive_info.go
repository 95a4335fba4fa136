package apk

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Info is the content of a package's .PKGINFO (apk-package(5), the fields'
// second names).
type Info struct {
	// Package holds what an index repeats, read by the rules for an index;
	// Checksum and Size are zero.
	Package
	Packager         string
	DataHash         [sha256.Size]byte // of the compressed data section
	Replaces         []Dependency      // whose files this package may replace
	ReplacesPriority int               // decides between two that replace each other
	Triggers         []string          // patterns of directories, as written
}

// ParseInfo reads a .PKGINFO: lines "key = value" and comments that start with
// "#". It is strict: any other line, a single-valued key given twice, a value
// that is not of its key's form and the absence of pkgname, pkgver or datahash
// are errors, which name the line. Keys that are not known are passed over,
// since packagers add their own.
func ParseInfo(file []byte) (*Info, error) {
	p := infoParser{seen: map[string]bool{}}
	n := 0
	for line := range bytes.Lines(file) {
		n++
		if err := p.line(strings.TrimSuffix(string(line), "\n")); err != nil {
			return nil, fmt.Errorf(".PKGINFO:%d: %w", n, err)
		}
	}
	for _, key := range []string{"pkgname", "pkgver", "datahash"} {
		if !p.seen[key] {
			return nil, fmt.Errorf(".PKGINFO has no %s", key)
		}
	}
	p.info.Package = p.entry.Package
	return &p.info, nil
}

type infoParser struct {
	info  Info
	entry entry // what an index repeats
	seen  map[string]bool
}

func (p *infoParser) line(line string) error {
	if line == "" || line[0] == '#' {
		return nil
	}
	key, value, ok := strings.Cut(line, " =")
	if !ok || value != "" && value[0] != ' ' {
		return fmt.Errorf("%q is not of the form key = value", abridge(line))
	}
	value = strings.TrimPrefix(value, " ")
	if i := strings.IndexFunc(value, isControlRune); i >= 0 {
		return fmt.Errorf("%s has the control character %q", key, value[i])
	}
	if p.seen[key] && isSingle(key) {
		return fmt.Errorf("%s is given twice", key)
	}
	p.seen[key] = true
	if err := p.field(key, value); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// isControlRune is true for what cannot be part of a line of apk's database;
// tabs occur in descriptions.
func isControlRune(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

func (p *infoParser) field(key, value string) (err error) {
	switch key {
	case "packager":
		p.info.Packager = value
	case "replaces":
		p.info.Replaces, err = p.entry.dependencies(p.info.Replaces, value)
	case "replaces_priority":
		var n int64
		n, err = parseCount(value, 16) // apk keeps no more
		p.info.ReplacesPriority = int(n)
	case "triggers":
		p.info.Triggers = strings.Fields(value)
	case "datahash":
		sum, err := hex.DecodeString(value)
		if err != nil || len(sum) != len(p.info.DataHash) {
			return errors.New("it is not a SHA-256 in hexadecimal")
		}
		copy(p.info.DataHash[:], sum)
	default:
		if letter := indexField(key); letter != 0 {
			return p.entry.field(letter, value)
		}
	}
	return err
}

// isSingle reports whether a key can be given once only; the lines of the
// others add up.
func isSingle(key string) bool {
	switch key {
	case "depend", "provides", "install_if", "replaces":
		return false
	case "packager", "replaces_priority", "triggers", "datahash":
		return true
	}
	return indexField(key) != 0
}

// indexField returns the letter by which an index calls a key of .PKGINFO, 0
// where an index does not have it.
func indexField(key string) byte {
	switch key {
	case "pkgname":
		return 'P'
	case "pkgver":
		return 'V'
	case "pkgdesc":
		return 'T'
	case "url":
		return 'U'
	case "size":
		return 'I'
	case "license":
		return 'L'
	case "arch":
		return 'A'
	case "depend":
		return 'D'
	case "install_if":
		return 'i'
	case "provides":
		return 'p'
	case "origin":
		return 'o'
	case "maintainer":
		return 'm'
	case "builddate":
		return 't'
	case "commit":
		return 'c'
	case "provider_priority":
		return 'k'
	}
	return 0
}
