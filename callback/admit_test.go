package callback

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestACredentialIsLookedAtOnlyIfItsAddressMayAsk(t *testing.T) {
	tests := map[string]struct {
		admitted, judged error
		wantStatus       int
		wantJudged       bool
	}{
		"admitted and good":            {wantStatus: http.StatusOK, wantJudged: true},
		"admitted and no good":         {judged: execution.Deny(execution.DeniedWrong), wantStatus: http.StatusUnauthorized, wantJudged: true},
		"too many were no good before": {admitted: execution.Deny(execution.DeniedTooMany), wantStatus: http.StatusTooManyRequests},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			judged, settled := false, false
			var address, reason string
			url := callbackURL(t, open(t, NewHandler(&fakeRecorder{}, Options{
				AdmitReview: func(_ context.Context, key execution.Key, from, _ string) (func(error), error) {
					address = from
					if key != testKey {
						t.Errorf("asked for %v", key)
					}
					return func(outcome error) { settled = errors.Is(outcome, tt.judged) }, tt.admitted
				},
				Authenticate: func(context.Context, execution.Key, string) error {
					judged = true
					return tt.judged
				},
				ObserveDenied: func(r execution.DenyReason) { reason = string(r) },
			})), "result")
			got, err := http.Post(url, "application/json", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			defer got.Body.Close()
			if got.StatusCode != tt.wantStatus || judged != tt.wantJudged || settled != tt.wantJudged || address != "127.0.0.1" {
				t.Errorf("got %d, looked at %v, settled %v, from %s", got.StatusCode, judged, settled, address)
			}
			if (got.StatusCode == http.StatusTooManyRequests) != (got.Header.Get("Retry-After") != "") || (reason == "") != (tt.wantStatus == http.StatusOK) {
				t.Errorf("Retry-After %q, denied for %q", got.Header.Get("Retry-After"), reason)
			}
		})
	}
}
