package layer

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/mkimage/mkimage/assemble/tree"
)

// write writes all runs to m.
func (p *plan) write(ctx context.Context, m *members, o Options) error {
	w := newRunWriter(m, o.Epoch)
	if err := w.run(p.directories); err != nil {
		return err
	}
	for i, run := range p.packages {
		if err := w.packageRun(ctx, o.Packages[i], run); err != nil {
			return err
		}
	}
	return w.last(p.generated)
}

// runWriter writes entries, run by run.
type runWriter struct {
	members *members
	epoch   int64
	buf     []byte
	tar     *tar.Writer
}

func newRunWriter(m *members, epoch int64) *runWriter {
	w := &runWriter{members: m, epoch: epoch, buf: make([]byte, 64<<10)}
	w.begin()
	return w
}

// begin starts a run. Every run has its tar writer: an archive without the
// end-of-archive marker, which only the last one gets.
func (w *runWriter) begin() { w.tar = tar.NewWriter(w.members) }

func (w *runWriter) end() error {
	if err := w.tar.Flush(); err != nil {
		return err
	}
	w.members.cut()
	return nil
}

// run writes a run of entries without content.
func (w *runWriter) run(entries []entry) error {
	w.begin()
	for _, e := range entries {
		if err := w.entry(e, nil); err != nil {
			return err
		}
	}
	return w.end()
}

// last writes the last run, of what has its content itself.
func (w *runWriter) last(entries []entry) error {
	w.begin()
	for _, e := range entries {
		if err := w.opened(e); err != nil {
			return err
		}
	}
	// The marker belongs to the last run, which therefore is never empty.
	if err := w.tar.Close(); err != nil {
		return err
	}
	w.members.cut()
	return nil
}

// packageRun writes what the tree holds of one package, whose entries come in
// the order of the archive.
func (w *runWriter) packageRun(ctx context.Context, data Package, run []entry) error {
	if len(run) == 0 {
		return nil
	}
	w.begin()
	rest := run
	if needsContent(run) {
		err := data.Walk(ctx, func(index int, content io.Reader) error {
			var err error
			if rest, err = w.before(rest, index); err != nil {
				return err
			}
			for len(rest) > 0 && rest[0].node.Source.Entry == index {
				if err := w.shipped(rest[0], content); err != nil {
					return err
				}
				if takesContent(rest[0]) {
					content = nil // read; a copy of the node has to be opened
				}
				rest = rest[1:]
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, e := range rest {
		if err := w.entry(e, nil); err != nil {
			return err
		}
	}
	return w.end()
}

// before writes the entries that come before the one at index: links, devices
// and empty files, since those with content are written when it comes by.
func (w *runWriter) before(run []entry, index int) ([]entry, error) {
	for len(run) > 0 && run[0].node.Source.Entry < index {
		if err := w.entry(run[0], nil); err != nil {
			return nil, err
		}
		run = run[1:]
	}
	return run, nil
}

// shipped writes an entry with the content that comes by, or with the node's
// own where that was read already.
func (w *runWriter) shipped(e entry, content io.Reader) error {
	if content == nil {
		return w.opened(e)
	}
	return w.entry(e, content)
}

// opened writes an entry with the content that its node holds.
func (w *runWriter) opened(e entry) error {
	if !takesContent(e) {
		return w.entry(e, nil)
	}
	content, err := e.node.Open()
	if err != nil {
		return fmt.Errorf("cannot read the content of %s: %w", e.path, err)
	}
	if err := w.entry(e, content); err != nil {
		content.Close()
		return err
	}
	return content.Close()
}

// entry writes one entry; content is read for files that have any.
func (w *runWriter) entry(e entry, content io.Reader) error {
	h, err := header(e, w.epoch)
	if err != nil {
		return err
	}
	if takesContent(e) && content == nil {
		return fmt.Errorf("internal error: the package of %s has no entry %d", e.path, e.node.Source.Entry)
	}
	if err := w.members.ctx.Err(); err != nil {
		return err
	}
	if err := w.tar.WriteHeader(h); err != nil {
		return w.members.fault(fmt.Errorf("cannot write %s into the layer: %w", e.path, err))
	}
	if !takesContent(e) {
		return nil
	}
	n, err := io.CopyBuffer(w.tar, io.LimitReader(content, h.Size+1), w.buf)
	switch {
	case errors.Is(err, tar.ErrWriteTooLong), err == nil && n != h.Size:
		return fmt.Errorf("cannot write %s into the layer: its content has not the %d bytes that it had: the file was changed during the build", e.path, h.Size)
	case err != nil:
		return err
	}
	return nil
}

// takesContent reports whether content follows the entry's header.
func takesContent(e entry) bool {
	return e.node.Kind == tree.File && e.link == "" && e.node.Size() > 0
}

func needsContent(run []entry) bool {
	for _, e := range run {
		if takesContent(e) {
			return true
		}
	}
	return false
}
