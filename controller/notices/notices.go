package notices

import (
	"context"
	"log/slog"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Announcer writes events on a best-effort basis.
type Announcer interface {
	Announce(ctx context.Context, about corev1.ObjectReference, warning bool, reason, message string)
}

// Metrics show how executions have ended.
type Metrics interface {
	ExecutionClosed(result string, took time.Duration)
	SetLastExecution(result string, closed time.Time)
	SetLastReport(r execution.Report)
}

// Options are the options of Notices.
type Options struct {
	Announcer Announcer
	Metrics   Metrics
	Log       *slog.Logger
	About     corev1.ObjectReference // to the Execution
	Partial   bool                   // the execution is over some nodes
	Steering  plan.Steering          // of which an earlier leader has told
}

// Notices tell people of one execution.
type Notices struct {
	Options
	steering plan.Steering // of which this leader has told, or an earlier one

	mu       sync.Mutex      // guards what follows
	failures int             // node tasks that failed or were lost
	causes   map[string]bool // of rejected Jobs, that have an event
}

// New returns the Notices of an execution.
func New(o Options) *Notices {
	return &Notices{Options: o, steering: o.Steering, causes: map[string]bool{}}
}

func (n *Notices) announce(ctx context.Context, warning bool, reason, message string) {
	n.Announcer.Announce(ctx, n.About, warning, reason, message)
}
