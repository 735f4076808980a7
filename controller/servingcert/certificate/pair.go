package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// ParsePair parses a server's certificate with its intermediates, and its key.
func ParsePair(certPEM, keyPEM []byte, now time.Time) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	if !now.Before(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("certificate: expired on %s", pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return &pair, nil
}

// ParseBundle parses the certificates of a bundle. It ignores text between them.
func ParseBundle(bundle []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for {
		var block *pem.Block
		block, bundle = pem.Decode(bundle)
		if block == nil {
			break
		}
		if block.Type != certificateBlock {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("bundle: %w", err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New("bundle: contains no certificate")
	}
	return all, nil
}

// FormatBundle concatenates certificates as PEM.
func FormatBundle(all []*x509.Certificate) []byte {
	var bundle []byte
	for _, c := range all {
		bundle = append(bundle, encode(c)...)
	}
	return bundle
}

// Pool returns the certificates of a bundle as roots.
func Pool(bundle []byte) (*x509.CertPool, error) {
	all, err := ParseBundle(bundle)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for _, c := range all {
		pool.AddCert(c)
	}
	return pool, nil
}

// Covers reports whether a certificate is for a name or an address.
func Covers(c *x509.Certificate, host string) bool { return c.VerifyHostname(host) == nil }

// SameNames reports whether a certificate is for exactly these names.
func SameNames(c *x509.Certificate, names Names) bool {
	if len(c.DNSNames) != len(names.DNS) || len(c.IPAddresses) != len(names.Addresses) {
		return false
	}
	for i, name := range names.DNS {
		if c.DNSNames[i] != name {
			return false
		}
	}
	for i, address := range names.Addresses {
		if !c.IPAddresses[i].Equal(address) {
			return false
		}
	}
	return true
}

// SignedBy reports whether an authority signed a certificate.
func SignedBy(c *x509.Certificate, a Authority) bool {
	return bytes.Equal(c.RawIssuer, a.Certificate.RawSubject) && c.CheckSignatureFrom(a.Certificate) == nil
}
