package binary

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
)

// Sections are not needed to run a program, so those of stripped programs may
// be gone; caps for the rest.
const (
	maxSections   = 1 << 12
	maxAttributes = 1 << 16
)

// shtARMAttributes is the type of the section .ARM.attributes.
const shtARMAttributes elf.SectionType = 0x70000003

// armArch returns the architecture's version that an ARM program's build
// attributes ask for, 0 where there are none or they make no sense: they are
// a help, and Go writes none.
func (e *elfReader) armArch(h elf.Header64) int {
	if e.wide || h.Shnum > maxSections || int(h.Shentsize) != binary.Size(elf.Section32{}) {
		return 0
	}
	_, sections, err := table[elf.Section64, elf.Section32](e, h.Shoff, uint64(h.Shnum))
	if err != nil {
		return 0
	}
	for _, s := range sections {
		if elf.SectionType(s.Type) != shtARMAttributes || s.Size > maxAttributes {
			continue
		}
		if b, err := e.bytes(uint64(s.Off), uint64(s.Size)); err == nil {
			return armArchOf(b, e.order)
		}
	}
	return 0
}

// armArchOf reads Tag_CPU_arch of build attributes (Addenda to, and Errata in,
// the ABI for the Arm Architecture, "Build attributes"): a version, then
// sections of a vendor, then subsections, the first for the whole file.
func armArchOf(b []byte, order binary.ByteOrder) int {
	const header = 1 + 4 + len("aeabi\x00") + 1 + 4
	if len(b) < header || b[0] != 'A' || !bytes.HasPrefix(b[5:], []byte("aeabi\x00\x01")) {
		return 0
	}
	size := order.Uint32(b[header-4:]) // of the subsection with its own 5 bytes
	if size < 5 || uint64(size)-5 > uint64(len(b)-header) {
		return 0
	}
	for rest := b[header : header+int(size)-5]; len(rest) > 0; {
		tag, n := binary.Uvarint(rest)
		if n <= 0 {
			return 0
		}
		rest = rest[n:]
		// 4, 5 and odd ones from 33 are strings, 32 is a number and a string.
		number := tag == 32 || tag != 4 && tag != 5 && (tag < 32 || tag%2 == 0)
		if number {
			value, n := binary.Uvarint(rest)
			if n <= 0 {
				return 0
			}
			if tag == 6 {
				return armArchVersion(value)
			}
			rest = rest[n:]
		}
		if !number || tag == 32 {
			_, after, ok := bytes.Cut(rest, []byte{0})
			if !ok {
				return 0
			}
			rest = after
		}
	}
	return 0
}

// armArchVersion returns the version of a value of Tag_CPU_arch.
func armArchVersion(value uint64) int {
	switch {
	case value < 6:
		return 5
	case value <= 9, value == 11, value == 12:
		return 6
	case value == 10, value == 13:
		return 7
	case value <= 22:
		return 8
	}
	return 0
}
