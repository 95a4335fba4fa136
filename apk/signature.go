package apk

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha1" // the hashes that signatures are made over
	_ "crypto/sha256"
	_ "crypto/sha512"
	"errors"
	"fmt"
	"strings"
)

// Signature is one signature of a package or index: a tar entry named
// .SIGN.<algorithm>.<key name> (apk-v2(5)).
type Signature struct {
	Key   string      // name of the key's file
	Hash  crypto.Hash // SHA1, SHA256 or SHA512
	Bytes []byte      // PKCS #1 v1.5 (RFC 8017)
}

// maxSignature is the longest signature that is read, that of an RSA key of
// 16,384 bits.
const maxSignature = 2048

// IsSignatureName reports whether a tar entry of that name belongs to the
// signatures of a package or index.
func IsSignatureName(name string) bool { return strings.HasPrefix(name, ".SIGN.") }

// ParseSignatureName returns which key and hash the signature in a tar entry
// of that name needs. ok is false for algorithms other than RSA with SHA-1
// ("RSA"), SHA-256 ("RSA256") and SHA-512 ("RSA512"): such a signature is
// skipped, as another beside it may be trusted.
func ParseSignatureName(name string) (key string, hash crypto.Hash, ok bool) {
	rest, ok := strings.CutPrefix(name, ".SIGN.")
	if !ok {
		return "", 0, false
	}
	algorithm, key, _ := strings.Cut(rest, ".")
	switch algorithm {
	case "RSA":
		hash = crypto.SHA1
	case "RSA256":
		hash = crypto.SHA256
	case "RSA512":
		hash = crypto.SHA512
	}
	return key, hash, hash != 0 && key != ""
}

// The ways in which verifying fails. A caller adds the name of the file.
var (
	// ErrUnsigned: there is no signature at all.
	ErrUnsigned = errors.New("it is not signed")
	// ErrUntrusted: no signature is by a key that is trusted.
	ErrUntrusted = errors.New("it is not signed by a trusted key")
	// ErrBadSignature: a trusted key's signature is not one of this content.
	ErrBadSignature = errors.New("its content is not what was signed")
)

// Verify returns the name of a trusted key that made one of the signatures;
// one is enough (apk-v2(5)). digest returns the digest by the given hash of
// what was signed; it is called only for hashes of signatures by trusted keys.
// The error is one of ErrUnsigned, ErrUntrusted and ErrBadSignature with the
// keys' names.
func (k Keys) Verify(signatures []Signature, digest func(crypto.Hash) []byte) (key string, err error) {
	if len(signatures) == 0 {
		return "", ErrUnsigned
	}
	var unknown, wrong []string
	for _, s := range signatures {
		public, ok := k[s.Key]
		switch {
		case !ok:
			unknown = append(unknown, s.Key)
		case rsa.VerifyPKCS1v15(public, s.Hash, digest(s.Hash), s.Bytes) == nil:
			return s.Key, nil
		default:
			wrong = append(wrong, s.Key)
		}
	}
	if len(wrong) > 0 {
		return "", fmt.Errorf("%w by %s", ErrBadSignature, strings.Join(wrong, ", "))
	}
	return "", fmt.Errorf("%w, only by %s", ErrUntrusted, strings.Join(unknown, ", "))
}
