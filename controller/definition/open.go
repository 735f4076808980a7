package definition

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// CallbackTLS is how the callback port is served with TLS.
type CallbackTLS interface {
	// CABundle returns the ConfigMap with the authorities that job pods are to
	// trust, or nothing if they trust them anyway.
	CABundle() string
	// Covers reports whether the certificate is for a name or an address.
	Covers(host string) bool
}

// Running are the executions that there are already.
type Running interface {
	// Busy returns which execution keeps another one from beginning, and the object
	// that says so.
	Busy(ctx context.Context, why execution.Firing, late time.Time) (id execution.ID, about corev1.ObjectReference, busy bool)
	// Known reports whether the execution has left a record or a report.
	Known(id execution.ID) bool
	// OpenedSince reports whether an execution has begun at a time or later.
	OpenedSince(at time.Time) bool
}

// Taker takes over what was opened.
type Taker interface {
	// Adopt takes over an execution that is open.
	Adopt(r record.Record, isNew bool)
	// LeaveAlone takes over an execution whose record cannot be read.
	LeaveAlone(id execution.ID, damaged *record.DamagedError)
}

// Metrics count ticks and executions.
type Metrics interface {
	executionMetrics
	tickMetrics
}

type executionMetrics interface {
	ExecutionOpened(trigger string)
	// TaskEnded counts a node task that ended, here before it began.
	TaskEnded(state, reason string)
}

type tickMetrics interface {
	TickSkipped(reason string)
	TicksMissed(n int)
	SetNextTick(at time.Time)
}

// Nodes are those of the cluster.
type Nodes interface{ Nodes() []*corev1.Node }

// Announcer writes events on a best-effort basis.
type Announcer interface {
	Announce(ctx context.Context, about corev1.ObjectReference, warning bool, reason, message string)
}

// OpenerOptions are what an Opener is made of.
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

// Opener opens executions: it goes from what fires one to its record. It is for one
// goroutine.
type Opener struct {
	OpenerOptions
	state record.State
	// unanswered is when a write of the state, or a request to create a record,
	// failed last that may be carried out, of this leader or of the one before it.
	unanswered time.Time
}

// NewOpener returns an opener, which has to Resume from a state before it opens.
func NewOpener(o OpenerOptions) *Opener { return &Opener{OpenerOptions: o} }

// Fire opens an execution, unless one is open: nothing runs twice on a node at
// the same time.
func (o *Opener) Fire(ctx context.Context, fence lease.Fence, why execution.Firing) {
	d, now := o.Source.Current(), o.Clock.Now()
	why.Scheduled = why.Scheduled.UTC().Truncate(time.Second)
	late := d.latestStart(why, now)
	if id, about, busy := o.Running.Busy(ctx, why, late); busy {
		o.skip(ctx, id, about, why)
		if why.Trigger == execution.Cron {
			o.pass(ctx, fence, now)
		}
		return
	}
	err := o.untilDone(ctx, "begin an execution", why, late, func() error {
		return o.swapState(ctx, fence, func(s *record.State) bool { return s.Begin(o.Source.Current().scheduleText, why, now) })
	})
	begun := err == nil || o.hasBegun(ctx, why)
	switch {
	case ctx.Err() != nil:
	case begun:
		o.resume(ctx, fence, cmp.Or(err, errNotLed))
	default:
		o.giveUp(ctx, why, err)
		if why.Trigger == execution.Cron { // the state cannot be written, or it would have begun
			o.state.Pass(o.Source.Current().scheduleText, now)
		}
	}
}

// pass remembers that the ticks up to a time were dealt with.
func (o *Opener) pass(ctx context.Context, fence lease.Fence, until time.Time) {
	o.remember(ctx, fence, "remember the last tick", execution.Firing{Trigger: execution.Cron, Scheduled: until},
		func(s *record.State) bool { return s.Pass(o.Source.Current().scheduleText, until) })
}

func (o *Opener) skip(ctx context.Context, busy execution.ID, about corev1.ObjectReference, why execution.Firing) {
	if ctx.Err() != nil {
		return // it is the next leader's
	}
	o.Log.Warn("tick skipped: an execution is open", "execution", busy, "trigger", why.Trigger, "scheduled", why.Scheduled)
	o.Metrics.TickSkipped("open_execution")
	o.Announcer.Announce(ctx, about, true, kube.EventTickSkipped,
		fmt.Sprintf("the %s execution due at %s was skipped: execution %s is still open", why.Trigger, why.Scheduled.UTC().Format(time.RFC3339), busy))
}

// resume creates the record of the execution that the state says is being opened, by
// this leader or by one that died over it. If it is too late for that, the reason is
// late.
func (o *Opener) resume(ctx context.Context, fence lease.Fence, late error) {
	if o.state.Pending == nil {
		return
	}
	why, id := *o.state.Pending, o.state.Newest
	if !o.Running.Known(id) { // otherwise its record was created
		open, about, busy := o.Running.Busy(ctx, why, o.Source.Current().latestStart(why, o.Clock.Now()))
		if busy {
			o.skip(ctx, open, about, why)
		} else {
			o.openInTime(ctx, fence, why, late)
		}
	}
	if ctx.Err() != nil {
		return
	}
	o.remember(ctx, fence, "remember the execution", why, func(s *record.State) bool {
		if s.Pending == nil || !s.Pending.Equal(why) {
			return false
		}
		s.Pending = nil
		return true
	})
}

// create selects the nodes and writes the execution record: from then on the
// execution exists, no matter which replica leads.
func (o *Opener) create(ctx context.Context, fence lease.Fence, why execution.Firing) error {
	d := o.Source.Current()
	selected := plan.SelectNodes(plan.NodePolicy{ // before it is asked for time to write: templates take some to render
		Selector:              d.JobNodeSelector,
		RunOnUnscheduledNodes: d.RunOnUnscheduledNodes,
		TolerateNoExecute:     d.TolerateNoExecute,
		Templates:             jobspec.NewPodSpecs(d.PodTemplate, o.Namespace, o.state.Newest),
	}, o.Nodes.Nodes())
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	host, err := o.Host.Read(write)
	if err != nil {
		return err
	}
	created, isNew, err := o.createRecord(write, execution.Plan{
		ID:         o.state.Newest,
		Trigger:    why.Trigger,
		Scheduled:  why.Scheduled,
		ConfigHash: d.Hash,
		Settings:   d.settings(host, o.TLS),
		Nodes:      selected.Nodes,
		Skipped:    selected.Skipped,
		Excluded:   selected.Excluded,
	})
	if errors.Is(err, errNameTaken) {
		return errors.Join(err, o.swapState(ctx, fence, func(s *record.State) bool {
			s.Newest = s.Newest.Next()
			return true
		}))
	}
	var damaged *record.DamagedError
	if errors.As(err, &damaged) {
		o.Taker.LeaveAlone(o.state.Newest, damaged)
		return nil
	}
	if err != nil {
		return err
	}
	if created.Account.Phase == execution.Closed { // another leader was here
		return nil
	}
	o.Taker.Adopt(created, isNew)
	if isNew {
		o.announceOpened(ctx, created)
	}
	return nil
}

var errNameTaken = errors.New("the name of the execution record is taken")

// createRecord creates the record. If it exists it was written by another
// leader, or by a request whose answer was lost. If that cannot be read any more
// the error is a DamagedError, and not errNameTaken.
func (o *Opener) createRecord(ctx context.Context, p execution.Plan) (r record.Record, isNew bool, err error) {
	r, err = o.Records.Create(ctx, p, execution.Account{Phase: execution.Open})
	if !apierrors.IsAlreadyExists(err) {
		if err != nil && kube.MayBeCarriedOut(err) {
			o.unanswered = o.Clock.Now()
		}
		return r, err == nil, err
	}
	there, err := o.Records.Get(ctx, p.ID)
	var damaged *record.DamagedError
	if errors.As(err, &damaged) && !damaged.IsOf(p.ID, execution.Firing{Trigger: p.Trigger, Scheduled: p.Scheduled}) {
		return record.Record{}, false, fmt.Errorf("%w: %w", errNameTaken, damaged)
	}
	if err != nil {
		return record.Record{}, false, err
	}
	if there.Plan.Trigger != p.Trigger || !there.Plan.Scheduled.Equal(p.Scheduled) {
		return record.Record{}, false, fmt.Errorf("%w: %s was scheduled %s by %s", errNameTaken, p.ID, there.Plan.Scheduled, there.Plan.Trigger)
	}
	return there, false, nil
}

func (o *Opener) announceOpened(ctx context.Context, r record.Record) {
	o.Metrics.ExecutionOpened(string(r.Plan.Trigger))
	for _, skip := range r.Plan.Skipped {
		o.Metrics.TaskEnded(string(execution.Skipped), string(skip.Reason))
	}
	about := kube.ConfigMapReference(r.Object)
	if len(r.Plan.Nodes) == 0 {
		o.Announcer.Announce(ctx, about, true, kube.EventNoNodes,
			execution.Truncate(noNodesText(o.Source.Current().JobNodeSelector, r.Plan), execution.MaxMessage))
		return
	}
	o.Announcer.Announce(ctx, about, false, kube.EventExecutionStarted, startedText(r.Plan))
}

// untilDone tries a step of opening an execution until it is done or too late.
func (o *Opener) untilDone(ctx context.Context, step string, why execution.Firing, late time.Time, try func() error) error {
	log := o.Log.With("step", step, "trigger", why.Trigger, "scheduled", why.Scheduled)
	return timing.Retrier{Clock: o.Clock, Jitter: o.Jitter}.Do(ctx, log, late, try)
}
