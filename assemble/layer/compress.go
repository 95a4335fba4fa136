package layer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// sums describe a layer's two streams, as far as they were written.
type sums struct {
	digest, diffID hash.Hash
	size, raw      int64
}

func newSums() *sums { return &sums{digest: sha256.New(), diffID: sha256.New()} }

// add takes in one member. The two streams are hashed side by side.
func (s *sums) add(b *block) {
	hashed := make(chan struct{})
	go func() {
		s.digest.Write(b.out.Bytes())
		close(hashed)
	}()
	s.diffID.Write(b.raw)
	<-hashed
	s.raw += int64(len(b.raw))
	s.size += int64(b.out.Len())
}

// writeTo adds what write writes and passes the members to w.
func (s *sums) writeTo(ctx context.Context, e *Encoder, w io.Writer, write func(*members) error) error {
	return e.stream(ctx, write, func(b *block) error {
		s.add(b)
		_, err := w.Write(b.out.Bytes())
		return err
	})
}

func (s *sums) info(c Compression) Info {
	return Info{Digest: sum(s.digest), Size: s.size, DiffID: sum(s.diffID), UncompressedSize: s.raw, Compression: c}
}

func sum(h hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}
}
