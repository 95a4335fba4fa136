package layer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"

	"github.com/mkimage/mkimage/internal/cache"
)

// A run in the cache is its members, as they stand in a layer, then the length
// of each, and a footer:
//
//	runMagic           which changes with the form
//	number of members  32 bits
//	CRC-32C            32 bits, of all before the footer
//	uncompressed size  64 bits
//
// with numbers in little-endian order. The sum finds damage, not forgery:
// nobody but the user writes to the cache.
const (
	runMagic   = "mkimage run 1\n\x00\x00"
	footerSize = len(runMagic) + 4 + 4 + 8
)

// errRun says that a run in the cache is not what was written.
var errRun = errors.New("a run in the cache is damaged")

// runFile is a run in a file.
type runFile struct {
	path    string
	size    int64 // of its members
	raw     int64 // uncompressed
	lengths []uint32
	spool   string // a file with the run uncompressed; empty: there is none
}

// rawLength returns how many bytes member i unpacks to.
func (f *runFile) rawLength(i int) int {
	if i < len(f.lengths)-1 {
		return BlockSize
	}
	return int(f.raw - int64(len(f.lengths)-1)*BlockSize)
}

// openRun reads and verifies a run of the cache. The error is os.ErrNotExist,
// errRun or one of reading.
func openRun(folder cache.Folder, key runKey) (*runFile, error) {
	f, err := folder.Open(cache.Runs, runName(key))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	end := info.Size() - int64(footerSize)
	footer := make([]byte, footerSize)
	if _, err := f.ReadAt(footer, max(end, 0)); err != nil || !bytes.HasPrefix(footer, []byte(runMagic)) {
		return nil, errRun
	}
	numbers := footer[len(runMagic):]
	count, want := binary.LittleEndian.Uint32(numbers), binary.LittleEndian.Uint32(numbers[4:])
	r := &runFile{path: f.Name(), size: end - 4*int64(count), raw: int64(binary.LittleEndian.Uint64(numbers[8:]))}
	sum := crc32.New(castagnoli())
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, end)); err != nil {
		return nil, err
	}
	if r.size < 0 || sum.Sum32() != want {
		return nil, errRun
	}
	table := make([]byte, 4*count)
	if _, err := f.ReadAt(table, r.size); err != nil {
		return nil, err
	}
	total := int64(0)
	for i := range int(count) {
		n := binary.LittleEndian.Uint32(table[4*i:])
		r.lengths, total = append(r.lengths, n), total+int64(n)
	}
	if last := r.rawLength(int(count) - 1); total != r.size || last <= 0 || last > BlockSize {
		return nil, errRun
	}
	return r, nil
}

// runName returns a run's name in the cache.
func runName(key runKey) string { return fmt.Sprintf("%x", key) }

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// runFileWriter writes a run to the cache.
type runFileWriter struct {
	file  *cache.Temporary
	sum   hash.Hash32
	run   runFile
	spool *os.File // nil: none
}

func (w *runFileWriter) add(b *block) error {
	w.run.lengths = append(w.run.lengths, uint32(b.out.Len()))
	w.run.size += int64(b.out.Len())
	w.run.raw += int64(len(b.raw))
	w.sum.Write(b.out.Bytes())
	w.spoolBlock(b.raw)
	_, err := w.file.Write(b.out.Bytes())
	return err
}

// commit completes the run, which appears in the cache.
func (w *runFileWriter) commit(folder cache.Folder, key runKey) (*runFile, error) {
	var end []byte
	for _, n := range w.run.lengths {
		end = binary.LittleEndian.AppendUint32(end, n)
	}
	w.sum.Write(end)
	end = append(end, runMagic...)
	end = binary.LittleEndian.AppendUint32(end, uint32(len(w.run.lengths)))
	end = binary.LittleEndian.AppendUint32(end, w.sum.Sum32())
	end = binary.LittleEndian.AppendUint64(end, uint64(w.run.raw))
	if _, err := w.file.Write(end); err != nil {
		return nil, folder.Fault(err)
	}
	w.file.Rename(runName(key))
	if err := w.file.Commit(); err != nil {
		return nil, err
	}
	w.run.path = folder.Path(cache.Runs, runName(key))
	return &w.run, nil
}
