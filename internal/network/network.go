// Package network holds what everything that speaks HTTP here has in common.
// Its rules:
//
//   - The environment's proxy variables are heeded (HTTPS_PROXY, HTTP_PROXY,
//     NO_PROXY, as http.ProxyFromEnvironment reads them).
//   - A server is trusted by the system's certificate authorities and by those
//     that the caller adds. There is no way to trust all.
//   - A server that does not answer is given up, some time or other.
//   - What is said of an error holds no URL, and so no password of one.
package network

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	// answerLimit is how long a server may take to answer a request that it
	// has. Registries move large blobs about before they do.
	answerLimit = 5 * time.Minute
	// maxAuthorities is the most bytes of a file of certificates; that of
	// Debian has 220,000.
	maxAuthorities = 16 << 20
)

// NewTransport returns a transport that trusts the authorities, or the system's
// where that is nil, and keeps as many idle connections to a host as requests
// are made side by side.
func NewTransport(authorities *x509.CertPool, parallel int) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = parallel
	t.ResponseHeaderTimeout = answerLimit
	if authorities != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: authorities}
	}
	return t
}

// Authorities returns the system's certificate authorities and those of a file
// in PEM (RFC 7468) beside them. Errors name the file.
func Authorities(file string) (*x509.CertPool, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read certificates: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxAuthorities+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read certificates: %w", err)
	case len(content) > maxAuthorities:
		return nil, fmt.Errorf("cannot use the certificates of %s: the file has more than %d bytes", file, maxAuthorities)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("cannot read the system's certificates: %w", err)
	}
	if err := addCertificates(pool, content); err != nil {
		return nil, fmt.Errorf("cannot use the certificates of %s: %w", file, err)
	}
	return pool, nil
}

// addCertificates adds each certificate of a PEM text. Unlike
// x509.CertPool.AppendCertsFromPEM it does not pass over what it cannot read.
func addCertificates(pool *x509.CertPool, text []byte) error {
	found := 0
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return fmt.Errorf("it holds a %s", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("certificate %d: %w", found+1, err)
		}
		pool.AddCert(certificate)
		found++
	}
	if found == 0 {
		return fmt.Errorf("there is none in it; it must be a PEM file")
	}
	return nil
}
