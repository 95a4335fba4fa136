package layer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"runtime"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"
)

// level is the compression level, part of the encoding. On real packages the
// next higher one takes twice the time for 2 % less.
const level = 6

// maxWorkers bounds the memory that a machine with many processors takes.
const maxWorkers = 8

// block is one gzip member on its way.
type block struct {
	raw  []byte
	out  bytes.Buffer
	done chan struct{} // receives when out is complete
}

// members takes a tar stream and cuts it into blocks. Errors of its methods
// are the context's only: why that ended, compress says.
type members struct {
	ctx     context.Context
	free    chan *block // empty blocks; their number bounds the memory
	work    chan *block // to the compressors
	ordered chan *block // the same, to the sink
	current *block
}

// compress runs write, compresses what it writes side by side and passes the
// members to w in order.
func compress(ctx context.Context, w io.Writer, workers int, write func(context.Context, *members) error) (Info, error) {
	if workers <= 0 {
		workers = min(runtime.GOMAXPROCS(0), maxWorkers)
	}
	blocks := 2*workers + 1
	group, ctx := errgroup.WithContext(ctx)
	m := &members{ctx, make(chan *block, blocks), make(chan *block, blocks), make(chan *block, blocks), nil}
	for range blocks {
		m.free <- &block{done: make(chan struct{}, 1)}
	}
	group.Go(func() error {
		defer close(m.ordered)
		defer close(m.work)
		return write(ctx, m)
	})
	for range workers {
		group.Go(func() error { return compressBlocks(m.work) })
	}
	s := &sink{w: w, digest: sha256.New(), diffID: sha256.New()}
	group.Go(func() error { return s.drain(ctx, m) })
	if err := group.Wait(); err != nil {
		return Info{}, err
	}
	return s.info(), nil
}

// Write adds to the current run.
func (m *members) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		if err := m.take(); err != nil {
			return total - len(p), err
		}
		n := min(len(p), BlockSize-len(m.current.raw))
		m.current.raw = append(m.current.raw, p[:n]...)
		p = p[n:]
		if len(m.current.raw) == BlockSize {
			if err := m.cut(); err != nil {
				return total - len(p), err
			}
		}
	}
	return total, nil
}

// take makes sure that there is a current block.
func (m *members) take() error {
	if m.current != nil {
		return nil
	}
	select {
	case m.current = <-m.free:
		if m.current.raw == nil {
			m.current.raw = make([]byte, 0, BlockSize)
		}
		return nil
	case <-m.ctx.Done():
		return m.ctx.Err()
	}
}

// cut ends a member, if one has begun.
func (m *members) cut() error {
	if m.current == nil {
		return nil
	}
	m.work <- m.current // both have room for all blocks
	m.ordered <- m.current
	m.current = nil
	return nil
}

// fault is err unless the context has ended, which then is the reason.
func (m *members) fault(err error) error {
	if ended := m.ctx.Err(); ended != nil {
		return ended
	}
	return err
}

// compressBlocks compresses blocks until there are no more. A writer that is
// reset writes what a new one would.
func compressBlocks(work <-chan *block) error {
	var zw *gzip.Writer
	for b := range work {
		b.out.Reset()
		if zw == nil {
			var err error
			if zw, err = gzip.NewWriterLevel(&b.out, level); err != nil {
				return err
			}
		} else {
			zw.Reset(&b.out)
		}
		zw.ModTime = time.Unix(0, 0) // no time; the zero Time would be written as a date
		if _, err := zw.Write(b.raw); err != nil {
			return err
		}
		if err := zw.Close(); err != nil {
			return err
		}
		b.done <- struct{}{}
	}
	return nil
}

// sink writes compressed blocks and hashes both streams.
type sink struct {
	w              io.Writer
	digest, diffID hash.Hash
	size, raw      int64
}

func (s *sink) drain(ctx context.Context, m *members) error {
	for b := range m.ordered {
		select {
		case <-b.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		s.diffID.Write(b.raw)
		s.digest.Write(b.out.Bytes())
		s.raw += int64(len(b.raw))
		s.size += int64(b.out.Len())
		if _, err := s.w.Write(b.out.Bytes()); err != nil {
			return err
		}
		b.raw = b.raw[:0]
		m.free <- b
	}
	return nil
}

func (s *sink) info() Info {
	return Info{Digest: sum(s.digest), Size: s.size, DiffID: sum(s.diffID), UncompressedSize: s.raw}
}

func sum(h hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}
}
