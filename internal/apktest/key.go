package apktest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"math/big"
)

// Three primes of 1,024 bits that sign nothing but tests. They are fixed so
// that every run signs the same bytes and no test waits for a key.
const (
	primeP = "f137638920d844772b055afd3bf55af0b8d1a23ce64dada1adfbe3e1581936b2" +
		"35d163b6c8b7d417a6398ec0b1eb8b57d79f466cf1da6f17b31df56523051132" +
		"7ad2f14055100d80d249cc6cd03e0ed5910f8acd3b793c2485f4a394bd78f2b3" +
		"1798f93bc3c5faad0144b700aad9cc7ce657d904ebd197e1bb318b23e39bdf1f"
	primeQ = "e240cd9e1877fab443c0d629b9c26d8131067b9e04d3cd6612342fa84c6011e3" +
		"5cc0ebf1ad2b6f8abbb9e6f0cb110a7efc78ff0ac75e79d71cdd75376b18279b" +
		"e82e3fc94ca09849af799db7f835870d4a4fbb0ad293b1de2b7fc3d2563a5a91" +
		"341de7521ec0c46d94bd1e4c51bd7ca64763c326abec7968b33330da38bb4697"
	primeR = "cdcd56556bab45ddb478130011053504b31cc9cb2f0b35b2c996f483c2794ca2" +
		"bde9421f5ccb6a5723c0c669008a96905b3a96eaf117b05dc189c7320cfa23d8" +
		"d844b7ab643bdfecdef29b86c4d50b38a589ed0bf734093cdd24e08c5e28b992" +
		"cb31f608478754eb9cda4f94c5c7350f10b6781610dc078e0612edaaf577e37f"
)

// Key is an RSA key pair of 2,048 bits for signing test packages and indexes.
type Key struct {
	// Name is the file name under which a client knows the public half, such
	// as "test.rsa.pub".
	Name string
	// Hash is the digest that is signed: crypto.SHA1 (entries named
	// .SIGN.RSA.NAME) or crypto.SHA256 (.SIGN.RSA256.NAME).
	Hash crypto.Hash

	private *rsa.PrivateKey
}

// TestKey returns the key "test.rsa.pub", which signs with SHA-256. It is the
// same key in every run.
func TestKey() *Key {
	return &Key{Name: "test.rsa.pub", Hash: crypto.SHA256, private: rsaKey(primeP, primeQ)}
}

// StrangerKey returns another key under the given name: what a forger signs
// with who knows only the name of the right key.
func StrangerKey(name string) *Key {
	return &Key{Name: name, Hash: crypto.SHA256, private: rsaKey(primeP, primeR)}
}

// PublicPEM returns the public half as a PEM block "PUBLIC KEY", the content
// of a file in etc/apk/keys.
func (k *Key) PublicPEM() []byte {
	der, err := x509.MarshalPKIXPublicKey(&k.private.PublicKey)
	must(err)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// Sign returns the name of the signature's tar entry and its content for a
// compressed member.
func (k *Key) Sign(member []byte) (name string, signature []byte) {
	var digest []byte
	switch k.Hash {
	case crypto.SHA1:
		d := sha1.Sum(member)
		name, digest = ".SIGN.RSA."+k.Name, d[:]
	default:
		d := sha256.Sum256(member)
		name, digest = ".SIGN.RSA256."+k.Name, d[:]
	}
	signature, err := rsa.SignPKCS1v15(nil, k.private, k.Hash, digest)
	must(err)
	return name, signature
}

// signatureMember returns the compressed member that precedes the signed one.
func (k *Key) signatureMember(signed []byte) []byte {
	name, signature := k.Sign(signed)
	return Compress(tarFiles(false, File{Name: name, Mode: 0o644, Content: signature, Plain: true}))
}

func rsaKey(p, q string) *rsa.PrivateKey {
	primes := []*big.Int{hexInt(p), hexInt(q)}
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(primes[0], one), new(big.Int).Sub(primes[1], one))
	e := big.NewInt(65537)
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(primes[0], primes[1]), E: int(e.Int64())},
		D:         new(big.Int).ModInverse(e, phi),
		Primes:    primes,
	}
	key.Precompute()
	return key
}

func hexInt(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic("apktest: a prime is not hexadecimal")
	}
	return n
}

// must stops a test whose own description of a package cannot be written.
func must(err error) {
	if err != nil {
		panic("apktest: " + err.Error())
	}
}
