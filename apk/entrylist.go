package apk

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A list of entries has a form for a cache: entryListMagic, the number of
// entries, each entry's fields in the order of Entry, and the CRC-32C of all
// that, in little-endian order. Numbers are varints (package encoding/binary),
// signed where the field is, and strings follow their length. The sum finds
// damage, not forgery.
const entryListMagic = "mkimage entries 1\n"

// EncodeEntries returns the form that DecodeEntries reads.
func EncodeEntries(entries []Entry) []byte {
	b := binary.AppendUvarint([]byte(entryListMagic), uint64(len(entries)))
	text := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	for i := range entries {
		e := &entries[i]
		b = binary.AppendUvarint(b, uint64(e.Index))
		text(e.Name)
		b = append(b, byte(e.Kind))
		b = binary.AppendUvarint(b, uint64(e.Mode))
		b = binary.AppendVarint(b, int64(e.UID))
		b = binary.AppendVarint(b, int64(e.GID))
		text(e.User)
		text(e.Group)
		b = binary.AppendVarint(b, e.ModTime)
		b = binary.AppendVarint(b, e.Size)
		text(e.Target)
		b = append(b, e.Checksum[:]...)
		b = binary.AppendVarint(b, e.Major)
		b = binary.AppendVarint(b, e.Minor)
		b = binary.AppendUvarint(b, uint64(len(e.Xattrs)))
		for _, x := range e.Xattrs {
			text(x.Name)
			text(x.Value)
		}
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli()))
}

var errEntryList = errors.New("it is not a list of entries, or damaged")

// DecodeEntries reads what EncodeEntries wrote. The error is a fragment to put
// after the name of what was read.
func DecodeEntries(b []byte) ([]Entry, error) {
	if len(b) < len(entryListMagic)+crc32.Size || string(b[:len(entryListMagic)]) != entryListMagic {
		return nil, errEntryList
	}
	b, sum := b[:len(b)-crc32.Size], b[len(b)-crc32.Size:]
	if binary.LittleEndian.Uint32(sum) != crc32.Checksum(b, castagnoli()) {
		return nil, errEntryList
	}
	d := entryDecoder{rest: b[len(entryListMagic):]}
	n := d.unsigned()
	const leastEntry = 1 // byte, that n cannot make more room than there is
	if n > maxEntries || n*leastEntry > uint64(len(d.rest)) {
		return nil, errEntryList
	}
	entries := make([]Entry, n)
	for i := range entries {
		d.entry(&entries[i])
	}
	if d.failed || len(d.rest) > 0 {
		return nil, errEntryList
	}
	return entries, nil
}

// entryDecoder takes fields off the front of rest.
type entryDecoder struct {
	rest   []byte
	failed bool
}

func (d *entryDecoder) entry(e *Entry) {
	e.Index = int(d.unsigned())
	e.Name = d.text()
	e.Kind = EntryKind(d.bytes(1)[0])
	e.Mode = uint32(d.unsigned())
	e.UID, e.GID = int(d.signed()), int(d.signed())
	e.User, e.Group = d.text(), d.text()
	e.ModTime, e.Size = d.signed(), d.signed()
	e.Target = d.text()
	e.Checksum = Checksum(d.bytes(len(e.Checksum)))
	e.Major, e.Minor = d.signed(), d.signed()
	for n := d.unsigned(); n > 0 && !d.failed; n-- {
		e.Xattrs = append(e.Xattrs, Xattr{Name: d.text(), Value: d.text()})
	}
}

func (d *entryDecoder) unsigned() uint64 {
	v, n := binary.Uvarint(d.rest)
	d.advance(n)
	return v
}

func (d *entryDecoder) signed() int64 {
	v, n := binary.Varint(d.rest)
	d.advance(n)
	return v
}

func (d *entryDecoder) text() string {
	n := d.unsigned()
	if n > uint64(len(d.rest)) {
		d.failed = true
		return ""
	}
	return string(d.bytes(int(n)))
}

// bytes returns n bytes, zeros where there are not so many.
func (d *entryDecoder) bytes(n int) []byte {
	if n > len(d.rest) {
		d.failed = true
		return make([]byte, n)
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *entryDecoder) advance(n int) {
	if n <= 0 {
		d.failed, n = true, 0
	}
	d.rest = d.rest[n:]
}
