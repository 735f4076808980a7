package jobs_test

import (
	"errors"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/jobs"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

func TestConfirmSilence(t *testing.T) {
	now := time.Now()
	tests := map[string]struct {
		silent bool // by the cache
		given  func(*world)
		want   jobs.Result
		yes    bool
		err    error
	}{
		"no step depends on it":       {given: func(w *world) { w.node(time.Time{}) }, yes: true},
		"it is reachable":             {silent: true, given: func(w *world) { w.node(time.Time{}) }, want: jobs.Result{Recheck: 5 * time.Second}},
		"it is silent":                {silent: true, given: func(w *world) { w.node(now.Add(-time.Hour)) }, yes: true},
		"it is silent for a moment":   {silent: true, given: func(w *world) { w.node(now) }, want: jobs.Result{Recheck: 5 * time.Second}},
		"it was deleted":              {silent: true, yes: true},
		"the API server does not say": {silent: true, given: func(w *world) { w.failing("list", "nodes", errNoResponse) }, want: jobs.Result{Recheck: 5 * time.Second}, err: errNoResponse},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if tt.given != nil {
				tt.given(w)
			}
			j := w.jobs()
			yes, got, err := j.ConfirmSilence(t.Context(), w.first(j), plan.Action{Unreachable: tt.silent})
			if yes != tt.yes || got.Recheck != tt.want.Recheck || !errors.Is(err, tt.err) {
				t.Errorf("got %t, %+v, %v", yes, got, err)
			}
		})
	}
}
