package apk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"
)

// tableBuilder makes a Table of the packages that are added to it.
type tableBuilder struct {
	names, versions interner
	packages        words
	checksums       []byte
	links           words

	byChecksum map[Checksum]uint32
	byName     map[[2]uint32]bool // of the name's and version's numbers
}

// newTableBuilder returns a builder with room for what a text of that size
// usually describes.
func newTableBuilder(size int) *tableBuilder {
	b := &tableBuilder{
		packages:   make(words, 0, size/400*4*packageWords),
		links:      make(words, 0, size/60*8),
		byChecksum: make(map[Checksum]uint32, size/400),
		byName:     make(map[[2]uint32]bool, size/400),
	}
	b.names.slots = make(words, 4<<bits.Len(uint(size/100+128)))
	b.versions.slots = make(words, 4<<bits.Len(uint(size/400+128)))
	b.versions.intern("")
	return b
}

// add appends a package whose lines start at offset of the index's text. The
// very same package once more, by its checksum, adds nothing; one that shares
// only its name and version or only its checksum with an earlier one is refused.
func (b *tableBuilder) add(e *entry, offset int) error {
	for _, name := range e.names {
		b.names.intern(name)
	}
	name, version := b.names.intern(e.Name), b.versions.intern(e.Version)
	if p, ok := b.byChecksum[e.Checksum]; ok {
		w := b.packages.slice(int(p)*packageWords, packageWords)
		if w.at(wordName) != name || w.at(wordVersion) != version {
			return fmt.Errorf("package %s has the checksum of %s-%s", e.Package.String(),
				b.names.at(w.at(wordName)), b.versions.at(w.at(wordVersion)))
		}
		return nil
	}
	if b.byName[[2]uint32{name, version}] {
		return fmt.Errorf("package %s is there twice, with different checksums", e.Package.String())
	}
	b.byChecksum[e.Checksum] = uint32(b.packages.len() / packageWords)
	b.byName[[2]uint32{name, version}] = true
	flags := uint32(e.ProviderPriority) << 16
	if e.Uninstallable != "" {
		flags |= flagUninstallable
	}
	if e.InstalledSize == 0 {
		flags |= flagEmpty
	}
	if offset > math.MaxUint32 || b.links.len() > math.MaxInt32 || b.versions.len() >= maxVersions {
		return errors.New("the index is too large")
	}
	links := uint32(b.links.len() / 2)
	provides := links + uint32(len(e.Depends))
	installIf := provides + uint32(len(e.Provides))
	b.packages.append(name, version, b.versions.intern(e.Arch),
		flags, uint32(offset), links, provides, installIf, 0)
	b.checksums = append(b.checksums, e.Checksum[:]...)
	for _, list := range [][]Dependency{e.Depends, e.Provides, e.InstallIf} {
		for i := range list {
			b.link(&list[i])
		}
	}
	return nil
}

func (b *tableBuilder) link(d *Dependency) {
	c := uint32(d.Op) | b.versions.intern(d.Version)<<linkVersionShift
	if d.Not {
		c |= linkNot
	}
	b.links.append(b.names.intern(d.Name), c)
}

// table returns the finished table; text is the index's.
func (b *tableBuilder) table(text []byte) *Table {
	links := uint32(b.links.len() / 2)
	b.packages.append(0, 0, 0, 0, uint32(len(text)), links, links, links, 0)
	t := &Table{
		names:     b.names.strings(),
		versions:  b.versions.strings(),
		hashes:    b.names.hashes,
		slots:     b.names.slots,
		packages:  b.packages,
		checksums: b.checksums,
		links:     b.links,
	}
	for p := range t.NumPackages() {
		start, end := t.entry(p)
		sum := t.packages.slice(p*packageWords+wordSum, 1)
		binary.LittleEndian.PutUint32(sum, crc32.Checksum(text[start:end], castagnoli()))
	}
	t.providers = b.invert(t, 2, func(p uint32, add func(name, version uint32)) {
		add(t.PackageName(p), t.Package(p).Version)
		for i, l := 0, t.Provides(p); i < l.Len(); i++ {
			add(l.At(i).Name, l.At(i).Version)
		}
	})
	t.dependers = b.invert(t, 1, eachLink(t.Depends))
	t.reactors = b.invert(t, 1, eachLink(t.InstallIf))
	return t
}

func eachLink(links func(uint32) Links) func(uint32, func(name, version uint32)) {
	return func(p uint32, add func(name, version uint32)) {
		for i, l := 0, links(p); i < l.Len(); i++ {
			add(l.Name(i), 0)
		}
	}
}

// invert makes lists by name of packages, and of versions where width is 2,
// out of what each gives for every package. In a list without versions a
// package appears once.
func (b *tableBuilder) invert(t *Table, width int, each func(p uint32, add func(name, version uint32))) lists {
	names, packages := t.NumNames(), uint32(t.NumPackages())
	next := make([]uint32, names+1)
	last := make([]uint32, names) // package added last, plus one
	fresh := func(name, p uint32) bool {
		if width == 1 && last[name] == p+1 {
			return false
		}
		last[name] = p + 1
		return true
	}
	for p := range packages {
		each(p, func(name, _ uint32) {
			if fresh(name, p) {
				next[name+1]++
			}
		})
	}
	out := lists{width: width, starts: make(words, 0, 4*(names+1))}
	for i := range next {
		if i > 0 {
			next[i] += next[i-1]
		}
		out.starts.append(next[i])
	}
	clear(last)
	out.items = make(words, 4*width*int(next[names]))
	for p := range packages {
		each(p, func(name, version uint32) {
			if !fresh(name, p) {
				return
			}
			item := out.items.slice(int(next[name])*width, width)
			next[name]++
			binary.LittleEndian.PutUint32(item, p)
			if width == 2 {
				binary.LittleEndian.PutUint32(item[4:], version)
			}
		})
	}
	return out
}

// interner numbers strings in the order in which they first come.
type interner struct {
	text   []byte
	starts words
	hashes words
	slots  words // a power of two of them, at most half in use
}

func (n *interner) len() int { return n.hashes.len() }

// intern returns the number of s.
func (n *interner) intern(s string) uint32 {
	if 2*n.len() >= n.slots.len() {
		n.grow()
	}
	hash := NameHash(s)
	mask := uint32(n.slots.len() - 1)
	i := hash & mask
	for ; ; i = (i + 1) & mask {
		number := n.slots.at(int(i))
		if number == 0 {
			break
		}
		if number--; n.hashes.at(int(number)) == hash && string(n.at(number)) == s {
			return number
		}
	}
	number := uint32(n.len())
	n.starts.append(uint32(len(n.text)))
	n.text = append(n.text, s...)
	n.hashes.append(hash)
	binary.LittleEndian.PutUint32(n.slots[4*i:], number+1)
	return number
}

func (n *interner) at(i uint32) []byte {
	end := len(n.text)
	if int(i)+1 < n.starts.len() {
		end = int(n.starts.at(int(i) + 1))
	}
	return n.text[n.starts.at(int(i)):end]
}

func (n *interner) grow() {
	n.slots = make(words, max(256, 2*len(n.slots)))
	mask := uint32(n.slots.len() - 1)
	for number := range uint32(n.len()) {
		i := n.hashes.at(int(number)) & mask
		for n.slots.at(int(i)) != 0 {
			i = (i + 1) & mask
		}
		binary.LittleEndian.PutUint32(n.slots[4*i:], number+1)
	}
}

// strings returns what was interned.
func (n *interner) strings() strings32 {
	n.starts.append(uint32(len(n.text)))
	return strings32{n.starts, n.text}
}
