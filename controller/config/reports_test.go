package config

import "testing"

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
