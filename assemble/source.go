package assemble

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/spec"
)

// maxSourceFaults is how many faults of one source are told.
const maxSourceFaults = 20

// source copies one entry of files with a source.
type source struct {
	*declarer
	file   spec.File
	node   func(kind tree.Kind, mode uint32) *tree.Node // with declared mode and owner
	ignore ignorePatterns
	faults int
}

// addSource adds a file or a whole tree of the build machine. Modes are
// derived from whether the owner may execute a file, since the others depend
// on the umask of who made the copy; owners are the declared one. Directories
// that are in the image already keep their mode, and their owner unless one
// is declared.
func (d *declarer) addSource(f spec.File, node func(tree.Kind, uint32) *tree.Node) {
	s := &source{declarer: d, file: f, node: node, ignore: compileIgnore(f.Ignore)}
	info, err := os.Stat(f.Source.Abs)
	switch {
	case err != nil:
		s.fault("", err)
	case info.IsDir():
		s.copyDirectory("")
	default:
		s.copyFile("")
	}
	if more := s.faults - maxSourceFaults; more > 0 {
		d.fault(f.Pos, "cannot add %s: and %d more of %s", f.Path, more, f.Source.Written)
	}
}

// target returns the path in the image of what is at rel in the source.
func (s *source) target(rel string) string { return path.Join(s.file.Path, rel) }

// host returns the path on the build machine of what is at rel.
func (s *source) host(rel string) string {
	return filepath.Join(s.file.Source.Abs, filepath.FromSlash(rel))
}

// written returns the path as the user would write it.
func (s *source) written(rel string) string { return shown(path.Join(s.file.Source.Written, rel)) }

// shown returns a name of the build machine for a message: quoted where it has
// what would break the line or speak to a terminal.
func shown(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}

// fault records that what is at rel cannot be copied.
func (s *source) fault(rel string, err error) {
	if s.faults++; s.faults > maxSourceFaults {
		return
	}
	pos := s.file.Source.Pos
	if !pos.IsValid() {
		pos = s.file.Pos
	}
	s.declarer.fault(pos, "cannot add %s: %s: %v", s.file.Path, s.written(rel), hostReason(err))
}

func (s *source) copyFile(rel string) {
	content, executable, err := openHostFile(s.host(rel), s.written(rel))
	if err != nil {
		s.fault(rel, err)
		return
	}
	mode := uint32(modeFile)
	if executable {
		mode = modeExecutable
	}
	n := s.node(tree.File, mode)
	n.Content = content
	s.place(rel, n)
}

// place puts a node where rel goes.
func (s *source) place(rel string, n *tree.Node) {
	if err := s.put(s.target(rel), n); err != nil {
		s.declarer.fault(s.file.Pos, "%v", err)
	}
}

func (s *source) copyDirectory(rel string) {
	if s.ctx.Err() != nil {
		return
	}
	entries, err := os.ReadDir(s.host(rel)) // sorted
	if err != nil {
		s.fault(rel, err)
		return
	}
	n, made, err := s.directory(s.target(rel))
	if err != nil {
		s.declarer.fault(s.file.Pos, "%v", err)
		return
	}
	if owned := s.node(tree.Dir, 0); made || s.file.Owner.User != "" {
		n.UID, n.GID = owned.UID, owned.GID
	}
	for _, e := range entries {
		s.copyEntry(path.Join(rel, e.Name()), e)
	}
}

func (s *source) copyEntry(rel string, e fs.DirEntry) {
	switch {
	case s.ignore.match(rel, e.IsDir()):
	case !utf8.ValidString(rel):
		s.fault(rel, fmt.Errorf("its name is not UTF-8"))
	case e.IsDir():
		s.copyDirectory(rel)
	case e.Type() == fs.ModeSymlink:
		s.copySymlink(rel)
	default:
		s.copyFile(rel)
	}
}

// copySymlink copies a symbolic link that stays in the source. What another
// leads to depends on where the source lies, or is not in the image.
func (s *source) copySymlink(rel string) {
	link, err := os.Readlink(s.host(rel))
	if err != nil {
		s.fault(rel, err)
		return
	}
	link = filepath.ToSlash(link)
	if inside := path.Join(path.Dir(rel), link); path.IsAbs(link) || inside == ".." || strings.HasPrefix(inside, "../") {
		s.fault(rel, fmt.Errorf("it is a symbolic link to %s, out of the source: ignore it, or declare a symlink in files", shown(link)))
		return
	}
	n := s.node(tree.Symlink, 0o777)
	n.Mode, n.Target = 0o777, link
	s.place(rel, n)
}
