package pki

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
)

func TestIssuedCertificateVerifies(t *testing.T) {
	ca, err := New("test")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.Issue(Request{User: "server", Groups: []string{"g"}, Hosts: []string{"10.0.0.1", "name"}})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.Certificate)
	for _, host := range []string{"10.0.0.1", "name"} {
		if _, err := loaded.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots}); err != nil {
			t.Errorf("as %s: %v", host, err)
		}
	}
	if _, err := loaded.Leaf.Verify(x509.VerifyOptions{DNSName: "other", Roots: roots}); err == nil {
		t.Error("the certificate is valid for any name")
	}
	if got := loaded.Leaf.Subject.Organization; len(got) != 1 || got[0] != "g" {
		t.Errorf("groups are %q", got)
	}
}
