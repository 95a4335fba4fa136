package apk

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"strings"
)

// Index is a repository's index, as its APKINDEX describes it (apk-v2(5),
// apk-package(5)). It is immutable and safe for concurrent use.
type Index struct {
	description string
	text        io.ReaderAt // the packages' lines
	table       *Table
}

// Description returns the index's DESCRIPTION, such as "v3.19.1-643-gec825d20535".
func (x *Index) Description() string { return x.description }

// Table returns the index's packages in the form for choosing among them.
func (x *Index) Table() *Table { return x.table }

// Len returns the number of packages.
func (x *Index) Len() int { return x.table.NumPackages() }

// Package returns package number i, from 0. Of an index that was opened by
// OpenIndex it reads the package's lines first; the error is then that of
// reading, or ErrDamaged.
func (x *Index) Package(i int) (*Package, error) {
	start, end := x.table.entry(i)
	lines := make([]byte, end-start)
	if _, err := x.text.ReadAt(lines, int64(start)); err != nil {
		return nil, err
	}
	if crc32.Checksum(lines, castagnoli()) != x.table.packages.at(i*packageWords+wordSum) {
		return nil, ErrDamaged
	}
	var e entry
	for rest := string(lines); ; {
		line, tail, ok := strings.Cut(rest, "\n")
		if !ok || line == "" {
			return &e.Package, e.complete()
		}
		if err := e.line(line); err != nil {
			return nil, fmt.Errorf("%w: package %d: %w", ErrDamaged, i, err)
		}
		rest = tail
	}
}

// All iterates over the packages in the order of the index, up to the first
// error as Package has it.
func (x *Index) All() iter.Seq2[*Package, error] {
	return func(yield func(*Package, error) bool) {
		for i := range x.Len() {
			if p, err := x.Package(i); !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// ParseIndex reads the text of an APKINDEX: for each package lines of a
// letter, a colon and a value, and an empty line after them. It keeps text.
// Errors name the line and are fragments to put after the index's name.
//
// Refused are lines of another form, values that are not what the field's are,
// a single-valued field given twice, packages without name, version or
// checksum, and packages of one name and version with different checksums or
// of one checksum with different names.
func ParseIndex(text []byte) (*Index, error) {
	b := newTableBuilder(len(text))
	var e entry
	err := eachEntry(text, &e, func(offset int) error {
		if err := e.complete(); err != nil {
			return err
		}
		return b.add(&e, offset)
	})
	if err != nil {
		return nil, err
	}
	return &Index{text: bytes.NewReader(text), table: b.table(text)}, nil
}

// eachEntry reads the packages of an APKINDEX into e, one after the other, and
// calls do with the offset of each.
func eachEntry(text []byte, e *entry, do func(offset int) error) error {
	number := 1
	for pos := 0; pos < len(text); {
		if text[pos] == '\n' {
			pos++
			number++
			continue
		}
		n := bytes.Index(text[pos:], []byte("\n\n"))
		if n < 0 {
			return fmt.Errorf("line %d: the package has no empty line after it, the index is cut short", number)
		}
		e.reset()
		first := number
		for rest := string(text[pos : pos+n]); rest != ""; number++ {
			var line string
			line, rest, _ = strings.Cut(rest, "\n")
			if len(line) > maxIndexLine {
				return fmt.Errorf("line %d: it is longer than %d bytes", number, maxIndexLine)
			}
			if err := e.line(line); err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
		}
		if err := do(pos); err != nil {
			return fmt.Errorf("line %d: %w", first, err)
		}
		pos += n + 1
	}
	return nil
}
