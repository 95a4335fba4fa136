package layer

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/mkimage/mkimage/assemble/tree"
)

// Blob is a layer as parts of files, which must stay as they are until it was
// read.
type Blob struct {
	Info
	parts []part
}

// part is a stretch of a file.
type part struct {
	path         string
	offset, size int64
}

// Open returns a reader of the layer.
func (b *Blob) Open() (io.ReadCloser, error) { return &blobReader{rest: b.parts}, nil }

// blobReader reads parts one after the other.
type blobReader struct {
	rest []part
	file *os.File
	left io.Reader
}

func (r *blobReader) Read(b []byte) (int, error) {
	for {
		if r.file != nil {
			n, err := r.left.Read(b)
			if err != io.EOF || n > 0 {
				return n, err
			}
			r.Close()
		}
		if len(r.rest) == 0 {
			return 0, io.EOF
		}
		p := r.rest[0]
		f, err := os.Open(p.path)
		if err != nil {
			return 0, err
		}
		r.file, r.left, r.rest = f, io.NewSectionReader(f, p.offset, p.size), r.rest[1:]
	}
}

// Close closes the file that is being read.
func (r *blobReader) Close() error {
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	return f.Close()
}

// Assemble makes the layer that Write would write. Packages' runs that the
// cache has are not made again, nor are their packages read. Of o, Workers and
// Compression have no meaning. Errors are those of Write and of the cache.
func (r *Runs) Assemble(ctx context.Context, t *tree.Tree, o Options) (*Blob, error) {
	p, err := newPlan(t, len(o.Packages))
	if err != nil {
		return nil, err
	}
	l := &laying{runs: r, plan: p, options: o}
	if err := l.packages(ctx); err != nil {
		return nil, err
	}
	start, err := l.start(ctx)
	if err != nil {
		return nil, err
	}
	blob := &Blob{parts: []part{start.head}}
	for _, run := range l.files {
		blob.parts = append(blob.parts, part{path: run.path, size: run.size})
	}
	last, err := l.last(ctx, start.sums)
	if err != nil {
		return nil, err
	}
	blob.parts = append(blob.parts, last)
	blob.Info = start.sums.info(r.how)
	return blob, nil
}

// laying is one layer in the making.
type laying struct {
	runs    *Runs
	plan    *plan
	options Options

	keys  []runKey // of packages' runs that are not empty
	files []*runFile
}

// packages finds or makes the packages' runs, several side by side.
func (l *laying) packages(ctx context.Context) error {
	var numbers []int
	for i, run := range l.plan.packages {
		if len(run) > 0 {
			numbers = append(numbers, i)
			l.keys = append(l.keys, keyOf(l.options.Packages[i].DataDigest(), l.runs.how, run))
		}
	}
	l.files = make([]*runFile, len(numbers))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(l.runs.encoder.workers())
	for i, number := range numbers {
		group.Go(func() (err error) {
			l.files[i], err = l.runs.packageRun(ctx, l.options.Packages[number], l.plan.packages[number], l.keys[i])
			return err
		})
	}
	return group.Wait()
}

// key names the start of the layer: the run of directories and those of
// packages.
func (l *laying) key() [sha256.Size]byte {
	h := sha256.New()
	directories := keyOfDirectories(l.plan.directories, l.runs.how, l.options.Epoch)
	h.Write(directories[:])
	for _, k := range l.keys {
		h.Write(k[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// last writes the last run to a file and adds it to the sums.
func (l *laying) last(ctx context.Context, s *sums) (part, error) {
	f, err := os.CreateTemp(l.runs.work, "last-")
	if err != nil {
		return part{}, workFault(err)
	}
	defer f.Close()
	before := s.size
	err = s.writeTo(ctx, l.runs.encoder, workWriter{f}, func(m *members) error {
		return newRunWriter(m, l.options.Epoch).last(l.plan.generated)
	})
	return part{path: f.Name(), size: s.size - before}, err
}

// workWriter names the way out where the work folder cannot be written.
type workWriter struct{ w io.Writer }

func (w workWriter) Write(b []byte) (int, error) {
	n, err := w.w.Write(b)
	if err != nil {
		err = workFault(err)
	}
	return n, err
}

func workFault(err error) error {
	return fmt.Errorf("cannot write a part of the layer: %w; TMPDIR names another place", err)
}
