package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTLS(t *testing.T) {
	off := TLS{Mode: TLSOff}
	tests := map[string]struct {
		text               string
		callbacks, reports TLS
		wantProblem        [2]string
		wantWarnings       int
	}{
		"nothing is said":                 {text: "", callbacks: off, reports: off},
		"off is a truth value to YAML":    {text: "callback: {tls: off}\nreports: {tls: off}", callbacks: off, reports: off},
		"off in quotes":                   {text: `callback: {tls: "off"}`, callbacks: off, reports: off},
		"an authority of our own":         {text: "callback: {tls: selfSigned}", callbacks: TLS{Mode: TLSSelfSigned}, reports: off},
		"only the reports":                {text: "reports: {tls: selfSigned}", callbacks: off, reports: TLS{Mode: TLSSelfSigned}},
		"a Secret each":                   {text: "callback: {tls: secret, tlsSecret: a}\nreports: {tls: secret, tlsSecret: b.c}", callbacks: TLS{TLSSecret, "a"}, reports: TLS{TLSSecret, "b.c"}},
		"a Secret that is not used":       {text: "callback: {tls: selfSigned, tlsSecret: a}", callbacks: TLS{Mode: TLSSelfSigned}, reports: off, wantWarnings: 1},
		"no Secret is named":              {text: "callback: {tls: secret}", wantProblem: [2]string{"callback.tlsSecret", "tls is secret"}},
		"no name of a Secret":             {text: "reports: {tls: secret, tlsSecret: A_b}", wantProblem: [2]string{"reports.tlsSecret", "lowercase"}},
		"on says nothing":                 {text: "callback: {tls: on}", wantProblem: [2]string{"callback.tls", "selfSigned"}},
		"a mode there is not":             {text: "callback: {tls: mutual}", wantProblem: [2]string{"callback.tls", "selfSigned"}},
		"a key that is misspelt":          {text: "reports: {tsl: off}", wantProblem: [2]string{"reports.tsl", "tls"}},
		"reports that are not a mapping":  {text: "reports: yes", wantProblem: [2]string{"reports", "mapping"}},
		"a mode that is not even a word":  {text: "callback: {tls: [off]}", wantProblem: [2]string{"callback.tls", "text"}},
		"a Secret for what is turned off": {text: "callback: {tls: off, tlsSecret: a}", callbacks: off, reports: off, wantWarnings: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, warnings, err := decode(withDefaults(tt.text))
			if path, says := tt.wantProblem[0], tt.wantProblem[1]; path != "" {
				if !hasLine(lines(t, err), path, says) {
					t.Errorf("got %v, want a problem of %s that says %q", err, path, says)
				}
				return
			}
			if err != nil || len(warnings) != tt.wantWarnings {
				t.Fatalf("%v, warnings %q", err, warnings)
			}
			if diff := cmp.Diff([]TLS{tt.callbacks, tt.reports}, []TLS{got.Callback.TLS, got.Reports.TLS}); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReportsAuth(t *testing.T) {
	tests := map[string]struct {
		text         string
		want         ReportsAuth
		wantProblem  string
		wantWarnings int
	}{
		"nothing is said":          {text: "", want: ReportsNoAuth},
		"everybody":                {text: "reports: {auth: none}", want: ReportsNoAuth},
		"tokens":                   {text: "reports: {auth: serviceAccountToken, tls: selfSigned}", want: ReportsServiceAccountToken},
		"tokens in the clear":      {text: "reports: {auth: serviceAccountToken}", want: ReportsServiceAccountToken, wantWarnings: 1},
		"what callbacks can have":  {text: "reports: {auth: token}", wantProblem: "reports.auth"},
		"no word":                  {text: "reports: {auth: {}}", wantProblem: "reports.auth"},
		"a key of the callbacks'":  {text: "reports: {tokensPerSecret: 5}", wantProblem: "reports.tokensPerSecret"},
		"the wrong letters' sizes": {text: "reports: {auth: serviceaccounttoken}", wantProblem: "reports.auth"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, warnings, err := decode(withDefaults(tt.text))
			if tt.wantProblem != "" {
				if !hasLine(lines(t, err), tt.wantProblem, "") {
					t.Errorf("got %v, want a problem of %s", err, tt.wantProblem)
				}
				return
			}
			if err != nil || got.Reports.Auth != tt.want || len(warnings) != tt.wantWarnings {
				t.Errorf("got %q, warnings %q, %v", got.Reports.Auth, warnings, err)
			}
		})
	}
}
