package certificate

import (
	"bytes"
	"crypto/x509"
	"net"
	"testing"
	"time"
)

var epoch = time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)

var names = Names{DNS: []string{"svc", "svc.ns.svc"}, Addresses: []net.IP{net.ParseIP("10.96.0.7"), net.ParseIP("fd00::7")}}

func newAuthority(t *testing.T, now time.Time) Authority {
	t.Helper()
	a, err := NewAuthority("check", now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t *testing.T, a Authority, now time.Time) *x509.Certificate {
	t.Helper()
	made, err := a.Issue(names, now)
	if err != nil {
		t.Fatal(err)
	}
	return made.Leaf
}

func TestWhatIsIssuedIsTrustedForItsNamesOnly(t *testing.T) {
	ours, other := newAuthority(t, epoch), newAuthority(t, epoch)
	leaf := issue(t, ours, epoch)
	tests := map[string]struct {
		by   Authority
		host string
		at   time.Time
		want bool
	}{
		"the first name":                {ours, "svc", epoch, true},
		"the last name":                 {ours, "svc.ns.svc", epoch, true},
		"an IPv4 address":               {ours, "10.96.0.7", epoch, true},
		"an IPv6 address":               {ours, "fd00::7", epoch, true},
		"a clock that is behind":        {ours, "svc", epoch.Add(-skew), true},
		"its last moment":               {ours, "svc", epoch.Add(ServerLife), true},
		"after its life":                {ours, "svc", epoch.Add(ServerLife + time.Second), false},
		"another name":                  {ours, "other.ns.svc", epoch, false},
		"another address":               {ours, "10.96.0.8", epoch, false},
		"an authority of the same name": {other, "svc", epoch, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			certPEM, _, err := tt.by.PEM()
			if err != nil {
				t.Fatal(err)
			}
			roots, err := Pool(certPEM)
			if err != nil {
				t.Fatal(err)
			}
			_, err = leaf.Verify(x509.VerifyOptions{DNSName: tt.host, Roots: roots, CurrentTime: tt.at})
			if got := err == nil; got != tt.want {
				t.Errorf("trusted: %t (%v), want %t", got, err, tt.want)
			}
			if tt.at.Equal(epoch) && SignedBy(leaf, tt.by) != (tt.by == ours) {
				t.Errorf("SignedBy: got %t", tt.by != ours)
			}
		})
	}
}

func TestRenewAt(t *testing.T) {
	a := newAuthority(t, epoch)
	tests := map[string]struct {
		of   *x509.Certificate
		want time.Duration // after it was made, a few minutes less
	}{
		"an authority": {a.Certificate, AuthorityLife * 2 / 3},
		"a server":     {issue(t, a, epoch), ServerLife * 2 / 3},
		"a server at the end of its authority": {
			issue(t, a, epoch.Add(AuthorityLife-3*time.Hour)), AuthorityLife - 3*time.Hour + 2*time.Hour,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			at := RenewAt(tt.of)
			if got := at.Sub(epoch); got > tt.want || got < tt.want-skew {
				t.Errorf("after %s, want %s", got, tt.want)
			}
			if tt.of.NotAfter.After(a.Certificate.NotAfter) {
				t.Error("it outlives its authority")
			}
		})
	}
}

func TestANewAuthoritySignsWhenItIsKnown(t *testing.T) {
	renewed := epoch.Add(AuthorityLife * 2 / 3)
	first, second := newAuthority(t, epoch), newAuthority(t, renewed)
	alone := Authorities{Newest: first}
	both := alone.Renew(second)
	tests := map[string]struct {
		of       Authorities
		at       time.Time
		want     Authority
		wantDue  bool
		wantBoth bool // are trusted
	}{
		"the first, from the start":   {of: alone, at: epoch, want: first},
		"the first, after two thirds": {of: alone, at: renewed, want: first, wantDue: true},
		"the second is not yet known": {of: both, at: renewed.Add(Settle - time.Second), want: first, wantBoth: true},
		"the second is known":         {of: both, at: renewed.Add(Settle), want: second, wantBoth: true},
		"the first has ended":         {of: both, at: epoch.Add(AuthorityLife), want: second},
		"the second was made late":    {of: alone.Renew(newAuthority(t, epoch.Add(AuthorityLife-time.Hour))), at: epoch.Add(AuthorityLife - time.Hour), wantBoth: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.want == (Authority{}) {
				tt.want = tt.of.Newest
			}
			if got := tt.of.Signer(tt.at); got != tt.want {
				t.Errorf("signer: the one made %s, want the one made %s", got.Certificate.NotBefore, tt.want.Certificate.NotBefore)
			}
			if got := tt.of.Due(tt.at); got != tt.wantDue {
				t.Errorf("due: %t", got)
			}
			trusted, err := ParseBundle(tt.of.Bundle(tt.at))
			if err != nil || (len(trusted) == 2) != tt.wantBoth {
				t.Errorf("%d are trusted, %v", len(trusted), err)
			}
		})
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	a := newAuthority(t, epoch)
	certPEM, keyPEM, err := a.PEM()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseAuthority(certPEM, keyPEM)
	if err != nil || !bytes.Equal(again.Certificate.Raw, a.Certificate.Raw) || !again.key.Equal(a.key) {
		t.Fatalf("not the same: %v", err)
	}
	_, otherKey, err := newAuthority(t, epoch).PEM()
	if err != nil {
		t.Fatal(err)
	}
	leaf := encode(issue(t, a, epoch))
	tests := map[string]struct{ cert, key []byte }{
		"nothing":                     {nil, nil},
		"the key of another":          {certPEM, otherKey},
		"text":                        {[]byte("hello"), keyPEM},
		"one that does not sign":      {leaf, keyPEM},
		"the certificate of the leaf": {leaf, otherKey},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseAuthority(tt.cert, tt.key); err == nil {
				t.Error("it was taken")
			}
		})
	}
	if _, err := ParsePair(certPEM, keyPEM, epoch.Add(AuthorityLife)); err == nil {
		t.Error("a certificate that has expired was taken")
	}
	if _, err := ParseBundle([]byte("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n")); err == nil {
		t.Error("a bundle that is damaged was taken")
	}
	if _, err := ParseBundle(keyPEM); err == nil {
		t.Error("a bundle of no certificate was taken")
	}
}

func TestSameNames(t *testing.T) {
	leaf := issue(t, newAuthority(t, epoch), epoch)
	tests := map[string]struct {
		names Names
		want  bool
	}{
		"the same":            {names, true},
		"a name less":         {Names{DNS: names.DNS[:1], Addresses: names.Addresses}, false},
		"another name":        {Names{DNS: []string{"svc", "x"}, Addresses: names.Addresses}, false},
		"an address less":     {Names{DNS: names.DNS, Addresses: names.Addresses[:1]}, false},
		"another address":     {Names{DNS: names.DNS, Addresses: []net.IP{names.Addresses[0], net.ParseIP("fd00::8")}}, false},
		"the other way round": {Names{DNS: []string{"svc.ns.svc", "svc"}, Addresses: names.Addresses}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := SameNames(leaf, tt.names); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
