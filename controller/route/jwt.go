package route

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// maxJWT bounds a parsed JWT, in bytes. Headers are not longer.
const maxJWT = 12 << 10

// PodTokens distinguishes the service account tokens of a controller's pods from other
// JWTs, without a request to the API server.
type PodTokens struct {
	Issuers  []string // of the cluster; none: unknown, and IsOwn accepts any
	Audience string
}

// IsOwn reports whether a JWT claims to be such a token. It does not check the signature:
// the claim may be made up, but a token without it cannot be one.
func (p PodTokens) IsOwn(jwt string) bool {
	c, ok := claimsOf(jwt)
	return ok && slices.Contains(c.Audience, p.Audience) &&
		(len(p.Issuers) == 0 || slices.Contains(p.Issuers, c.Issuer))
}

// Proves reports whether the encoded claims of a JWT are those of such a token of a known
// issuer.
func (p PodTokens) Proves(payload string) bool {
	c, ok := parseClaims(payload)
	return ok && slices.Contains(c.Audience, p.Audience) && slices.Contains(p.Issuers, c.Issuer)
}

// IssuerOf returns the issuer of a service account token for an audience, or "". Tokens
// without an audience, from a Secret, have another issuer.
func IssuerOf(jwt string) string {
	c, _ := claimsOf(jwt)
	if len(c.Audience) == 0 || !strings.HasPrefix(c.Subject, "system:serviceaccount:") {
		return ""
	}
	return c.Issuer
}

// IsJWT reports whether a text has the form of a JWT.
func IsJWT(text string) bool {
	return len(text) <= maxJWT && strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2
}

// claims are the claims that distinguish tokens.
type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
}

// audience is a list, which may be written as its only element.
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if err := json.Unmarshal(text, &one); err == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

func claimsOf(jwt string) (claims, bool) {
	if !IsJWT(jwt) {
		return claims{}, false
	}
	_, rest, _ := strings.Cut(jwt, ".")
	payload, _, _ := strings.Cut(rest, ".")
	return parseClaims(payload)
}

func parseClaims(payload string) (claims, bool) {
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return claims{}, false
	}
	var c claims
	if err := json.Unmarshal(text, &c); err != nil {
		return claims{}, false
	}
	return c, true
}
