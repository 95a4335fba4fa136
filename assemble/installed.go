package assemble

import (
	"context"
	"crypto/sha256"
	"io"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/mkimage/mkimage/apk"
)

// Walk calls do for each entry of the package's data section in order, with
// its position and its content, as writing a layer wants it. Errors are those
// of [apk.Archive.Walk].
func (p Package) Walk(ctx context.Context, do func(entry int, content io.Reader) error) error {
	return p.Archive.Walk(ctx, func(e *apk.Entry, content io.Reader) error { return do(e.Index, content) })
}

// DataDigest returns the SHA-256 of the package's data section.
func (p Package) DataDigest() [sha256.Size]byte { return p.Archive.Info.DataHash }

// installed is a package in apk's database.
type installed struct {
	*apk.Package // its index entry
	source       Package
	number       int // in the order of installation, from 1

	// unpacked is false for a package of size 0. apk does not open such a
	// package: nothing but the index entry counts, and no script runs.
	unpacked bool
	// entries are what the package ships, until it is extracted.
	entries []apk.Entry

	// folders are the directories that the package has a part in, in the
	// database's order, and parts the same by path.
	folders []*folder
	parts   map[string]*folder
	// scattered is how many folders at the end of the list are not in
	// order, current the one that the last entry was in.
	scattered int
	current   *folder

	// lostXattrs is whether something it ships cannot have the extended
	// attributes that it should.
	lostXattrs bool

	// files are what the package ships, by path, while it is unpacked.
	files map[string]*file
}

// folder is a package's part in a directory.
type folder struct {
	dir   *directory
	pkg   *installed
	acl   acl
	files []*file
}

// file is anything but a directory that a package ships.
type file struct {
	folder   *folder
	name     string // in its directory
	acl      acl
	checksum apk.Checksum // zero for what its package gives none
	replaced bool         // it is another package's now
}

// acl is who may do what with a file as its package ships it. Two are the
// same to apk if the extended attributes are, too.
type acl struct {
	mode     uint32
	uid, gid int
	xattrs   apk.Checksum // zero for none
}

// readPackages reads what the packages ship, several side by side. Of several
// faults it returns that of the first package.
func readPackages(ctx context.Context, sources []Package) ([]*installed, error) {
	packages := make([]*installed, len(sources))
	faults := make([]error, len(sources))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, source := range sources {
		p := &installed{
			Package:  source.Archive.Package,
			source:   source,
			number:   i + 1,
			unpacked: source.Archive.Package.InstalledSize != 0,
			entries:  source.Entries,
			parts:    map[string]*folder{},
			files:    map[string]*file{},
		}
		packages[i] = p
		if p.unpacked && p.entries == nil {
			g.Go(func() error {
				p.entries, faults[i] = source.Archive.Entries(ctx)
				return nil
			})
		}
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, err := range faults {
		if err != nil {
			return nil, err
		}
	}
	return packages, nil
}

// path returns where f is in the image, without a leading slash.
func (f *file) path() string { return join(f.folder.dir.path, f.name) }

// maxScattered is how many folders may be out of order before apk sorts all
// that it has. It looks folders up in the sorted part first, so every look-up
// can sort, and the order in the database is what comes of that.
const maxScattered = 32

// tidy sorts the folders if too many are out of order.
func (p *installed) tidy() {
	if p.scattered > maxScattered {
		slices.SortFunc(p.folders, func(a, b *folder) int { return strings.Compare(a.dir.path, b.dir.path) })
		p.scattered = 0
	}
}

// folder returns the package's part in the directory at path, nil if the
// archive had no entry for it yet.
func (p *installed) folder(path string) *folder {
	if p.current != nil && p.current.dir.path == path {
		return p.current
	}
	p.tidy()
	return p.parts[path]
}

// addFolder returns the package's part in a directory, a new one if need be,
// and makes it the current one.
func (p *installed) addFolder(dir *directory) *folder {
	fo := p.folder(dir.path)
	if fo == nil {
		if n := len(p.folders); p.scattered > 0 || n > 0 && dir.path < p.folders[n-1].dir.path {
			p.scattered++
		}
		fo = &folder{dir: dir, pkg: p, acl: defaultFolder()}
		p.folders = append(p.folders, fo)
		p.parts[dir.path] = fo
	}
	p.current = fo
	return fo
}

// addFile adds a file to the package's part in its directory and makes that
// the current one.
func (p *installed) addFile(fo *folder, f *file) {
	f.folder = fo
	fo.files = append(fo.files, f)
	p.files[f.path()] = f
	p.current = fo
}

// hardlinked returns the package's own file that a hard link names.
func (p *installed) hardlinked(path string) *file {
	dir, _ := split(path)
	p.folder(dir) // may sort, as any look-up
	return p.files[path]
}

// defaultFolder and defaultFile are what the database does not mention.
func defaultFolder() acl { return acl{mode: 0o755} }
func defaultFile() acl   { return acl{mode: 0o644} }

// split divides a path into its directory, empty for the root, and the name
// in it.
func split(path string) (dir, name string) {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return "", path
}

// join is the inverse of split.
func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// sorted returns the files in the order of the database.
func (fo *folder) sorted() []*file {
	slices.SortStableFunc(fo.files, func(a, b *file) int { return strings.Compare(a.name, b.name) })
	return fo.files
}
