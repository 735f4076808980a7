package certificate

import (
	"crypto/x509"
	"time"
)

// RenewAt returns when a certificate is to be renewed: after two thirds of its
// life.
func RenewAt(c *x509.Certificate) time.Time {
	return c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) * 2 / 3)
}

// Settle is how long a new authority is published before it signs: until then
// every client that is to trust it knows it.
const Settle = 24 * time.Hour

// Authorities are the newest authority, and the one before it if there is one.
type Authorities struct {
	Newest   Authority
	Previous *Authority
}

// Due reports whether there has to be a new authority.
func (a Authorities) Due(now time.Time) bool { return !now.Before(RenewAt(a.Newest.Certificate)) }

// Renew returns what follows when newest is made.
func (a Authorities) Renew(newest Authority) Authorities {
	return Authorities{Newest: newest, Previous: &a.Newest}
}

// Signer returns the authority that signs: the previous one while the newest
// is not known everywhere. It says the same on every replica.
func (a Authorities) Signer(now time.Time) Authority {
	if a.Previous == nil || !now.Before(a.Newest.Certificate.NotBefore.Add(skew+Settle)) ||
		now.Add(ServerLife).After(a.Previous.Certificate.NotAfter) {
		return a.Newest
	}
	return *a.Previous
}

// Bundle returns the certificates to be trusted, as text.
func (a Authorities) Bundle(now time.Time) []byte {
	bundle := encode(a.Newest.Certificate)
	if a.Previous != nil && now.Before(a.Previous.Certificate.NotAfter) {
		bundle = append(bundle, encode(a.Previous.Certificate)...)
	}
	return bundle
}
