package apk

import (
	"encoding/binary"
	"math/bits"
)

// Table is what choosing needs to know of an index: which names there are,
// which packages provide them and what these require. Everything is a number,
// so that it can be kept in a file and used from there without decoding.
//
// Names are numbered in the order in which apk first meets them while it
// reads the index, packages in the order of the index; versions and
// architectures share a third numbering, in which 0 is the empty string. A
// number out of range panics: those that the methods give are in range.
//
// A Table is immutable and safe for concurrent use.
type Table struct {
	names     strings32
	hashes    words // of each name, see NameHash
	slots     words // open-addressed by hash: a name's number plus one, or 0
	versions  strings32
	packages  words // packageWords of each, and those of a sentinel
	checksums []byte
	links     words // two words of each
	providers lists // by name: package and version provided
	dependers lists // by name: packages with the name in Depends
	reactors  lists // by name: packages with the name in InstallIf
}

// Provider is one way to have a name: the package itself or its provide.
type Provider struct {
	Package uint32
	Version uint32 // of the name, not the package; 0 is unversioned
}

// Link is a Dependency by numbers.
type Link struct {
	Name    uint32
	Version uint32
	Op      Op
	Not     bool
}

// Record is a package by numbers.
type Record struct {
	Name             uint32
	Version          uint32
	Arch             uint32 // 0 if the index does not say
	ProviderPriority int
	Uninstallable    bool
	Empty            bool // installed size 0
}

// The words of a package.
const (
	wordName = iota
	wordVersion
	wordArch
	wordFlags    // and the provider priority from bit 16
	wordEntry    // offset of its lines in the index's text
	wordDepends  // number of its first link; its provides and
	wordProvides // install_if follow
	wordInstallIf
	wordSum // CRC-32C of its part of the index's text
	packageWords
)

const (
	flagUninstallable = 1 << iota
	flagEmpty
)

// A link's second word: operator, Not and version.
const (
	linkNot          = 1 << 4
	linkVersionShift = 5
	maxVersions      = 1 << (32 - linkVersionShift)
)

// NumNames and NumPackages return how many there are.
func (t *Table) NumNames() int    { return t.hashes.len() }
func (t *Table) NumPackages() int { return t.packages.len()/packageWords - 1 }

// Name returns the name of that number.
func (t *Table) Name(n uint32) string { return string(t.names.at(n)) }

// Version returns the version or architecture of that number.
func (t *Table) Version(n uint32) string { return string(t.versions.at(n)) }

// NameHash returns NameHash of the name of that number.
func (t *Table) NameHash(n uint32) uint32 { return t.hashes.at(int(n)) }

// LookupName returns the number of a name whose NameHash is hash.
func (t *Table) LookupName(name []byte, hash uint32) (uint32, bool) {
	mask := uint32(t.slots.len() - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		n := t.slots.at(int(i))
		if n == 0 {
			return 0, false
		}
		if t.hashes.at(int(n-1)) == hash && string(t.names.at(n-1)) == string(name) {
			return n - 1, true
		}
	}
}

// NameBytes returns the name of that number, which must not be changed.
func (t *Table) NameBytes(n uint32) []byte { return t.names.at(n) }

// Package returns the package of that number.
func (t *Table) Package(p uint32) Record {
	w := t.packages.slice(int(p)*packageWords, packageWords)
	flags := w.at(wordFlags)
	return Record{
		Name:             w.at(wordName),
		Version:          w.at(wordVersion),
		Arch:             w.at(wordArch),
		ProviderPriority: int(flags >> 16),
		Uninstallable:    flags&flagUninstallable != 0,
		Empty:            flags&flagEmpty != 0,
	}
}

// PackageName returns only the number of the package's name.
func (t *Table) PackageName(p uint32) uint32 {
	return t.packages.at(int(p)*packageWords + wordName)
}

// Checksum returns the package's checksum.
func (t *Table) Checksum(p uint32) Checksum {
	return Checksum(t.checksums[int(p)*len(Checksum{}):])
}

// Depends, Provides and InstallIf return those of a package, in index order.
func (t *Table) Depends(p uint32) Links  { return t.linksOf(p, wordDepends, wordProvides) }
func (t *Table) Provides(p uint32) Links { return t.linksOf(p, wordProvides, wordInstallIf) }
func (t *Table) InstallIf(p uint32) Links {
	return t.linksOf(p, wordInstallIf, packageWords+wordDepends)
}

func (t *Table) linksOf(p uint32, from, to int) Links {
	w := int(p) * packageWords
	a, b := t.packages.at(w+from), t.packages.at(w+to)
	return Links{t.links.slice(int(a)*2, int(b-a)*2)}
}

// Providers returns what provides a name, in index order; a package itself
// comes before its provides.
func (t *Table) Providers(name uint32) Providers { return Providers{t.providers.at(name)} }

// Dependers returns the packages that have the name in Depends, InstallIfs
// those that have it in InstallIf; each once, in index order.
func (t *Table) Dependers(name uint32) Packages  { return Packages{t.dependers.at(name)} }
func (t *Table) InstallIfs(name uint32) Packages { return Packages{t.reactors.at(name)} }

// Links is a list of links.
type Links struct{ w words }

// Len returns the length of the list.
func (l Links) Len() int { return l.w.len() / 2 }

// Name returns the name of link i alone.
func (l Links) Name(i int) uint32 { return l.w.at(2 * i) }

// At returns link i.
func (l Links) At(i int) Link {
	c := l.w.at(2*i + 1)
	return Link{
		Name:    l.w.at(2 * i),
		Version: c >> linkVersionShift,
		Op:      Op(c & (linkNot - 1)),
		Not:     c&linkNot != 0,
	}
}

// Providers is a list of providers.
type Providers struct{ w words }

// Len returns the length of the list.
func (l Providers) Len() int { return l.w.len() / 2 }

// At returns provider i.
func (l Providers) At(i int) Provider { return Provider{l.w.at(2 * i), l.w.at(2*i + 1)} }

// Packages is a list of packages.
type Packages struct{ w words }

// Len returns the length of the list.
func (l Packages) Len() int { return l.w.len() }

// At returns the number of package i.
func (l Packages) At(i int) uint32 { return l.w.at(i) }

// words are 32-bit numbers in little-endian order.
type words []byte

func (w words) len() int             { return len(w) / 4 }
func (w words) at(i int) uint32      { return binary.LittleEndian.Uint32(w[4*i:]) }
func (w words) slice(i, n int) words { return w[4*i : 4*(i+n)] }
func (w *words) append(n ...uint32) {
	for _, n := range n {
		*w = binary.LittleEndian.AppendUint32(*w, n)
	}
}

// lists are numbered lists of words, end to end; starts has one more element
// than there are lists. width is the number of words of an element.
type lists struct {
	starts, items words
	width         int
}

func (l *lists) at(i uint32) words {
	a, b := l.starts.at(int(i)), l.starts.at(int(i)+1)
	return l.items.slice(int(a)*l.width, int(b-a)*l.width)
}

// strings32 are numbered strings, end to end.
type strings32 struct {
	starts words
	text   []byte
}

func (s *strings32) at(i uint32) []byte {
	return s.text[s.starts.at(int(i)):s.starts.at(int(i)+1)]
}

// NameHash returns apk's hash of a name: MurmurHash3 (x86, 32 bit) with the
// seed 5381. The order in which apk installs packages follows from it.
func NameHash[T string | []byte](s T) uint32 {
	const c1, c2, seed = 0xcc9e2d51, 0x1b873593, 5381
	h := uint32(seed)
	i := 0
	for ; i+4 <= len(s); i += 4 {
		k := uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
		h ^= bits.RotateLeft32(k*c1, 15) * c2
		h = bits.RotateLeft32(h, 13)*5 + 0xe6546b64
	}
	var k uint32
	for j := len(s) - 1; j >= i; j-- {
		k = k<<8 | uint32(s[j])
	}
	h ^= bits.RotateLeft32(k*c1, 15) * c2
	h ^= uint32(len(s))
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}
