package apk

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Signer is a private key with the name under which clients know its public
// half, such as "acme.rsa.pub".
type Signer struct {
	Name string
	Key  *rsa.PrivateKey
}

// ParsePrivateKey reads an RSA private key as abuild-keygen(1) writes it, not
// encrypted: one PEM block "PRIVATE KEY" (RFC 5958) or "RSA PRIVATE KEY"
// (RFC 8017) and nothing after it. Errors do not repeat what is in the file.
func ParsePrivateKey(file []byte) (*rsa.PrivateKey, error) {
	block, rest := pem.Decode(file)
	if block == nil {
		return nil, errors.New("not a PEM file")
	}
	if len(rest) > 0 {
		return nil, errors.New("has something after the key")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("holds a %q, not a \"PRIVATE KEY\" that is not encrypted", block.Type)
	}
	if err != nil {
		return nil, errors.New("not a private key")
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	if n := private.N.BitLen(); n < minKeyBits {
		return nil, fmt.Errorf("an RSA key of %d bits, at least %d are needed", n, minKeyBits)
	}
	return private, nil
}

// sign returns the name of the signature's tar entry and its content for a
// compressed member. PKCS #1 v1.5 has no random part: it is always the same.
func (s *Signer) sign(member []byte) (name string, signature []byte, err error) {
	digest := sha256.Sum256(member)
	signature, err = rsa.SignPKCS1v15(nil, s.Key, crypto.SHA256, digest[:])
	if err != nil {
		return "", nil, fmt.Errorf("cannot sign with %s: %w", s.Name, err)
	}
	return ".SIGN.RSA256." + s.Name, signature, nil
}
