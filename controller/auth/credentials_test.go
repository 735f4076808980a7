package auth

import (
	"encoding/base64"
	"testing"

	"k8s.io/utils/clock"
)

// jwt returns an unsigned token with these claims.
func jwt(claims string) string {
	return "eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2lnbmF0dXJlc2lnbmF0dXJl"
}

func TestServiceAccountTokensOfThisController(t *testing.T) {
	const issuer, ours = "https://kubernetes.default.svc", "bjc.ns.name"
	tests := map[string]struct {
		claims  string
		issuers []string
		want    bool
	}{
		"its own":                      {claims: `{"iss":"` + issuer + `","aud":["` + ours + `"]}`, issuers: []string{issuer}, want: true},
		"one audience, as a text":      {claims: `{"iss":"` + issuer + `","aud":"` + ours + `"}`, issuers: []string{issuer}, want: true},
		"another audience beside it":   {claims: `{"iss":"` + issuer + `","aud":["x","` + ours + `"]}`, issuers: []string{issuer}, want: true},
		"of the issuer of before":      {claims: `{"iss":"old","aud":["` + ours + `"]}`, issuers: []string{issuer, "old"}, want: true},
		"for another controller":       {claims: `{"iss":"` + issuer + `","aud":["bjc.ns.other"]}`, issuers: []string{issuer}},
		"for the API server":           {claims: `{"iss":"` + issuer + `","aud":["` + issuer + `"]}`, issuers: []string{issuer}},
		"without an audience":          {claims: `{"iss":"` + issuer + `"}`, issuers: []string{issuer}},
		"of another issuer":            {claims: `{"iss":"https://example.com","aud":["` + ours + `"]}`, issuers: []string{issuer}},
		"while the issuer is unknown":  {claims: `{"iss":"` + issuer + `","aud":["` + ours + `"]}`},
		"without an issuer, unknown":   {claims: `{"aud":["` + ours + `"]}`},
		"claims that are no object":    {claims: `{"iss":`, issuers: []string{issuer}},
		"an audience that is a number": {claims: `{"iss":"` + issuer + `","aud":1}`, issuers: []string{issuer}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := NewCredentials(nil, NewIssuers("", clock.RealClock{}), ours)
			for _, i := range tt.issuers {
				c.learn(jwt(`{"iss":"` + i + `","sub":"system:serviceaccount:ns:pod","aud":"` + ours + `"}`))
			}
			if got := c.IsJWT([]byte(base64.RawURLEncoding.EncodeToString([]byte(tt.claims)))); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
