package definition

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// CallbackTLS is how the callback port is served with TLS.
type CallbackTLS interface {
	// CABundle returns the ConfigMap with the authorities that job pods have to trust,
	// or nothing if they trust them anyway.
	CABundle() string
	// Covers reports whether the certificate covers a name or an address.
	Covers(host string) bool
}

// Running has the executions of the definition.
type Running interface {
	// Busy returns which execution, if any, keeps a firing from opening another one, and
	// the object to name in an event about it. It decides before the deadline.
	Busy(ctx context.Context, firing execution.Firing, deadline time.Time) (id execution.ID, about corev1.ObjectReference, busy bool)
	// Known reports whether the execution has left a record or a report.
	Known(id execution.ID) bool
	// OpenedSince reports whether an execution has begun at a time or later.
	OpenedSince(at time.Time) bool
}

// Taker takes over executions whose record exists.
type Taker interface {
	// Adopt takes over an execution that is open.
	Adopt(r record.Record, isNew bool)
	// LeaveAlone takes over an execution whose record cannot be read.
	LeaveAlone(id execution.ID, damaged *record.DamagedError)
}

// Metrics counts ticks and executions.
type Metrics interface {
	executionMetrics
	tickMetrics
}

type executionMetrics interface {
	ExecutionOpened(trigger string)
	// TaskEnded counts a skipped node, when its execution has been opened. Package run
	// counts the node tasks that end later.
	TaskEnded(outcome execution.Outcome)
}

type tickMetrics interface {
	TickSkipped(reason string)
	TicksMissed(n int)
	SetNextTick(at time.Time)
}

// Nodes has the nodes of the cluster.
type Nodes interface{ Nodes() []*corev1.Node }

// Announcer writes events on a best-effort basis.
type Announcer interface {
	Announce(ctx context.Context, about corev1.ObjectReference, warning bool, reason, message string)
}

// OpenerOptions are the options of an Opener.
type OpenerOptions struct {
	Source    *Source
	Namespace string
	States    record.StateStore
	Records   record.Store
	Nodes     Nodes
	Host      *kube.CallbackHost
	TLS       CallbackTLS // nil: callbacks come by plain HTTP
	Running   Running
	Taker     Taker
	Announcer Announcer
	Metrics   Metrics
	Clock     clock.WithTicker
	Jitter    backoff.Jitter
	Log       *slog.Logger
}

// Opener opens executions: from a firing to the record. It is for one goroutine.
type Opener struct {
	OpenerOptions
	state record.State
	// unanswered is when a write of the state or a request to create a record last
	// failed, of this leader or of the one before it, that may still be carried out.
	unanswered time.Time
}

// NewOpener returns an opener, which has to Resume from a state before it opens.
func NewOpener(o OpenerOptions) *Opener { return &Opener{OpenerOptions: o} }

// Fire opens an execution, unless one is open: a node never has two pods at the same time.
func (o *Opener) Fire(ctx context.Context, fence lease.Fence, firing execution.Firing) {
	d, now := o.Source.Current(), o.Clock.Now()
	firing.Scheduled = firing.Scheduled.UTC().Truncate(time.Second)
	latest := d.latestStart(firing, now)
	if id, about, busy := o.Running.Busy(ctx, firing, latest); busy {
		o.skip(ctx, id, about, firing)
		if firing.Trigger == execution.Cron {
			o.pass(ctx, fence, now)
		}
		return
	}
	err := o.untilDone(ctx, "begin an execution", firing, latest, func() error {
		return o.swapState(ctx, fence, func(s *record.State) bool { return s.Begin(o.Source.Current().scheduleText, firing, now) })
	})
	begun := err == nil || o.hasBegun(ctx, firing)
	switch {
	case ctx.Err() != nil:
	case begun:
		o.resume(ctx, fence, cmp.Or(err, errNotLed))
	default:
		o.announceNotOpened(ctx, firing, err)
		if firing.Trigger == execution.Cron { // only in memory: the state could not be written
			o.state.Pass(o.Source.Current().scheduleText, now)
		}
	}
}

// pass remembers that the ticks up to a time were processed.
func (o *Opener) pass(ctx context.Context, fence lease.Fence, until time.Time) {
	o.remember(ctx, fence, "remember the last tick", execution.Firing{Trigger: execution.Cron, Scheduled: until},
		func(s *record.State) bool { return s.Pass(o.Source.Current().scheduleText, until) })
}

func (o *Opener) skip(ctx context.Context, busy execution.ID, about corev1.ObjectReference, firing execution.Firing) {
	if ctx.Err() != nil {
		return // the next leader processes the tick
	}
	o.Log.Warn("tick skipped: an execution is open", "execution", busy, "trigger", firing.Trigger, "scheduled", firing.Scheduled)
	o.Metrics.TickSkipped("open_execution")
	o.Announcer.Announce(ctx, about, true, kube.EventTickSkipped,
		fmt.Sprintf("the %s execution due at %s was skipped: execution %s is still open", firing.Trigger, firing.Scheduled.UTC().Format(time.RFC3339), busy))
}

// resume creates the record of the execution that the state says is being opened, by this
// leader or by an earlier one that died meanwhile. If startingDeadline has already
// passed, cause says why.
func (o *Opener) resume(ctx context.Context, fence lease.Fence, cause error) {
	if o.state.Pending == nil {
		return
	}
	firing := *o.state.Pending
	if !o.Running.Known(o.state.Newest) { // otherwise its record was created
		open, about, busy := o.Running.Busy(ctx, firing, o.Source.Current().latestStart(firing, o.Clock.Now()))
		if busy {
			o.skip(ctx, open, about, firing)
			o.rejectWaiting(ctx, fence, firing, v1alpha1.ReasonConcurrencyForbidden, fmt.Sprintf("execution %s is still open", open))
		} else {
			o.openInTime(ctx, fence, firing, cause)
		}
	}
	if ctx.Err() != nil {
		return
	}
	o.remember(ctx, fence, "remember the execution", firing, func(s *record.State) bool {
		if s.Pending == nil || !s.Pending.Equal(firing) {
			return false
		}
		s.Pending = nil
		return true
	})
}
