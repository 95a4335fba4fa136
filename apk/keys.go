package apk

import (
	"crypto/rsa"
	"crypto/x509"
	"embed"
	"encoding/pem"
	"errors"
	"fmt"
)

// Keys are the public keys that are trusted, by the file name that signatures
// call them by (apk-keys(5)), such as "acme.rsa.pub".
type Keys map[string]*rsa.PublicKey

// minKeyBits is the shortest key that can be trusted; all of Alpine's have at
// least 2048 bits.
const minKeyBits = 2048

// ParseKey reads an RSA public key as abuild-keygen(1) writes it: one PEM
// block "PUBLIC KEY" (RFC 5280, SubjectPublicKeyInfo) and nothing after it.
// Keys of less than 2048 bits are refused.
func ParseKey(file []byte) (*rsa.PublicKey, error) {
	block, rest := pem.Decode(file)
	switch {
	case block == nil:
		return nil, errors.New("not a PEM file")
	case block.Type != "PUBLIC KEY":
		return nil, fmt.Errorf("holds a %q, not a \"PUBLIC KEY\"", block.Type)
	case len(rest) > 0:
		return nil, errors.New("has something after the key")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("not a public key: %w", err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	if n := public.N.BitLen(); n < minKeyBits {
		return nil, fmt.Errorf("an RSA key of %d bits, at least %d are needed", n, minKeyBits)
	}
	return public, nil
}

//go:embed keys/*.pub
var alpineKeys embed.FS

// AlpineKeys returns the public keys with which Alpine Linux signs its
// packages and indexes, of all its architectures.
func AlpineKeys() (Keys, error) {
	files, err := alpineKeys.ReadDir("keys")
	if err != nil {
		return nil, fmt.Errorf("internal error: %w", err)
	}
	keys := make(Keys, len(files))
	for _, f := range files {
		data, err := alpineKeys.ReadFile("keys/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("internal error: %w", err)
		}
		if keys[f.Name()], err = ParseKey(data); err != nil {
			return nil, fmt.Errorf("internal error: built-in key %s: %w", f.Name(), err)
		}
	}
	return keys, nil
}
