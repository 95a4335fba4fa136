package binary

import (
	"debug/elf"
	"errors"
	"fmt"

	"github.com/mkimage/mkimage/apk"
)

// machine is how an architecture's programs are marked.
type machine struct {
	architecture string // OCI's name
	machine      elf.Machine
	class        elf.Class
	data         elf.Data
}

// machines are the architectures that images are built for.
func machines() []machine {
	return []machine{
		{"amd64", elf.EM_X86_64, elf.ELFCLASS64, elf.ELFDATA2LSB},
		{"arm64", elf.EM_AARCH64, elf.ELFCLASS64, elf.ELFDATA2LSB},
		{"arm", elf.EM_ARM, elf.ELFCLASS32, elf.ELFDATA2LSB},
		{"386", elf.EM_386, elf.ELFCLASS32, elf.ELFDATA2LSB},
		{"ppc64le", elf.EM_PPC64, elf.ELFCLASS64, elf.ELFDATA2LSB},
		{"s390x", elf.EM_S390, elf.ELFCLASS64, elf.ELFDATA2MSB},
		{"riscv64", elf.EM_RISCV, elf.ELFCLASS64, elf.ELFDATA2LSB},
		{"loong64", elf.EM_LOONGARCH, elf.ELFCLASS64, elf.ELFDATA2LSB},
	}
}

// architecture names what processor the program is for: in OCI's words where
// images can be built for it.
func (g *Program) architecture() string {
	for _, m := range machines() {
		if g.Machine == m.machine && g.Class == m.class && g.Data == m.data {
			return m.architecture
		}
	}
	bits, order := "64", "little-endian"
	if g.Class == elf.ELFCLASS32 {
		bits = "32"
	}
	if g.Data == elf.ELFDATA2MSB {
		order = "big-endian"
	}
	return fmt.Sprintf("%s, %s bits, %s", g.Machine, bits, order)
}

// runsOn returns why the program cannot run on a platform.
func (g *Program) runsOn(p apk.Platform) error {
	switch g.OSABI {
	case elf.ELFOSABI_NONE, elf.ELFOSABI_LINUX:
	case elf.ELFOSABI_FREEBSD, elf.ELFOSABI_NETBSD, elf.ELFOSABI_OPENBSD, elf.ELFOSABI_SOLARIS:
		return fmt.Errorf("it is a program for another system (%s); build it for Linux (Go: GOOS=linux)", g.OSABI)
	}
	switch g.Type {
	case elf.ET_EXEC, elf.ET_DYN:
	case elf.ET_REL:
		return errors.New("it is an object file, not a program; link it")
	default:
		return fmt.Errorf("it is an ELF file of the type %s, not a program", g.Type)
	}
	if a := g.architecture(); a != p.Architecture {
		return fmt.Errorf("it is a program for linux/%s, and the image is for %s", a, p)
	}
	if newest := armVersion(p.Variant); newest != 0 && g.ARMArch > newest {
		return fmt.Errorf("it is a program for ARMv%d, and the image is for %s", g.ARMArch, p)
	}
	// A library has no interpreter either, but is not a static program. Some
	// can be run (glibc's), and those have one.
	if g.Type == elf.ET_DYN && g.Static() && (g.Soname != "" || len(g.Needed) > 0 || g.Entry == 0) {
		return errors.New("it is a shared library, not a program")
	}
	return nil
}

// armVersion returns the version of a variant of arm, such as 6 for "v6", and
// 0 for what is no such variant.
func armVersion(variant string) int {
	if len(variant) == 2 && variant[0] == 'v' && variant[1] >= '5' && variant[1] <= '8' {
		return int(variant[1] - '0')
	}
	return 0
}
