// Package shipped reads what packages ship, each package once.
//
// Reading a package's data means to unpack and to verify all of it. The list of
// what it ships is therefore kept in a cache, under the data's verified SHA-256,
// and while a package is read for its list, its run of a layer is made and kept
// too. Whoever has both need not read the package again. What is taken from the
// cache was verified when it was put there, and is checked for damage.
package shipped

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble"
	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/internal/cache"
)

// maxList is more bytes than a list of entries has.
const maxList = 1 << 30

// Reader reads packages.
type Reader struct {
	Cache cache.Folder
	// Runs makes the runs. nil: none is made.
	Runs *layer.Runs
}

// Known reports whether the cache has the list of what a package ships, so that
// its data need not be verified to be listed.
func (r *Reader) Known(a *apk.Archive) bool {
	_, err := os.Stat(r.Cache.Path(cache.Contents, listName(a)))
	return err == nil
}

// Forget removes the list of a package that turned out to be damaged, so that
// it is verified the next time.
func (r *Reader) Forget(a *apk.Archive) {
	os.Remove(r.Cache.Path(cache.Contents, listName(a)))
}

// Read returns the entries of each archive, nil of those of installed size 0,
// which apk does not open. Several are read side by side. Of several errors it
// returns that of the first archive: *apk.ArchiveError, the context's or the
// cache's.
func (r *Reader) Read(ctx context.Context, archives []*apk.Archive) ([][]apk.Entry, error) {
	lists := make([][]apk.Entry, len(archives))
	faults := make([]error, len(archives))
	var order []int
	for i, a := range archives {
		if a.Package.InstalledSize != 0 {
			order = append(order, i)
		}
	}
	// The largest first, so that no processor is left with it alone at the end.
	slices.SortStableFunc(order, func(a, b int) int {
		return int(min(max(archives[b].Package.Size-archives[a].Package.Size, -1), 1))
	})
	var group errgroup.Group
	group.SetLimit(min(runtime.GOMAXPROCS(0), maxReaders))
	for _, i := range order {
		group.Go(func() error {
			lists[i], faults[i] = r.list(ctx, archives[i])
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, err := range faults {
		if err != nil {
			return nil, err
		}
	}
	return lists, nil
}

// maxReaders bounds the memory that a machine with many processors takes.
const maxReaders = 8

// list returns what one package ships.
func (r *Reader) list(ctx context.Context, a *apk.Archive) ([]apk.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if content, err := r.Cache.Read(cache.Contents, listName(a), maxList); err == nil {
		if entries, err := apk.DecodeEntries(content); err == nil {
			return entries, nil
		}
	}
	entries, err := r.read(ctx, a)
	if err != nil {
		return nil, err
	}
	return entries, r.Cache.Write(cache.Contents, listName(a), apk.EncodeEntries(entries))
}

// listName names the list in the cache. The number changes when the same data
// gives other entries.
func listName(a *apk.Archive) string { return fmt.Sprintf("%x-1", a.Info.DataHash) }

// read reads the package's data, and makes its run of it.
func (r *Reader) read(ctx context.Context, a *apk.Archive) ([]apk.Entry, error) {
	if r.Runs == nil {
		return a.Entries(ctx)
	}
	entries := []apk.Entry{}
	err := r.Runs.Record(ctx, a.Info.DataHash, func(add layer.AddFunc) error {
		linked := false
		err := a.Walk(ctx, func(e *apk.Entry, content io.Reader) error {
			entries = append(entries, *e)
			linked = linked || e.Kind == apk.Hardlink
			if linked || e.Kind == apk.Directory {
				return nil
			}
			n := assemble.Shipped(e, 1)
			if e.Kind == apk.Regular {
				n.Content = passing(e.Size)
			}
			return add(e.Name, n, content)
		})
		// The place of hard links is known when all names are.
		if err == nil && linked {
			return layer.ErrNoRun
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// passing is the content of a file that is read as it comes by.
type passing int64

func (p passing) Size() int64 { return int64(p) }

func (p passing) Open() (io.ReadCloser, error) {
	return nil, errors.New("internal error: a file that is passing is opened")
}
