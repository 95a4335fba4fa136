package layer

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compression is how a layer's blocks are compressed. The zero value is gzip at
// level 6, the encoding's own.
type Compression struct {
	zstd  bool
	level int // 0: 6 of gzip
}

// The levels that are meant where none is named. On real packages gzip's next
// higher one takes half as much time again for 2 % less.
const (
	gzipLevel = 6
	zstdLevel = 3
)

// ParseCompression reads "gzip", "zstd" or either with a level, "gzip:9": gzip
// has the levels 1 to 9; of zstd's the encoder has 1, 3, 7 and 11.
func ParseCompression(s string) (Compression, error) {
	method, text, leveled := strings.Cut(s, ":")
	level, err := strconv.Atoi(text)
	if leveled && (err != nil || strconv.Itoa(level) != text) {
		level = 0
	}
	switch {
	case method == "gzip" && (!leveled || level == gzipLevel):
		return Compression{}, nil
	case method == "gzip" && level >= 1 && level <= 9:
		return Compression{level: level}, nil
	case method == "gzip":
		return Compression{}, fmt.Errorf("cannot compress by %q: gzip has the levels 1 to 9", s)
	case method == "zstd" && !leveled:
		return Compression{zstd: true, level: zstdLevel}, nil
	case method == "zstd" && (level == 1 || level == 3 || level == 7 || level == 11):
		return Compression{zstd: true, level: level}, nil
	case method == "zstd":
		return Compression{}, fmt.Errorf("cannot compress by %q: zstd has the levels 1, 3, 7 and 11 here", s)
	}
	return Compression{}, fmt.Errorf("cannot compress by %q: it is neither gzip nor zstd", s)
}

// String returns what ParseCompression reads, with the level.
func (c Compression) String() string {
	switch {
	case c.zstd:
		return fmt.Sprintf("zstd:%d", c.level)
	case c.level == 0:
		return fmt.Sprintf("gzip:%d", gzipLevel)
	}
	return fmt.Sprintf("gzip:%d", c.level)
}

// MarshalText is String.
func (c Compression) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// IsDefault reports whether it is the encoding's own.
func (c Compression) IsDefault() bool { return c == Compression{} }

// IsZstd reports whether it is zstd (RFC 8878).
func (c Compression) IsZstd() bool { return c.zstd }

// compressor compresses blocks, each by itself: the same block always gives the
// same bytes, whatever was compressed before.
type compressor func(b *block) error

// compressor returns a new one.
func (c Compression) compressor() (compressor, error) {
	if c.zstd {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(c.level)),
			zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(BlockSize), zstd.WithEncoderCRC(true))
		if err != nil {
			return nil, err
		}
		return func(b *block) error {
			_, err := b.out.Write(w.EncodeAll(b.raw, b.out.AvailableBuffer()))
			return err
		}, nil
	}
	level := c.level
	if level == 0 {
		level = gzipLevel
	}
	w, err := gzip.NewWriterLevel(nil, level)
	if err != nil {
		return nil, err
	}
	return func(b *block) error {
		w.Reset(&b.out)             // from here on it writes what a new one would
		w.ModTime = time.Unix(0, 0) // no time; the zero Time would be written as a date
		if _, err := w.Write(b.raw); err != nil {
			return err
		}
		return w.Close()
	}, nil
}
