package binary_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"strings"
)

// elfFile describes an ELF program for tests; the zero value with a machine
// is a static one.
type elfFile struct {
	class   elf.Class // default 64 bits
	data    elf.Data  // default little-endian
	osabi   elf.OSABI
	kind    elf.Type // default ET_EXEC
	machine elf.Machine
	entry   uint64 // default inside the segment

	interp  string
	needed  []string
	runpath string
	rpath   string
	soname  string
	pie     bool
	arm     byte // Tag_CPU_arch, if not 0
}

// amd64 is what the host's platform in tests runs.
func amd64() elfFile { return elfFile{machine: elf.EM_X86_64} }

const (
	elfBase    = 0x400000
	elfHeaders = 512 // room for all headers
)

// bytes lays the file out: headers, interpreter, string table, dynamic
// section, build attributes, section headers. One segment loads all of it.
func (f elfFile) bytes() []byte {
	if f.class == 0 {
		f.class = elf.ELFCLASS64
	}
	if f.data == 0 {
		f.data = elf.ELFDATA2LSB
	}
	if f.kind == 0 {
		f.kind = elf.ET_EXEC
	}
	if f.entry == 0 {
		f.entry = elfBase + elfHeaders
	}
	body := &bytes.Buffer{}
	place := func(b []byte) (off, size uint64) {
		off = elfHeaders + uint64(body.Len())
		body.Write(b)
		return off, uint64(len(b))
	}
	var progs []elf.Prog64
	if f.interp != "" {
		off, size := place([]byte(f.interp + "\x00"))
		progs = append(progs, elf.Prog64{Type: uint32(elf.PT_INTERP), Off: off, Filesz: size})
	}
	if dynamic := f.dynamic(place); dynamic != nil {
		off, size := place(dynamic)
		progs = append(progs, elf.Prog64{Type: uint32(elf.PT_DYNAMIC), Off: off, Vaddr: elfBase + off, Filesz: size})
	}
	sections := f.attributes(place)
	progs = append(progs, elf.Prog64{
		Type: uint32(elf.PT_LOAD), Vaddr: elfBase, Filesz: elfHeaders + uint64(body.Len()), Memsz: 1 << 20,
	})
	shoff, _ := place(nil)
	head := f.encode(f.header(len(progs), shoff, len(sections)))
	for _, p := range progs {
		head = append(head, f.encode(f.prog(p))...)
	}
	out := append(head, make([]byte, elfHeaders-len(head))...)
	out = append(out, body.Bytes()...)
	for _, s := range sections {
		out = append(out, f.encode(s)...)
	}
	return out
}

func (f elfFile) wide() bool { return f.class == elf.ELFCLASS64 }

func (f elfFile) encode(v any) []byte {
	var order binary.ByteOrder = binary.LittleEndian
	if f.data == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	b := &bytes.Buffer{}
	if err := binary.Write(b, order, v); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func (f elfFile) header(progs int, shoff uint64, sections int) any {
	ident := [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(f.class), byte(f.data), 1, byte(f.osabi)}
	if f.wide() {
		return elf.Header64{Ident: ident, Type: uint16(f.kind), Machine: uint16(f.machine), Entry: f.entry,
			Phoff: 64, Phentsize: 56, Phnum: uint16(progs), Shoff: shoff, Shentsize: 64, Shnum: uint16(sections)}
	}
	return elf.Header32{Ident: ident, Type: uint16(f.kind), Machine: uint16(f.machine), Entry: uint32(f.entry),
		Phoff: 52, Phentsize: 32, Phnum: uint16(progs), Shoff: uint32(shoff), Shentsize: 40, Shnum: uint16(sections)}
}

func (f elfFile) prog(p elf.Prog64) any {
	if f.wide() {
		return p
	}
	return elf.Prog32{Type: p.Type, Off: uint32(p.Off), Vaddr: uint32(p.Vaddr), Filesz: uint32(p.Filesz), Memsz: uint32(p.Memsz)}
}

// dynamic places the string table and returns the dynamic section.
func (f elfFile) dynamic(place func([]byte) (uint64, uint64)) []byte {
	var table strings.Builder
	table.WriteByte(0)
	var entries []elf.Dyn64
	add := func(tag elf.DynTag, s string) {
		if s != "" {
			entries = append(entries, elf.Dyn64{Tag: int64(tag), Val: uint64(table.Len())})
			table.WriteString(s + "\x00")
		}
	}
	for _, s := range f.needed {
		add(elf.DT_NEEDED, s)
	}
	add(elf.DT_RUNPATH, f.runpath)
	add(elf.DT_RPATH, f.rpath)
	add(elf.DT_SONAME, f.soname)
	if f.pie {
		entries = append(entries, elf.Dyn64{Tag: int64(elf.DT_FLAGS_1), Val: uint64(elf.DF_1_PIE)})
	}
	if len(entries) == 0 {
		return nil
	}
	off, _ := place([]byte(table.String()))
	entries = append(entries, elf.Dyn64{Tag: int64(elf.DT_STRTAB), Val: elfBase + off}, elf.Dyn64{})
	var out []byte
	for _, d := range entries {
		if f.wide() {
			out = append(out, f.encode(d)...)
		} else {
			out = append(out, f.encode(elf.Dyn32{Tag: int32(d.Tag), Val: uint32(d.Val)})...)
		}
	}
	return out
}

// attributes places ARM's build attributes and returns the section headers.
func (f elfFile) attributes(place func([]byte) (uint64, uint64)) []elf.Section32 {
	if f.arm == 0 {
		return nil
	}
	attributes := []byte{5, 'x', 0, 6, f.arm, 8, 1}
	sub := append([]byte{1}, f.encode(uint32(5+len(attributes)))...)
	sub = append(sub, attributes...)
	vendor := append(f.encode(uint32(4+6+len(sub))), "aeabi\x00"...)
	off, size := place(append(append([]byte{'A'}, vendor...), sub...))
	return []elf.Section32{{}, {Type: 0x70000003, Off: uint32(off), Size: uint32(size)}}
}
