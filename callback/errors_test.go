package callback

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

func TestErrorsAndTheirAnswers(t *testing.T) {
	tests := map[string]struct {
		err error

		wantStatus int
		wantBody   string
		wantRetry  bool
	}{
		"an invalid field is reported with its path": {
			err:        fmt.Errorf("result: %w", &execution.InvalidError{Path: "test[3].labels.x", Message: "must be a string"}),
			wantStatus: 400, wantBody: `{"error":"must be a string","path":"test[3].labels.x"}`,
		},
		"foreign text is quoted": {
			err:        &execution.InvalidError{Message: "<script>\x1b\n\""},
			wantStatus: 400, wantBody: `{"error":"\u003cscript\u003e\u001b\n\""}`,
		},
		"an unknown execution": {err: execution.ErrUnknownExecution, wantStatus: 403, wantBody: `{"error":"no such execution"}`},
		"an unknown node":      {err: execution.ErrUnknownNode, wantStatus: 403, wantBody: `{"error":"the node is not part of the execution"}`},
		"a task that has ended": {
			err:        fmt.Errorf("secret: %w", execution.ErrEnded),
			wantStatus: 410, wantBody: `{"error":"the node task has ended"}`,
		},
		"a name that is taken":     {err: execution.ErrNameTaken, wantStatus: 409, wantBody: `{"error":"the file name belongs to another node or is reserved"}`},
		"too large":                {err: execution.ErrTooLarge, wantStatus: 413, wantBody: `{"error":"the body is too large"}`},
		"too large, says net/http": {err: &http.MaxBytesError{Limit: 1}, wantStatus: 413, wantBody: `{"error":"the body is too large"}`},
		"a full disk":              {err: execution.ErrNoSpace, wantStatus: 507, wantBody: `{"error":"the report directory is full"}`},
		"not the leader":           {err: execution.ErrNotLeader, wantStatus: 503, wantRetry: true, wantBody: `{"error":"this replica is not the leader"}`},
		"unavailable":              {err: execution.ErrUnavailable, wantStatus: 503, wantRetry: true, wantBody: `{"error":"temporarily unavailable"}`},
		"anything else has no detail": {
			err:        errors.New("secret: /var/www"),
			wantStatus: 500, wantBody: `{"error":"internal error"}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			log, logged := logTo()
			address := open(t, NewHandler(&fakeRecorder{err: tt.err}, Options{Log: log}))
			for kind, body := range map[route.Kind]string{
				route.Result: `{}`, route.File: "x", route.Event: `{"reason":"R","message":"m"}`,
			} {
				got := post(t, callbackURL(t, address, kind), nil, strings.NewReader(body))
				if got.status != tt.wantStatus || strings.TrimSpace(got.body) != tt.wantBody {
					t.Errorf("%s: got %d, %s, want %d, %s", kind, got.status, got.body, tt.wantStatus, tt.wantBody)
				}
				if retry := got.header.Get("Retry-After"); (retry != "") != tt.wantRetry {
					t.Errorf("%s: got Retry-After %q", kind, retry)
				}
				if got.header.Get("Content-Type") != "application/json" {
					t.Errorf("%s: got content type %q", kind, got.header.Get("Content-Type"))
				}
			}
			if tt.wantStatus == 500 && strings.Count(logged(), "secret: /var/www") != 3 {
				t.Errorf("log: got %q, want the detail", logged())
			}
		})
	}
}

func TestAPanicIsOneRequestsError(t *testing.T) {
	recorder := &fakeRecorder{}
	log, logged := logTo()
	url := callbackURL(t, open(t, NewHandler(recorder, Options{Log: log, Authenticate: func(_ context.Context, _ execution.Key, credential string) error {
		if credential == "panic" {
			panic("secret")
		}
		return nil
	}})), route.Result)
	if got := post(t, url, http.Header{"Authorization": {"Bearer panic"}}, strings.NewReader("{}")); got.status != 500 || strings.TrimSpace(got.body) != `{"error":"internal error"}` {
		t.Errorf("got %d, %q, want 500 without detail", got.status, got.body)
	}
	if !strings.Contains(logged(), "panic: secret") || !strings.Contains(logged(), "errors_test.go") {
		t.Errorf("log: got %q, want the panic and its place", logged())
	}
	if got := post(t, url, nil, strings.NewReader("{}")); got.status != 200 {
		t.Errorf("the next request: got %d, want 200", got.status)
	}
}
