package layer

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWorkers bounds the memory that a machine with many processors takes.
const maxWorkers = 8

// Encoder compresses and unpacks members side by side, for any number of
// streams at a time, with a fixed number of blocks in memory between them. Use
// NewEncoder.
type Encoder struct {
	free   chan *block   // empty blocks; their number bounds the memory
	work   chan *block   // has room for all
	slots  chan struct{} // has room for the streams that may be under way
	ended  sync.WaitGroup
	blocks int
	number int // of workers
}

// workers returns how many there are.
func (e *Encoder) workers() int { return e.number }

// block is one member on its way.
type block struct {
	raw  []byte
	out  bytes.Buffer
	do   func(c *codec, b *block) error // fills in what is missing
	done chan error                     // receives what do returned
}

// codec is what one worker compresses and unpacks with.
type codec struct {
	compression Compression
	compressor  compressor
	reader      *gzip.Reader
	zstd        *zstd.Decoder
	in          bytes.Reader
}

// NewEncoder returns an encoder with so many workers; 0 is one for each
// processor that Go uses, but at most 8. Close ends them.
func NewEncoder(compression Compression, workers int) *Encoder {
	if workers <= 0 {
		workers = min(runtime.GOMAXPROCS(0), maxWorkers)
	}
	// A stream that waits for a block has at most one that is not on its way:
	// as there are more blocks than streams, one will be free.
	streams, n := 2*workers, 3*workers+1
	e := &Encoder{free: make(chan *block, n), work: make(chan *block, n), slots: make(chan struct{}, streams), blocks: n, number: workers}
	for range n {
		e.free <- &block{done: make(chan error, 1)}
	}
	for range workers {
		e.ended.Go(func() {
			c := codec{compression: compression}
			for b := range e.work {
				b.done <- b.do(&c, b)
			}
		})
	}
	return e
}

// Close ends the workers. No stream may be under way.
func (e *Encoder) Close() {
	close(e.work)
	e.ended.Wait()
}

// stream runs write, which fills blocks in order, and passes each to sink when
// a worker is done with it, in the same order.
func (e *Encoder) stream(ctx context.Context, write func(*members) error, sink func(*block) error) error {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	m := &members{ctx: ctx, encoder: e, ordered: make(chan *block, e.blocks)}
	written := make(chan error, 1)
	go func() {
		err := write(m)
		m.drop()
		close(m.ordered)
		written <- err
	}()
	var failed error
	for b := range m.ordered {
		err := <-b.done
		if err == nil && failed == nil {
			err = sink(b)
		}
		if err != nil && failed == nil {
			failed = err
			cancel(err)
		}
		e.release(b)
	}
	if err := <-written; failed == nil {
		return err
	}
	return failed
}

func (e *Encoder) release(b *block) {
	b.raw, b.do = b.raw[:0], nil
	b.out.Reset()
	e.free <- b
}

// members takes a tar stream and cuts it into blocks to compress, or blocks
// that are filled already. Errors of its methods are the context's only.
type members struct {
	ctx     context.Context
	encoder *Encoder
	ordered chan *block
	current *block
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
			m.cut()
		}
	}
	return total, nil
}

// take makes sure that there is a current block.
func (m *members) take() error {
	if m.current != nil {
		return nil
	}
	if err := m.ctx.Err(); err != nil {
		return err
	}
	select {
	case m.current = <-m.encoder.free:
		if m.current.raw == nil {
			m.current.raw = make([]byte, 0, BlockSize)
		}
		return nil
	case <-m.ctx.Done():
		return m.ctx.Err()
	}
}

// cut ends a member, if one has begun.
func (m *members) cut() {
	if m.current != nil {
		m.send((*codec).compress)
	}
}

// send passes the current block on.
func (m *members) send(do func(*codec, *block) error) {
	m.current.do = do
	m.encoder.work <- m.current // both have room for all blocks
	m.ordered <- m.current
	m.current = nil
}

// drop gives a block back that was not sent.
func (m *members) drop() {
	if m.current != nil {
		m.encoder.release(m.current)
		m.current = nil
	}
}

// fault is err unless the context has ended, which then is the reason.
func (m *members) fault(err error) error {
	if ended := m.ctx.Err(); ended != nil {
		return ended
	}
	return err
}

// compress makes a member.
func (c *codec) compress(b *block) error {
	if c.compressor == nil {
		var err error
		if c.compressor, err = c.compression.compressor(); err != nil {
			return err
		}
	}
	return c.compressor(b)
}

// unpack restores what a member was made of, len(b.raw) bytes.
func (c *codec) unpack(b *block) error {
	if c.compression.zstd {
		return c.unpackZstd(b)
	}
	c.in.Reset(b.out.Bytes())
	var err error
	if c.reader == nil {
		c.reader, err = gzip.NewReader(&c.in)
	} else {
		err = c.reader.Reset(&c.in)
	}
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(c.reader, b.raw); err != nil {
		return err
	}
	// The end is where the sums are checked.
	if n, err := c.reader.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return errRun
	}
	return nil
}

func (c *codec) unpackZstd(b *block) error {
	if c.zstd == nil {
		var err error
		if c.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*BlockSize)); err != nil {
			return err
		}
	}
	raw, err := c.zstd.DecodeAll(b.out.Bytes(), b.raw[:0])
	if err == nil && len(raw) != len(b.raw) {
		err = errRun
	}
	if err == nil {
		copy(b.raw, raw) // where it did not fit
	}
	return err
}
