package binary

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// What a program may make us read. Linux takes 64 KiB of program headers
// (fs/binfmt_elf.c) and paths of 4096 bytes.
const (
	maxProgramHeaders = 64 << 10 / 32
	maxString         = 4096
	maxDynamic        = 1 << 16 // entries
	maxNeeded         = 1024    // names of libraries and folders
	maxRunpath        = 64      // folders
)

// Read reads the program in the first size bytes of r. An error is a reason
// that follows the file's name, such as "it is a script for /bin/sh".
func Read(r io.ReaderAt, size int64) (*Program, error) {
	start := make([]byte, min(size, 512))
	if _, err := r.ReadAt(start, 0); err != nil && err != io.EOF {
		return nil, pathReason(err)
	}
	if !strings.HasPrefix(string(start), elf.ELFMAG) {
		return nil, foreign(start)
	}
	e := &elfReader{r: r, size: size}
	g, err := e.read(start)
	if err != nil {
		return nil, fmt.Errorf("it is a damaged ELF program: %w", err)
	}
	return g, nil
}

// elfReader reads one ELF file.
type elfReader struct {
	r     io.ReaderAt
	size  int64
	order binary.ByteOrder
	wide  bool // 64 bits
	progs []elf.Prog64
}

func (e *elfReader) read(start []byte) (*Program, error) {
	if len(start) < elf.EI_NIDENT {
		return nil, errEnds
	}
	g := &Program{Class: elf.Class(start[elf.EI_CLASS]), Data: elf.Data(start[elf.EI_DATA]), OSABI: elf.OSABI(start[elf.EI_OSABI])}
	switch g.Data {
	case elf.ELFDATA2LSB:
		e.order = binary.LittleEndian
	case elf.ELFDATA2MSB:
		e.order = binary.BigEndian
	default:
		return nil, errors.New("its byte order is unknown")
	}
	if g.Class != elf.ELFCLASS32 && g.Class != elf.ELFCLASS64 {
		return nil, errors.New("it has neither 32 nor 64 bits")
	}
	e.wide = g.Class == elf.ELFCLASS64
	h, err := e.header()
	if err != nil {
		return nil, err
	}
	g.Type, g.Machine, g.Entry = elf.Type(h.Type), elf.Machine(h.Machine), h.Entry
	if err := e.programHeaders(h); err != nil {
		return nil, err
	}
	if err := e.linking(g); err != nil {
		return nil, err
	}
	if g.Machine == elf.EM_ARM {
		g.ARMArch = e.armArch(h)
	}
	return g, nil
}

// linking reads what the program headers say of the loader and its work.
func (e *elfReader) linking(g *Program) (err error) {
	seen := map[elf.ProgType]bool{}
	for _, p := range e.progs {
		kind := elf.ProgType(p.Type)
		if kind != elf.PT_INTERP && kind != elf.PT_DYNAMIC {
			continue
		}
		if seen[kind] {
			return fmt.Errorf("it has %s twice", kind)
		}
		seen[kind] = true
		if kind == elf.PT_DYNAMIC {
			err = e.dynamic(g, p)
		} else if g.Interpreter, err = e.string(p.Off, p.Filesz); err == nil && g.Interpreter == "" {
			err = errors.New("its interpreter has no name")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var errEnds = errors.New("it ends in the middle")

// bytes reads n bytes at an offset; the caller caps n.
func (e *elfReader) bytes(off, n uint64) ([]byte, error) {
	if off > uint64(e.size) || n > uint64(e.size)-off {
		return nil, errEnds
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(e.r, int64(off), int64(n)), b); err != nil {
		return nil, err
	}
	return b, nil
}

// table reads n structs: as the first result in a file of 64 bits, as the
// second in one of 32. The caller caps n.
func table[Wide, Narrow any](e *elfReader, off, n uint64) ([]Wide, []Narrow, error) {
	var wide []Wide
	var narrow []Narrow
	var list any
	if e.wide {
		wide = make([]Wide, n)
		list = wide
	} else {
		narrow = make([]Narrow, n)
		list = narrow
	}
	b, err := e.bytes(off, uint64(binary.Size(list)))
	if err != nil {
		return nil, nil, err
	}
	_, err = binary.Decode(b, e.order, list)
	return wide, narrow, err
}

// header reads the file header in the form that 64 bits have.
func (e *elfReader) header() (elf.Header64, error) {
	wide, narrow, err := table[elf.Header64, elf.Header32](e, 0, 1)
	if err != nil {
		return elf.Header64{}, err
	}
	if e.wide {
		return wide[0], nil
	}
	n := narrow[0]
	return elf.Header64{
		Type: n.Type, Machine: n.Machine, Entry: uint64(n.Entry), Flags: n.Flags,
		Phoff: uint64(n.Phoff), Phentsize: n.Phentsize, Phnum: n.Phnum,
		Shoff: uint64(n.Shoff), Shentsize: n.Shentsize, Shnum: n.Shnum,
	}, nil
}

func (e *elfReader) programHeaders(h elf.Header64) error {
	size := binary.Size(elf.Prog32{})
	if e.wide {
		size = binary.Size(elf.Prog64{})
	}
	if h.Phnum > maxProgramHeaders {
		return fmt.Errorf("it has more than %d program headers", maxProgramHeaders)
	}
	if h.Phnum > 0 && int(h.Phentsize) != size {
		return fmt.Errorf("its program headers have %d bytes each", h.Phentsize)
	}
	wide, narrow, err := table[elf.Prog64, elf.Prog32](e, h.Phoff, uint64(h.Phnum))
	e.progs = wide
	for _, n := range narrow {
		e.progs = append(e.progs, elf.Prog64{
			Type: n.Type, Flags: n.Flags, Off: uint64(n.Off), Vaddr: uint64(n.Vaddr),
			Filesz: uint64(n.Filesz), Memsz: uint64(n.Memsz),
		})
	}
	return err
}

// string reads a string that ends with a zero or after size bytes.
func (e *elfReader) string(off, size uint64) (string, error) {
	if off > uint64(e.size) {
		return "", errEnds
	}
	b, err := e.bytes(off, min(size, uint64(e.size)-off, maxString))
	if err != nil {
		return "", err
	}
	s, _, ok := strings.Cut(string(b), "\x00")
	if !ok {
		return "", fmt.Errorf("it has a name of more than %d bytes or without an end", len(b))
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return "", fmt.Errorf("it has the control character %q in a name", s[i])
		}
	}
	return s, nil
}
