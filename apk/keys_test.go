package apk_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
)

func TestAlpineKeys(t *testing.T) {
	keys := alpineKeys(t)
	if len(keys) != 17 {
		t.Errorf("%d keys, want 17", len(keys))
	}
	for name := range keys {
		if !strings.HasPrefix(name, "alpine-devel@lists.alpinelinux.org-") || !strings.HasSuffix(name, ".rsa.pub") {
			t.Errorf("key %s is not one of Alpine's", name)
		}
	}
}

func TestParseKeyRefusals(t *testing.T) {
	public := func(key any) []byte {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	long := new(big.Int).Lsh(big.NewInt(1), 2047)
	good := public(&rsa.PublicKey{N: long.Add(long, big.NewInt(1)), E: 65537})
	if _, err := apk.ParseKey(good); err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, file := range map[string][]byte{
		"not a PEM file":              []byte("ssh-rsa AAAA"),
		"has something after the key": append(good, good...),
		"not an RSA key":              public(&ec.PublicKey),
		"at least 2048 are needed":    public(&rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537}),
		"holds a \"PRIVATE KEY\"":     pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}}),
		"not a public key":            pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte{1}}),
	} {
		if _, err := apk.ParseKey(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestParseSignatureName(t *testing.T) {
	for name, want := range map[string]crypto.Hash{
		".SIGN.RSA.a.rsa.pub": crypto.SHA1, ".SIGN.RSA256.a.rsa.pub": crypto.SHA256, ".SIGN.RSA512.a.rsa.pub": crypto.SHA512,
		".SIGN.DSA.a.rsa.pub": 0, ".SIGN.RSA": 0, ".SIGN.RSA.": 0, ".PKGINFO": 0, ".SIGN.RSA2560.a": 0,
	} {
		key, hash, ok := apk.ParseSignatureName(name)
		if ok != (want != 0) || ok && (hash != want || key != "a.rsa.pub") {
			t.Errorf("%s: %q, %v, %v", name, key, hash, ok)
		}
	}
}
