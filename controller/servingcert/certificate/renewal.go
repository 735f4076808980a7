package certificate

import (
	"crypto/x509"
	"time"
)

// RenewAt returns when to renew a certificate: after two thirds of its lifetime.
func RenewAt(c *x509.Certificate) time.Time {
	return c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) * 2 / 3)
}

// Settle is how long a new authority is published before it signs, so that every client
// knows it by then.
const Settle = 24 * time.Hour

// Authorities are the newest authority and the previous one, if any.
type Authorities struct {
	Newest   Authority
	Previous *Authority
}

// Due reports whether a new authority is due.
func (a Authorities) Due(now time.Time) bool { return !now.Before(RenewAt(a.Newest.Certificate)) }

// Renew returns the authorities with a new one.
func (a Authorities) Renew(newest Authority) Authorities {
	return Authorities{Newest: newest, Previous: &a.Newest}
}

// Signer returns the authority that signs: the previous one until all clients know the
// newest. It is the same on every replica.
func (a Authorities) Signer(now time.Time) Authority {
	if a.Previous == nil || !now.Before(a.Newest.Certificate.NotBefore.Add(skew+Settle)) ||
		now.Add(ServerLife).After(a.Previous.Certificate.NotAfter) {
		return a.Newest
	}
	return *a.Previous
}

// Bundle returns the certificates to trust, as PEM.
func (a Authorities) Bundle(now time.Time) []byte {
	bundle := encode(a.Newest.Certificate)
	if a.Previous != nil && now.Before(a.Previous.Certificate.NotAfter) {
		bundle = append(bundle, encode(a.Previous.Certificate)...)
	}
	return bundle
}
