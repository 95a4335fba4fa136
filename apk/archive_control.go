package apk

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// ScriptKind says when a script runs (apk-package(5), "scripts").
type ScriptKind string

// The scripts that a package can have.
const (
	PreInstall    ScriptKind = "pre-install"
	PostInstall   ScriptKind = "post-install"
	PreDeinstall  ScriptKind = "pre-deinstall"
	PostDeinstall ScriptKind = "post-deinstall"
	PreUpgrade    ScriptKind = "pre-upgrade"
	PostUpgrade   ScriptKind = "post-upgrade"
	Trigger       ScriptKind = "trigger"
)

// ScriptKinds returns all kinds in the order in which apk's database keeps
// scripts.
func ScriptKinds() []ScriptKind {
	return []ScriptKind{PreInstall, PostInstall, PreDeinstall, PostDeinstall, PreUpgrade, PostUpgrade, Trigger}
}

// What a package file may hold before its data section. Alpine's largest
// control sections have some hundred kilobytes, of provides.
const (
	maxSignatureMembers = 8
	maxSignatureMember  = 1 << 20
	maxControl          = 16 << 20
	maxScript           = 1 << 20
)

// control is a package file up to its data section. Nothing in it is to be
// believed before raw is verified.
type control struct {
	signatures []Signature
	raw        []byte // the control section, compressed
	tar        []byte // the control section
	end        int64  // where the data section starts
}

// readControl splits off the members before the data section.
func readControl(src io.ReaderAt, size int64) (*control, error) {
	c := &control{}
	for range maxSignatureMembers + 1 {
		m, err := readMember(src, c.end, size, maxControl)
		if err != nil {
			return nil, err
		}
		c.end = m.end
		if !isSignatureMember(m.content) {
			c.raw, c.tar = m.raw, m.content
			return c, nil
		}
		signatures, err := readSignatures(m.content)
		if err != nil {
			return nil, err
		}
		c.signatures = append(c.signatures, signatures...)
	}
	return nil, fmt.Errorf("it has more than %d signature members", maxSignatureMembers)
}

// digest returns the digest that a signature is made over.
func (c *control) digest(hash crypto.Hash) []byte {
	h := hash.New()
	h.Write(c.raw)
	return h.Sum(nil)
}

// archive parses a control section that is verified.
func (c *control) archive(size int64) (*Archive, error) {
	a := &Archive{Scripts: map[ScriptKind][]byte{}, data: c.end, size: size}
	err := eachControlFile(c.tar, func(h *tar.Header, content []byte) error {
		kind := ScriptKind(strings.TrimPrefix(h.Name, "."))
		switch {
		case h.Name == ".PKGINFO" && a.Info != nil, a.Scripts[kind] != nil:
			return fmt.Errorf("its control section has %s twice", h.Name)
		case h.Name == ".PKGINFO":
			var err error
			a.Info, err = ParseInfo(content)
			return err
		case !strings.HasPrefix(h.Name, "."), h.Name == ".INSTALL":
			return fmt.Errorf("its control section has %q, which apk's format 2 does not allow there", h.Name)
		case kind.known() && len(content) > maxScript:
			return fmt.Errorf("its script %s has more than %d bytes", kind, maxScript)
		case kind.known():
			a.Scripts[kind] = append([]byte{}, content...)
		}
		// Other dot files are the packager's own, as melange's .melange.yaml.
		return nil
	})
	if err != nil {
		return nil, err
	}
	if a.Info == nil {
		return nil, errors.New("its control section has no .PKGINFO")
	}
	return a, nil
}

// known reports whether k is one of ScriptKinds.
func (k ScriptKind) known() bool {
	for _, known := range ScriptKinds() {
		if k == known {
			return true
		}
	}
	return false
}

// isSignatureMember reports whether a member starts with a signature.
func isSignatureMember(content []byte) bool {
	h, err := tar.NewReader(bytes.NewReader(content)).Next()
	return err == nil && IsSignatureName(h.Name)
}

// readSignatures returns the signatures of a signature member that are of a
// known kind.
func readSignatures(content []byte) ([]Signature, error) {
	if len(content) > maxSignatureMember {
		return nil, fmt.Errorf("its signature member has more than %d bytes", maxSignatureMember)
	}
	var signatures []Signature
	err := eachControlFile(content, func(h *tar.Header, content []byte) error {
		key, hash, ok := ParseSignatureName(h.Name)
		switch {
		case !IsSignatureName(h.Name):
			return fmt.Errorf("its signature member has %q, which is no signature", h.Name)
		case ok && len(content) > maxSignature:
			return fmt.Errorf("its signature %s has more than %d bytes", h.Name, maxSignature)
		case ok:
			signatures = append(signatures, Signature{Key: key, Hash: hash, Bytes: append([]byte{}, content...)})
		}
		return nil
	})
	return signatures, err
}

// eachControlFile calls do for each entry of a tar stream of plain files.
func eachControlFile(stream []byte, do func(h *tar.Header, content []byte) error) error {
	r := tar.NewReader(bytes.NewReader(stream))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("its control section is damaged: %w", err)
		}
		if h.Typeflag != tar.TypeReg || isSparse(h) {
			return fmt.Errorf("%q in its control section is not a regular file", h.Name)
		}
		content, err := io.ReadAll(io.LimitReader(r, int64(len(stream))))
		if err != nil {
			return fmt.Errorf("its control section is damaged: %w", err)
		}
		if err := do(h, content); err != nil {
			return err
		}
	}
}

// isSparse reports whether an entry's content is written with holes, which
// apk does not read and which could stand for any number of bytes.
func isSparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// member is one gzip member of a file (RFC 1952).
type member struct {
	raw     []byte // compressed
	content []byte
	end     int64 // offset of what follows
}

// readMember reads the gzip member at start, of at most limit bytes before
// and after unpacking, and finds where it ends.
func readMember(src io.ReaderAt, start, size, limit int64) (member, error) {
	if start >= size {
		return member{}, errors.New("the file ends before its data section")
	}
	in := &countingReader{r: bufio.NewReader(io.NewSectionReader(src, start, min(size-start, limit)))}
	zr, err := gzip.NewReader(in)
	if err != nil {
		return member{}, fmt.Errorf("it is not a package of apk's format 2: %w", noEOF(err))
	}
	zr.Multistream(false)
	content, err := io.ReadAll(io.LimitReader(zr, limit+1))
	switch {
	case int64(len(content)) > limit || in.n == limit:
		return member{}, fmt.Errorf("a member before its data section has more than %d bytes", limit)
	case err != nil:
		return member{}, fmt.Errorf("a member before its data section is damaged: %w", noEOF(err))
	}
	raw := make([]byte, in.n)
	if _, err := io.ReadFull(io.NewSectionReader(src, start, in.n), raw); err != nil {
		return member{}, noEOF(err)
	}
	return member{raw, content, start + in.n}, nil
}

// countingReader counts the bytes that a decompressor takes. As it can read
// single bytes, no more are taken than belong to the member.
type countingReader struct {
	r *bufio.Reader
	n int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

func (c *countingReader) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// noEOF names the end of a file where more was expected.
func noEOF(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("it ends in the middle")
	}
	return err
}
