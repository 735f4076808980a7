package queue

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// served is a callback port with TLS.
type served struct{ definition.CallbackTLS }

func TestChangingTLSWhileAnExecutionIsOpenIsLogged(t *testing.T) {
	tests := map[string]struct {
		then bool
		now  definition.CallbackTLS
		want bool
	}{
		"plain HTTP, then and now": {},
		"TLS, then and now":        {then: true, now: served{}},
		"TLS was turned on":        {now: served{}, want: true},
		"TLS was turned off":       {then: true, want: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			q := &Queue{Options: Options{Opener: definition.OpenerOptions{TLS: tt.now, Log: slog.New(slog.NewTextHandler(&log, nil))}}}
			q.checkTLS(execution.Plan{ID: "20261124034200", Settings: execution.Settings{CallbackTLS: tt.then}})
			if got := strings.Contains(log.String(), "level=ERROR") && strings.Contains(log.String(), "20261124034200"); got != tt.want {
				t.Errorf("log: got %q", log.String())
			}
		})
	}
}
