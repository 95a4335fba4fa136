package binary

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// dynamic reads the dynamic section, which the loader finds by its program
// header. Its names are offsets in a string table, which it gives by address.
func (e *elfReader) dynamic(g *Program, section elf.Prog64) error {
	var needed, runpath, rpath, soname []uint64
	var table uint64
	hasTable := false
	err := e.eachDynamic(section, func(tag elf.DynTag, value uint64) error {
		switch tag {
		case elf.DT_NEEDED:
			needed = append(needed, value)
		case elf.DT_RUNPATH:
			runpath = append(runpath, value)
		case elf.DT_RPATH:
			rpath = append(rpath, value)
		case elf.DT_SONAME:
			soname = append(soname, value)
		case elf.DT_STRTAB:
			table, hasTable = value, true
		case elf.DT_FLAGS_1:
			g.PIE = elf.DynFlag1(value)&elf.DF_1_PIE != 0
		}
		if len(needed)+len(runpath)+len(rpath)+len(soname) > maxNeeded {
			return fmt.Errorf("it names more than %d libraries and folders", maxNeeded)
		}
		return nil
	})
	if err != nil || len(needed)+len(runpath)+len(rpath)+len(soname) == 0 {
		return err
	}
	if !hasTable {
		return errors.New("its dynamic section has no string table")
	}
	off, left, err := e.fileOffset(table)
	if err != nil {
		return err
	}
	if len(runpath) == 0 {
		runpath = rpath // which DT_RUNPATH puts out of force
	}
	names := func(offsets []uint64) (list []string) {
		for _, o := range offsets {
			var s string
			if err == nil && o >= left {
				err = errEnds
			}
			if err == nil {
				s, err = e.string(off+o, left-o)
			}
			list = append(list, s)
		}
		return list
	}
	g.Needed = names(needed)
	for _, list := range names(runpath) {
		g.Runpath = append(g.Runpath, strings.FieldsFunc(list, func(r rune) bool { return r == ':' })...)
	}
	g.Soname = strings.Join(names(soname), " ")
	if err == nil && len(g.Runpath) > maxRunpath {
		err = fmt.Errorf("it names more than %d folders for libraries", maxRunpath)
	}
	return err
}

// eachDynamic calls do for each entry up to DT_NULL.
func (e *elfReader) eachDynamic(section elf.Prog64, do func(elf.DynTag, uint64) error) error {
	size := uint64(binary.Size(elf.Dyn32{}))
	if e.wide {
		size = uint64(binary.Size(elf.Dyn64{}))
	}
	if section.Filesz/size > maxDynamic {
		return fmt.Errorf("its dynamic section has more than %d entries", maxDynamic)
	}
	wide, narrow, err := table[elf.Dyn64, elf.Dyn32](e, section.Off, section.Filesz/size)
	if err != nil {
		return err
	}
	for _, n := range narrow {
		wide = append(wide, elf.Dyn64{Tag: int64(n.Tag), Val: uint64(n.Val)})
	}
	for _, d := range wide {
		if elf.DynTag(d.Tag) == elf.DT_NULL {
			break
		}
		if err := do(elf.DynTag(d.Tag), d.Val); err != nil {
			return err
		}
	}
	return nil
}

// fileOffset returns where in the file the byte at an address lies, and how
// many of its segment follow.
func (e *elfReader) fileOffset(address uint64) (off, left uint64, err error) {
	for _, p := range e.progs {
		if elf.ProgType(p.Type) == elf.PT_LOAD && address >= p.Vaddr && address-p.Vaddr < p.Filesz {
			in := address - p.Vaddr
			if p.Off+in < p.Off || p.Off+in > uint64(e.size) {
				break
			}
			return p.Off + in, p.Filesz - in, nil
		}
	}
	return 0, 0, errors.New("its string table is not in the file")
}
