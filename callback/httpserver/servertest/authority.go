package servertest

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
)

// Authority is a certificate authority for the replicas of a test.
type Authority struct {
	certificate.Authority
	Bundle []byte // its certificate, as PEM
}

// NewAuthority returns a new certificate authority.
func NewAuthority(t *testing.T) Authority {
	t.Helper()
	a, err := certificate.NewAuthority("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return Authority{Authority: a, Bundle: certificate.FormatBundle([]*x509.Certificate{a.Certificate})}
}

// Server returns the configuration of a server with a certificate of this authority.
func (a Authority) Server(t *testing.T, names ...string) *tls.Config {
	t.Helper()
	made, err := a.Issue(certificate.Names{DNS: names, Addresses: []net.IP{net.ParseIP("127.0.0.1")}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return made, nil }}
}

// Client returns the configuration of clients that trust this authority, and expect a
// server with the name.
func (a Authority) Client(t *testing.T, name string) func() (*tls.Config, error) {
	t.Helper()
	pool, err := certificate.Pool(a.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	return func() (*tls.Config, error) {
		return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, ServerName: name}, nil
	}
}
