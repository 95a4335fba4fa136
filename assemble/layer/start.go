package layer

import (
	"bytes"
	"context"
	"encoding"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"

	"github.com/mkimage/mkimage/internal/cache"
)

// The start of a layer, all but its last run, is the same in every build of
// one list of packages. What the cache has of it is the members of the run of
// directories, then
//
//	states   of SHA-256 after the start, of digest and of diffID
//	lengths  64 bits each: of the start, compressed and not, and of each state
//	CRC-32C  32 bits, of all before it
//
// with numbers in little-endian order. So neither stream is hashed again.
type start struct {
	sums *sums
	head part // the members of the run of directories
}

// maxHead is more bytes than the run of directories has.
const maxHead = 64 << 20

// start returns the start of the layer, from the cache or made anew.
func (l *laying) start(ctx context.Context) (*start, error) {
	name := fmt.Sprintf("%x", l.key())
	if s := l.runs.readStart(name); s != nil {
		return s, nil
	}
	file, err := l.runs.folder.Create(cache.Layers, name)
	if err != nil {
		return nil, err
	}
	defer file.Discard()
	s := &start{sums: newSums()}
	sum := crc32.New(castagnoli())
	w := io.MultiWriter(file, sum)
	err = s.sums.writeTo(ctx, l.runs.encoder, w, func(m *members) error {
		return newRunWriter(m, l.options.Epoch).run(l.plan.directories)
	})
	if err != nil {
		return nil, err
	}
	s.head = part{path: l.runs.folder.Path(cache.Layers, name), size: s.sums.size}
	if err := l.addRuns(ctx, s.sums); err != nil {
		return nil, err
	}
	end, err := s.sums.append(nil)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(end); err != nil {
		return nil, l.runs.folder.Fault(err)
	}
	if _, err := file.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32())); err != nil {
		return nil, l.runs.folder.Fault(err)
	}
	return s, file.Commit()
}

// addRuns takes in the packages' runs.
func (l *laying) addRuns(ctx context.Context, s *sums) error {
	return l.runs.encoder.stream(ctx, func(m *members) error {
		for _, run := range l.files {
			if err := m.sendRun(run, l.runs.takeSpool(run)); err != nil {
				return err
			}
		}
		return nil
	}, func(b *block) error {
		s.add(b)
		return nil
	})
}

// sendRun sends the members of a run that is compressed. What they unpack to is
// read from spool, unless that is nil.
func (m *members) sendRun(run *runFile, spool *os.File) error {
	if spool != nil {
		defer spool.Close()
	}
	f, err := os.Open(run.path)
	if err != nil {
		return err
	}
	defer f.Close()
	for i, length := range run.lengths {
		if err := m.take(); err != nil {
			return err
		}
		b, n := m.current, run.rawLength(i)
		if _, err := io.CopyN(&b.out, f, int64(length)); err != nil {
			return err
		}
		b.raw = b.raw[:n]
		do := (*codec).unpack
		if spool != nil {
			if _, err := io.ReadFull(spool, b.raw); err != nil {
				return err
			}
			do = func(*codec, *block) error { return nil }
		}
		m.send(do)
	}
	return nil
}

// readStart returns the start that the cache has under a name; nil where there
// is none or it is damaged.
func (r *Runs) readStart(name string) *start {
	content, err := r.folder.Read(cache.Layers, name, maxHead)
	if err != nil || len(content) < crc32.Size {
		return nil
	}
	content, trailer := content[:len(content)-crc32.Size], content[len(content)-crc32.Size:]
	if binary.LittleEndian.Uint32(trailer) != crc32.Checksum(content, castagnoli()) {
		return nil
	}
	sums, head := readSums(content)
	if sums == nil {
		return nil
	}
	return &start{sums, part{path: r.folder.Path(cache.Layers, name), size: int64(head)}}
}

// append appends the sums, to go on with them later.
func (s *sums) append(b []byte) ([]byte, error) {
	var states [][]byte
	for _, h := range []hash.Hash{s.digest, s.diffID} {
		state, err := h.(encoding.BinaryMarshaler).MarshalBinary()
		if err != nil {
			return nil, fmt.Errorf("internal error: %w", err)
		}
		states = append(states, state)
	}
	b = append(append(b, states[0]...), states[1]...)
	for _, n := range []int64{s.size, s.raw, int64(len(states[0])), int64(len(states[1]))} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	return b, nil
}

// readSums reads the sums at the end of b, and returns how many bytes are
// before them; nil where there are none.
func readSums(b []byte) (s *sums, before int) {
	const numbers = 4 * 8
	if len(b) < numbers {
		return nil, 0
	}
	b, end := b[:len(b)-numbers], b[len(b)-numbers:]
	number := func(i int) int64 { return int64(binary.LittleEndian.Uint64(end[8*i:])) }
	s = newSums()
	s.size, s.raw = number(0), number(1)
	first, second := number(2), number(3)
	if first < 0 || second < 0 || first > int64(len(b)) || second > int64(len(b))-first {
		return nil, 0
	}
	before = len(b) - int(first) - int(second)
	states := bytes.NewReader(b[before:])
	for _, h := range []struct {
		hash hash.Hash
		size int64
	}{{s.digest, first}, {s.diffID, second}} {
		state := make([]byte, h.size)
		if _, err := io.ReadFull(states, state); err != nil || h.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(state) != nil {
			return nil, 0
		}
	}
	return s, before
}
