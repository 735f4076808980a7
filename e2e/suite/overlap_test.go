//go:build e2e

package suite

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// untilPastTheMinute waits until some time after the next tick.
const untilPastTheMinute = reportScript + `second=$(date +%S)
sleep $((80 - ${second#0}))
`

// TestOverlap keeps an execution open until after a tick.
func TestOverlap(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace:   newNamespace(t, "overlap"),
		Config:      configuration(t, "overlap", object{"cronExpression": "* * * * *"}),
		PodTemplate: podTemplate(untilPastTheMinute),
		Service:     "callback",
	})
	open, err := s.WaitForExecution(ctx) // triggered by the start, or by a tick just before it
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a tick while an execution is open is skipped with a warning", func(t *testing.T) {
		eventually(t, ctx, func() error {
			events, err := s.Events(ctx)
			if err != nil {
				return err
			}
			for _, e := range events {
				if e.Reason == "TickSkipped" && e.Type == corev1.EventTypeWarning && e.InvolvedObject.Name == open.Record.Name &&
					strings.Contains(e.Message, string(open.ID)) {
					return nil
				}
			}
			return fmt.Errorf("no warning TickSkipped about %s among %d events", open.Record.Name, len(events))
		})
	})
	t.Run("a tick that was skipped is counted", func(t *testing.T) {
		metrics, err := s.Metrics(ctx)
		if err != nil {
			t.Fatal(err)
		}
		skipped, err := metrics.Value("batch_job_controller_ticks_skipped_total", labels{"nodecronjob": s.Name, "reason": "open_execution"})
		if err != nil || skipped < 1 {
			t.Errorf("got %v, %v, want at least 1", skipped, err)
		}
	})
	t.Run("a tick that was skipped begins no execution", func(t *testing.T) {
		all, err := s.Executions(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 1 {
			t.Errorf("got %d executions, want 1", len(all))
		}
	})
}
