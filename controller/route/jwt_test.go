package route_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

func jwt(payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256","kid":"x"}`)) + "." + encode([]byte(payload)) + "." + encode([]byte(strings.Repeat("s", 256)))
}

func TestPodTokensAreToldByIssuerAndAudience(t *testing.T) {
	const issuer, audience = "https://kubernetes.default.svc.cluster.local", "bjc.ns.name"
	known := route.PodTokens{Issuers: []string{"https://of.before", issuer}, Audience: audience}
	tests := map[string]struct {
		of   route.PodTokens
		jwt  string
		want bool
	}{
		"a token of ours":                    {of: known, jwt: jwt(`{"iss":"` + issuer + `","aud":["bjc.ns.name"],"sub":"x"}`), want: true},
		"of the issuer of before":            {of: known, jwt: jwt(`{"iss":"https://of.before","aud":["bjc.ns.name"]}`), want: true},
		"an audience that is no list":        {of: known, jwt: jwt(`{"iss":"` + issuer + `","aud":"bjc.ns.name"}`), want: true},
		"one audience of several":            {of: known, jwt: jwt(`{"iss":"` + issuer + `","aud":["api","bjc.ns.name"]}`), want: true},
		"any issuer while none is known":     {of: route.PodTokens{Audience: audience}, jwt: jwt(`{"iss":"https://elsewhere","aud":["bjc.ns.name"]}`), want: true},
		"of another issuer":                  {of: known, jwt: jwt(`{"iss":"https://accounts.google.com","aud":["bjc.ns.name"]}`)},
		"for another audience":               {of: known, jwt: jwt(`{"iss":"` + issuer + `","aud":["https://kubernetes.default.svc"]}`)},
		"for a controller of a similar name": {of: known, jwt: jwt(`{"iss":"` + issuer + `","aud":["bjc.ns.name2"]}`)},
		"no audience":                        {of: known, jwt: jwt(`{"iss":"` + issuer + `"}`)},
		"an audience that is no text":        {of: known, jwt: jwt(`{"iss":"` + issuer + `","aud":[1]}`)},
		"an audience that is null":           {of: known, jwt: jwt(`{"iss":"` + issuer + `","aud":null}`)},
		"an issuer that is no text":          {of: known, jwt: jwt(`{"iss":1,"aud":["bjc.ns.name"]}`)},
		"claims that are no JSON":            {of: known, jwt: jwt(`{"iss":`)},
		"claims that are no object":          {of: known, jwt: jwt(`null`)},
		"claims that are no base64":          {of: known, jwt: "eyJhbGciOiJSUzI1NiJ9.eyJ!.c2ln"},
		"too few parts":                      {of: known, jwt: "eyJhbGciOiJSUzI1NiJ9.e30"},
		"too many parts":                     {of: known, jwt: jwt(`{"iss":"`+issuer+`","aud":["bjc.ns.name"]}`) + ".x"},
		"nothing":                            {of: known},
		"longer than the headers may be":     {of: known, jwt: jwt(`{"iss":"` + issuer + `","aud":["bjc.ns.name"],"x":"` + strings.Repeat("x", 12<<10) + `"}`)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.of.IsOwn(tt.jwt); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestIssuerOf(t *testing.T) {
	const issuer = "https://kubernetes.default.svc"
	tests := map[string]struct{ token, want string }{
		"a service account's":          {jwt(`{"iss":"` + issuer + `","sub":"system:serviceaccount:ns:name","aud":["` + issuer + `"]}`), issuer},
		"a person's":                   {jwt(`{"iss":"https://accounts.google.com","sub":"ada","aud":["kubernetes"]}`), ""},
		"one of a Secret, for nothing": {jwt(`{"iss":"kubernetes/serviceaccount","sub":"system:serviceaccount:ns:name"}`), ""},
		"one of our own":               {"v1.00000000.20261124034200.a.x", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := route.IssuerOf(tt.token); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
