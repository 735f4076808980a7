package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Lifetimes of certificates.
const (
	AuthorityLife = 365 * 24 * time.Hour
	ServerLife    = 7 * 24 * time.Hour
	// skew is how far clocks of nodes may be behind.
	skew = 10 * time.Minute
)

// The types of PEM blocks.
const (
	certificateBlock = "CERTIFICATE"
	keyBlock         = "PRIVATE KEY"
)

// Authority is the controller's own certificate authority.
type Authority struct {
	Certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority creates an authority.
func NewAuthority(name string, now time.Time) (Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Authority{}, fmt.Errorf("authority: %w", err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-skew),
		NotAfter:              now.Add(AuthorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	made, err := sign(template, template, key, key)
	if err != nil {
		return Authority{}, fmt.Errorf("authority: %w", err)
	}
	return Authority{Certificate: made, key: key}, nil
}

// ParseAuthority parses the output of PEM.
func ParseAuthority(certPEM, keyPEM []byte) (Authority, error) {
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return Authority{}, fmt.Errorf("authority: %w", err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return Authority{}, errors.New("authority: must be a CA certificate with an ECDSA key")
	}
	return Authority{Certificate: pair.Leaf, key: key}, nil
}

// PEM returns the certificate and the key as text.
func (a Authority) PEM() (certPEM, keyPEM []byte, err error) {
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("authority: %w", err)
	}
	return encode(a.Certificate), pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: key}), nil
}

// Names are the host names and addresses of a server.
type Names struct {
	DNS       []string
	Addresses []net.IP
}

// Issue creates a certificate for a server. It does not outlive the authority.
func (a Authority) Issue(names Names, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	template := &x509.Certificate{
		NotBefore:             now.Add(-skew),
		NotAfter:              earlier(now.Add(ServerLife), a.Certificate.NotAfter),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              names.DNS,
		IPAddresses:           names.Addresses,
	}
	if len(names.DNS) > 0 && len(names.DNS[0]) <= 64 {
		template.Subject.CommonName = names.DNS[0] // for operators: programs use the alternative names
	}
	made, err := sign(template, a.Certificate, key, a.key)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{made.Raw}, PrivateKey: key, Leaf: made}, nil
}

func sign(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func encode(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: c.Raw})
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
