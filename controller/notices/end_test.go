package notices

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

func TestTheEnd(t *testing.T) {
	report := execution.Report{Tasks: []execution.TaskReport{{State: execution.Succeeded}, {State: execution.Failed}}}
	tests := map[string]struct {
		partial     bool
		tell        func(context.Context, *Notices)
		wantEvents  int
		wantMetrics []string
	}{
		"closed":                  {tell: func(ctx context.Context, n *Notices) { n.Closed(ctx, report) }, wantEvents: 1, wantMetrics: []string{"closed " + report.Result(), "last " + report.Result(), "last report"}},
		"closed, over some nodes": {partial: true, tell: func(ctx context.Context, n *Notices) { n.Closed(ctx, report) }, wantEvents: 1, wantMetrics: []string{"closed " + report.Result()}},
		"aborted":                 {tell: func(_ context.Context, n *Notices) { n.Aborted(time.Now()) }, wantMetrics: []string{"closed aborted", "last aborted"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, n := newNotices(tt.partial, plan.Steering{})
			tt.tell(t.Context(), n)
			if len(a.events) != tt.wantEvents || !slices.Equal(a.metrics, tt.wantMetrics) {
				t.Errorf("got events %q, metrics %q", a.events, a.metrics)
			}
		})
	}
}
