package notices

import (
	"context"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// audience is what people are told.
type audience struct {
	events  []string // kind, reason and text
	metrics []string
}

func (a *audience) Announce(_ context.Context, about corev1.ObjectReference, _ bool, reason, message string) {
	a.events = append(a.events, about.Kind+" "+reason+": "+message)
}

func (a *audience) ExecutionClosed(result string, _ time.Duration) {
	a.metrics = append(a.metrics, "closed "+result)
}

func (a *audience) SetLastExecution(result string, _ time.Time) {
	a.metrics = append(a.metrics, "last "+result)
}

func (a *audience) SetLastReport(execution.Report) { a.metrics = append(a.metrics, "last report") }

func newNotices(partial bool, steering plan.Steering) (*audience, *Notices) {
	a := &audience{}
	return a, New(Options{
		Announcer: a, Metrics: a, Log: slog.New(slog.DiscardHandler), About: corev1.ObjectReference{Kind: "Execution"}, Partial: partial, Steering: steering,
	})
}
