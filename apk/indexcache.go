package apk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
)

// An index has a second form, for a cache: its table as it is used, then the
// text of the packages. Opening it reads and checks only the table; a package's
// lines are read when they are asked for. The form is
//
//	cacheMagic                     which changes with the form
//	CRC-32C of what follows, up to the text
//	length of each section         32 bits each, and of the text
//	the sections                   in the order of sections
//	the text
//
// with all numbers little-endian. Each package's part of the text has a CRC-32C
// in the table. Sums find damage, not forgery: whoever keeps this form must
// keep it where only the user writes, and by the digest of the signed index.
const cacheMagic = "mkimage APKINDEX 1\n"

// ErrDamaged says that a cached index is not what was written. The signed
// index has to be read again.
var ErrDamaged = errors.New("the cached index is damaged")

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// sections returns the parts of a table in the order in which a file has them.
func (t *Table) sections() []*[]byte {
	return []*[]byte{
		(*[]byte)(&t.names.starts), &t.names.text, (*[]byte)(&t.hashes), (*[]byte)(&t.slots),
		(*[]byte)(&t.versions.starts), &t.versions.text,
		(*[]byte)(&t.packages), &t.checksums, (*[]byte)(&t.links),
		(*[]byte)(&t.providers.starts), (*[]byte)(&t.providers.items),
		(*[]byte)(&t.dependers.starts), (*[]byte)(&t.dependers.items),
		(*[]byte)(&t.reactors.starts), (*[]byte)(&t.reactors.items),
	}
}

// Encode writes the form that OpenIndex reads.
func (x *Index) Encode(w io.Writer) error {
	description := []byte(x.description)
	sections := append(x.table.sections(), &description)
	size := x.table.textSize()
	var lengths words
	for _, s := range sections {
		lengths.append(uint32(len(*s)))
	}
	lengths.append(size)
	sum := crc32.Checksum(lengths, castagnoli())
	for _, s := range sections {
		sum = crc32.Update(sum, castagnoli(), *s)
	}
	head := binary.LittleEndian.AppendUint32([]byte(cacheMagic), sum)
	if _, err := w.Write(append(head, lengths...)); err != nil {
		return err
	}
	for _, s := range sections {
		if _, err := w.Write(*s); err != nil {
			return err
		}
	}
	_, err := io.Copy(w, io.NewSectionReader(x.text, 0, int64(size)))
	return err
}

// OpenIndex reads what Encode wrote, of size bytes. It keeps r for reading
// packages later. The error is that of reading, or ErrDamaged with what is
// wrong.
func OpenIndex(r io.ReaderAt, size int64) (*Index, error) {
	x := &Index{table: &Table{}}
	x.table.providers.width, x.table.dependers.width, x.table.reactors.width = 2, 1, 1
	var description []byte
	sections := append(x.table.sections(), &description)
	head := make([]byte, len(cacheMagic)+4*(1+len(sections)+1))
	if int64(len(head)) > size {
		return nil, fmt.Errorf("%w: it is cut short", ErrDamaged)
	}
	if _, err := r.ReadAt(head, 0); err != nil {
		return nil, err
	}
	if string(head[:len(cacheMagic)]) != cacheMagic {
		return nil, fmt.Errorf("%w: it is of another form", ErrDamaged)
	}
	lengths := words(head[len(cacheMagic)+4:])
	start := int64(len(head))
	end := start
	for i := range sections {
		end += int64(lengths.at(i))
	}
	text := int64(lengths.at(len(sections)))
	if end+text != size {
		return nil, fmt.Errorf("%w: it has %d bytes and not %d", ErrDamaged, size, end+text)
	}
	table := make([]byte, end-start)
	if _, err := r.ReadAt(table, start); err != nil {
		return nil, err
	}
	sum := crc32.Update(crc32.Checksum(lengths, castagnoli()), castagnoli(), table)
	if sum != binary.LittleEndian.Uint32(head[len(cacheMagic):]) {
		return nil, fmt.Errorf("%w: its sum is another", ErrDamaged)
	}
	for i, s := range sections {
		n := lengths.at(i)
		*s, table = table[:n:n], table[n:]
	}
	if !x.table.valid(uint32(text)) {
		return nil, fmt.Errorf("%w: it contradicts itself", ErrDamaged)
	}
	x.description = string(description)
	x.text = io.NewSectionReader(r, end, text)
	return x, nil
}

// entry returns where a package's part of the text starts and ends.
func (t *Table) entry(p int) (start, end uint32) {
	return t.packages.at(p*packageWords + wordEntry), t.packages.at((p+1)*packageWords + wordEntry)
}

// textSize returns the length of the index's text.
func (t *Table) textSize() uint32 {
	return t.packages.at(t.NumPackages()*packageWords + wordEntry)
}

// valid reports whether every number of the table is within what it counts,
// so that no use of the table can go astray.
func (t *Table) valid(text uint32) bool {
	names, packages := t.hashes.len(), t.packages.len()/packageWords-1
	versions := t.versions.starts.len() - 1
	links := t.links.len() / 2
	return packages >= 0 && versions >= 1 &&
		len(t.hashes)%4 == 0 && len(t.packages)%(4*packageWords) == 0 && len(t.links)%8 == 0 &&
		len(t.checksums) == packages*len(Checksum{}) &&
		t.names.starts.ascend(names, len(t.names.text)) &&
		t.versions.starts.ascend(versions, len(t.versions.text)) &&
		t.validSlots(names) &&
		t.validPackages(names, versions, links, text) &&
		pairsBelow(t.links, names, versions<<linkVersionShift) &&
		t.providers.valid(names, packages, versions) &&
		t.dependers.valid(names, packages, 0) &&
		t.reactors.valid(names, packages, 0)
}

// validSlots checks that a search among the slots comes to an end.
func (t *Table) validSlots(names int) bool {
	n := t.slots.len()
	if len(t.slots)%4 != 0 || bits.OnesCount(uint(n)) != 1 {
		return false
	}
	free := false
	for i := range n {
		slot := t.slots.at(i)
		free = free || slot == 0
		if int(slot) > names {
			return false
		}
	}
	return free
}

func (t *Table) validPackages(names, versions, links int, text uint32) bool {
	n := t.NumPackages()
	entry, link := uint32(0), uint32(0)
	for p := range n + 1 {
		w := t.packages.slice(p*packageWords, packageWords)
		if p < n && (int(w.at(wordName)) >= names || int(w.at(wordVersion)) >= versions || int(w.at(wordArch)) >= versions) {
			return false
		}
		if w.at(wordEntry) < entry {
			return false
		}
		entry = w.at(wordEntry)
		for i := wordDepends; i <= wordInstallIf; i++ {
			if w.at(i) < link {
				return false
			}
			link = w.at(i)
		}
	}
	return entry == text && int(link) == links
}

func (l *lists) valid(names, packages, versions int) bool {
	if len(l.items)%(4*l.width) != 0 || !l.starts.ascend(names, l.items.len()/l.width) {
		return false
	}
	if l.width == 2 {
		return pairsBelow(l.items, packages, versions)
	}
	for i := range l.items.len() {
		if int(l.items.at(i)) >= packages {
			return false
		}
	}
	return true
}

// ascend reports whether w has the starts of n things end to end, and end.
func (w words) ascend(n, end int) bool {
	if n < 0 || len(w) != 4*(n+1) || w.at(0) != 0 || int(w.at(n)) != end {
		return false
	}
	for i := range n {
		if w.at(i) > w.at(i+1) {
			return false
		}
	}
	return true
}

// pairsBelow reports whether all first and second numbers are below a limit.
func pairsBelow(w words, first, second int) bool {
	for i := 0; i < w.len(); i += 2 {
		if int(w.at(i)) >= first || int(w.at(i+1)) >= second {
			return false
		}
	}
	return true
}
