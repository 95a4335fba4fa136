package apk

import (
	"archive/tar"
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// Limits of what is read. Wolfi's index, the largest that is known, is a tenth
// of them.
const (
	maxIndexFile   = 128 << 20 // bytes of APKINDEX.tar.gz
	maxIndexText   = 1 << 30   // bytes of APKINDEX
	maxIndexLine   = 1 << 20
	maxDescription = 160 // apk ignores a longer one
)

// ReadIndex reads an APKINDEX.tar.gz: gzip members with signatures, then one
// with DESCRIPTION and APKINDEX, which a key of keys must have signed. Nothing
// of it is read before the signature is verified. Errors are fragments to put
// after the index's name; those about the signature are as of Keys.Verify.
func ReadIndex(r io.Reader, keys Keys) (*Index, error) {
	file, err := io.ReadAll(io.LimitReader(r, maxIndexFile+1))
	if err != nil {
		return nil, err
	}
	if len(file) > maxIndexFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxIndexFile)
	}
	content, err := verifyIndex(file, keys)
	if err != nil {
		return nil, err
	}
	description, text, err := readIndexMember(content)
	if err != nil {
		return nil, err
	}
	x, err := ParseIndex(text)
	if err != nil {
		return nil, err
	}
	x.description = description
	return x, nil
}

// VerifyIndex verifies the signature of an APKINDEX.tar.gz as ReadIndex does but
// reads nothing of what is signed. It is for indexes of which a cached form is
// there already, so that a key that is trusted no more has an effect at once.
func VerifyIndex(file []byte, keys Keys) error {
	_, err := verifyIndex(file, keys)
	return err
}

// verifyIndex returns what a trusted key has signed.
func verifyIndex(file []byte, keys Keys) ([]byte, error) {
	signatures, content, err := cutSignatures(file)
	if err != nil {
		return nil, err
	}
	_, err = keys.Verify(signatures, func(hash crypto.Hash) []byte {
		h := hash.New()
		h.Write(content)
		return h.Sum(nil)
	})
	return content, err
}

// cutSignatures divides an index into the signatures at its start and what
// they sign, the gzip members after them.
func cutSignatures(file []byte) ([]Signature, []byte, error) {
	const maxMember = 64 << 10 // unpacked bytes of a member with signatures
	var signatures []Signature
	for rest := file; ; {
		in := bytes.NewReader(rest)
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, nil, errors.New("it is not a gzip file, or cut short")
		}
		z.Multistream(false)
		member := &io.LimitedReader{R: z, N: maxMember}
		found, err := readIndexSignatures(tar.NewReader(member))
		switch {
		case err != nil:
			return nil, nil, err
		case found == nil:
			return signatures, rest, nil
		}
		if _, err := io.Copy(io.Discard, member); err != nil || member.N == 0 {
			return nil, nil, errors.New("its signature section is damaged")
		}
		signatures = append(signatures, found...)
		rest = rest[len(rest)-in.Len():]
	}
}

// readIndexSignatures reads the signatures of a member. It returns nil if the
// member begins with something else.
func readIndexSignatures(r *tar.Reader) ([]Signature, error) {
	var signatures []Signature
	for {
		h, err := r.Next()
		switch {
		case err == io.EOF && signatures != nil:
			return signatures, nil
		case err != nil:
			return nil, fmt.Errorf("it is not an index, or damaged: %w", err)
		case !IsSignatureName(h.Name) && signatures == nil:
			return nil, nil
		case !IsSignatureName(h.Name):
			return nil, fmt.Errorf("its signature section holds %q", abridge(h.Name))
		}
		if signatures == nil {
			signatures = []Signature{}
		}
		key, hash, ok := ParseSignatureName(h.Name)
		if !ok || h.Size > maxSignature {
			continue
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return nil, fmt.Errorf("its signature section is damaged: %w", err)
		}
		signatures = append(signatures, Signature{key, hash, b})
	}
}

// readIndexMember unpacks the signed member of an index.
func readIndexMember(content []byte) (description string, text []byte, err error) {
	in := bytes.NewReader(content)
	z, err := gzip.NewReader(in)
	if err != nil {
		return "", nil, err
	}
	z.Multistream(false)
	member := &io.LimitedReader{R: z, N: maxIndexText + 1<<20}
	for r := tar.NewReader(member); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", nil, damaged(member, err)
		}
		switch {
		case h.Name == "DESCRIPTION" && h.Size <= maxDescription:
			b, err := io.ReadAll(r)
			if err != nil {
				return "", nil, damaged(member, err)
			}
			description = string(b)
		case h.Name == "APKINDEX" && text != nil:
			return "", nil, errors.New("it has a second APKINDEX")
		case h.Name == "APKINDEX":
			if text, err = readIndexText(r, h.Size); err != nil {
				return "", nil, damaged(member, err)
			}
		}
	}
	switch _, err := io.Copy(io.Discard, member); {
	case err != nil || member.N == 0:
		return "", nil, damaged(member, err)
	case in.Len() > 0:
		return "", nil, errors.New("it has something after its content")
	case text == nil:
		return "", nil, errors.New("it has no APKINDEX")
	}
	return description, text, nil
}

// damaged explains an error of reading the unpacked member.
func damaged(member *io.LimitedReader, err error) error {
	if member.N == 0 {
		return fmt.Errorf("it unpacks to more than %d bytes", maxIndexText)
	}
	return fmt.Errorf("it is damaged: %w", err)
}

// readIndexText reads the APKINDEX, whose size is only what its header says.
// The result is not nil.
func readIndexText(r io.Reader, size int64) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, bytes.MinRead+min(size, 16<<20)))
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}
