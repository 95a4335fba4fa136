package layer

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash/crc32"
	"io"
	"sync"

	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/internal/cache"
)

// Runs makes layers of runs that it keeps in a cache. A run is named by all
// that decides its bytes: the version of the encoding, the compression, the digest of the
// package's data, and name, mode, owner, time, attributes and links of each
// entry. So a layer has the bytes that Write gives it, whatever is in the
// cache. It is safe for concurrent use; use NewRuns.
type Runs struct {
	folder  cache.Folder
	encoder *Encoder
	how     Compression
	work    string // for files that are of use to this process only

	mu      sync.Mutex
	known   map[runKey]*runFile // those that were read or made, and so verified
	spooled int64               // bytes that are kept uncompressed
}

// NewRuns returns the runs in a cache that are compressed in one way. work is a folder that lasts as long as
// the layers are used and is removed by the caller. Close ends the encoder.
func NewRuns(folder cache.Folder, work string, compression Compression, workers int) *Runs {
	return &Runs{folder: folder, encoder: NewEncoder(compression, workers), how: compression, work: work, known: map[runKey]*runFile{}}
}

// Close ends what works in the background.
func (r *Runs) Close() { r.encoder.Close() }

// Record makes the run of a package while its data is read for another
// purpose: read calls add for each entry but directories, in the order of the
// data, with a node that has the Source, and its content. It is the run of an
// image that changes nothing of what the package ships, which most do not; of
// others, and of packages with hard links, for which add's caller says nothing,
// Assemble makes it.
//
// The run is kept only if read returns nil. Errors are those of read, add's
// own, which read is to return, and the cache's.
func (r *Runs) Record(ctx context.Context, data [sha256.Size]byte, read func(add AddFunc) error) error {
	s := newShape(data, r.how)
	entries := 0
	_, err := r.make(ctx, func() runKey { return s.key() }, func(w *runWriter) error {
		err := read(func(path string, n *tree.Node, content io.Reader) error {
			e := entry{path: path, node: n}
			s.add(e)
			entries++
			return w.entry(e, content)
		})
		switch {
		case err != nil:
			return err
		case entries == 0:
			return ErrNoRun
		}
		return w.end()
	})
	if errors.Is(err, ErrNoRun) {
		return nil
	}
	return err
}

// AddFunc adds an entry to a run.
type AddFunc func(path string, n *tree.Node, content io.Reader) error

// ErrNoRun is what read returns to Record when all is well, but the run is not
// to be kept.
var ErrNoRun = errors.New("the run is not kept")

// make writes a run to the cache. key is called when write has returned.
func (r *Runs) make(ctx context.Context, key func() runKey, write func(*runWriter) error) (*runFile, error) {
	file, err := r.folder.Create(cache.Runs, "run")
	if err != nil {
		return nil, err
	}
	defer file.Discard()
	w := &runFileWriter{file: file, sum: crc32.New(castagnoli())}
	w.spool = r.newSpool()
	defer w.dropSpool()
	err = r.encoder.stream(ctx, func(m *members) error { return write(newRunWriter(m, 0)) }, func(b *block) error {
		if err := w.add(b); err != nil {
			return r.folder.Fault(err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	k := key()
	run, err := w.commit(r.folder, k)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w.keepSpool(r)
	r.known[k] = run
	return run, nil
}

// packageRun returns the run of a package as the tree has it, from the cache or
// made of the package's data.
func (r *Runs) packageRun(ctx context.Context, data Package, run []entry, key runKey) (*runFile, error) {
	r.mu.Lock()
	known := r.known[key]
	r.mu.Unlock()
	if known != nil {
		return known, nil
	}
	file, err := openRun(r.folder, key)
	if err != nil {
		return r.make(ctx, func() runKey { return key }, func(w *runWriter) error { return w.packageRun(ctx, data, run) })
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[key] = file
	return file, nil
}
