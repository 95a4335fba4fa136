package main

import (
	"context"
	"errors"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble"
	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/assemble/shipped"
	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/internal/cache"
)

// kept is what builds keep in the cache between them. It decides how long a
// build takes and never what it comes to.
type kept struct {
	folder  cache.Folder
	reader  *shipped.Reader
	runs    *layer.Runs
	release func()
}

// openKept opens the cache for a build; work is the build's own folder. Where
// the cache cannot be written it is nil, and every build makes all anew.
func openKept(ctx context.Context, f *fetcher, work string, compression layer.Compression) *kept {
	folder := cache.Folder{Dir: f.cacheDir}
	release, err := folder.Use(ctx)
	if err != nil {
		return nil
	}
	runs := layer.NewRuns(folder, work, compression, 0)
	k := &kept{folder, &shipped.Reader{Cache: folder, Runs: runs}, runs, release}
	f.known = k.reader.Known
	return k
}

func (k *kept) close() {
	if k != nil {
		k.runs.Close()
		k.release()
	}
}

// list fills in what packages ship, as far as anything is kept.
func (k *kept) list(ctx context.Context, packages []assemble.Package) error {
	if k == nil {
		return nil
	}
	var archives []*apk.Archive
	for _, p := range packages {
		archives = append(archives, p.Archive)
	}
	lists, err := k.reader.Read(ctx, archives)
	for i := range lists {
		packages[i].Entries = lists[i]
	}
	return err
}

// layer makes a layer of packages' runs.
func (k *kept) layer(ctx context.Context, t *tree.Tree, o layer.Options) (oci.Layer, error) {
	blob, err := k.runs.Assemble(ctx, t, o)
	if err != nil {
		return oci.Layer{}, err
	}
	return oci.Layer{Blob: blob, Info: blob.Info}, nil
}

// distrust forgets the packages if one of them turned out to be damaged,
// although it was known, and reports whether to try again: then it is verified,
// and fetched anew if need be.
func (k *kept) distrust(err error, archives []*apk.Archive) bool {
	var damaged *apk.ArchiveError
	if k == nil || !errors.As(err, &damaged) {
		return false
	}
	again := false
	for _, a := range archives {
		again = again || k.reader.Known(a)
		k.reader.Forget(a)
	}
	return again
}
