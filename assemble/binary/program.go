package binary

import (
	"debug/elf"
	"path"
	"slices"
	"strings"
)

// Program is what an ELF executable's headers say (System V ABI, gabi 4.1,
// "Program Header" and "Dynamic Section").
type Program struct {
	Class   elf.Class
	Data    elf.Data
	OSABI   elf.OSABI
	Type    elf.Type
	Machine elf.Machine
	// ARMArch is the oldest architecture that an ARM program runs on, 6 for
	// ARMv6; 0 where the file does not say.
	ARMArch int
	// Interpreter is the dynamic loader that the program asks the kernel for;
	// empty for a static program.
	Interpreter string
	Needed      []string // libraries, as written
	Soname      string   // a library's own name
	Runpath     []string // folders to search before the loader's, as written
	PIE         bool     // marked as a position-independent executable
	Entry       uint64   // address of the first instruction
}

// Static reports whether the program runs without a dynamic loader.
// Position-independent static programs have a dynamic section, but name
// neither a loader nor libraries.
func (g *Program) Static() bool { return g.Interpreter == "" }

// Missing returns the interpreter and the libraries that the program names and
// the image does not provide, in the program's order. The program lies at the
// absolute path program. Libraries of libraries are left to who provides
// those.
func (g *Program) Missing(program string, provides func(path string) bool) []string {
	if g.Static() {
		return nil
	}
	has := func(file string) bool { return provides != nil && path.IsAbs(file) && provides(path.Clean(file)) }
	var missing []string
	if !has(g.Interpreter) {
		missing = append(missing, g.Interpreter)
	}
	dirs := g.searchPath(path.Dir(program))
	for _, library := range g.Needed {
		switch {
		case strings.Contains(library, "/"):
			// The loader takes it as a path (ld.so(8)).
			if !has(library) {
				missing = append(missing, library)
			}
		case builtIn(library) && (g.musl() || has(gcompat)) && has(g.Interpreter):
		case !slices.ContainsFunc(dirs, func(dir string) bool { return has(dir + "/" + library) }):
			missing = append(missing, library)
		}
	}
	return missing
}

// searchPath returns the folders in which the loader looks for a library: the
// program's, then musl's default path (ldso/dynlink.c) and glibc's for 64 bits.
func (g *Program) searchPath(origin string) []string {
	var dirs []string
	for _, dir := range g.Runpath {
		dirs = append(dirs, strings.NewReplacer("$ORIGIN", origin, "${ORIGIN}", origin).Replace(dir))
	}
	dirs = append(dirs, "/lib", "/usr/local/lib", "/usr/lib")
	if !g.musl() && g.Class == elf.ELFCLASS64 {
		dirs = append(dirs, "/lib64", "/usr/lib64")
	}
	return dirs
}

func (g *Program) musl() bool { return strings.HasPrefix(path.Base(g.Interpreter), "ld-musl-") }

// gcompat is what Alpine's package of that name preloads: its glibc loader
// runs musl's.
const gcompat = "/lib/libgcompat.so.0"

// builtIn reports whether musl's loader is a library itself: it never looks
// for libc.so and the parts that other systems split off, whatever their
// version (ldso/dynlink.c, load_library).
func builtIn(library string) bool {
	rest, ok := strings.CutPrefix(library, "lib")
	name, _, dot := strings.Cut(rest, ".")
	return ok && dot && slices.Contains([]string{"c", "pthread", "rt", "m", "dl", "util", "xnet"}, name)
}
