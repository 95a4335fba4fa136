package cache

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Usage is what the cache has of one kind.
type Usage struct {
	Kind  string // empty for temporary files of all kinds
	Count int
	Bytes int64
}

// kinds returns all kinds in the order in which builds come to need them.
func kinds() []string { return []string{Indexes, Packages, Contents, Runs, Layers, Images} }

// Usage returns what there is of each kind, and last of temporary files, which
// builds that run are writing or builds that were killed have left. The error
// is that of Fault.
func (f Folder) Usage() ([]Usage, error) {
	files, err := f.files()
	if err != nil {
		return nil, err
	}
	list := make([]Usage, 0, len(kinds())+1)
	for _, kind := range append(kinds(), "") {
		u := Usage{Kind: kind}
		for _, file := range files {
			if file.temporary() && kind == "" || !file.temporary() && kind == file.kind {
				u.Count++
				u.Bytes += file.size
			}
		}
		list = append(list, u)
	}
	return list, nil
}

// Pruned is what Prune did.
type Pruned struct {
	Count int   // files removed
	Bytes int64 // their size
	Left  int64 // bytes that the cache has now
}

// staleAfter is how old a temporary file is that no build writes any more.
const staleAfter = time.Hour

// Prune removes temporary files that killed builds have left, and then entries,
// those first that were not used for longest, until no more than limit bytes
// are left. It waits for builds that use the folder. The error is the context's
// or one of Fault.
func (f Folder) Prune(ctx context.Context, limit int64) (Pruned, error) {
	if _, err := os.Stat(f.Dir); errors.Is(err, fs.ErrNotExist) {
		return Pruned{}, nil
	}
	release, err := f.lock(ctx, syscall.LOCK_EX)
	if err != nil {
		return Pruned{}, err
	}
	defer release()
	files, err := f.files()
	if err != nil {
		return Pruned{}, err
	}
	var p Pruned
	for _, file := range files {
		p.Left += file.size
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Or(a.used.Compare(b.used), strings.Compare(a.path, b.path)) })
	stale := time.Now().Add(-staleAfter)
	for _, file := range files {
		if file.temporary() && file.used.Before(stale) {
			err = p.remove(file)
		}
		if err != nil {
			return p, f.Fault(err)
		}
	}
	for _, file := range files {
		if !file.temporary() && p.Left > limit {
			err = p.remove(file)
		}
		if err != nil {
			return p, f.Fault(err)
		}
	}
	return p, nil
}

func (p *Pruned) remove(f file) error {
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	p.Count++
	p.Bytes += f.size
	p.Left -= f.size
	return nil
}

// file is a file of the cache.
type file struct {
	kind string
	path string
	size int64
	used time.Time
}

func (f file) temporary() bool { return strings.HasPrefix(filepath.Base(f.path), ".") }

// files lists what is in the folders of the kinds; nothing else is the cache's.
func (f Folder) files() ([]file, error) {
	var list []file
	for _, kind := range kinds() {
		entries, err := os.ReadDir(filepath.Join(f.Dir, kind))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, f.Fault(err)
		}
		for _, e := range entries {
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
				continue
			}
			if err != nil {
				return nil, f.Fault(err)
			}
			list = append(list, file{kind, f.Path(kind, e.Name()), info.Size(), info.ModTime()})
		}
	}
	return list, nil
}
