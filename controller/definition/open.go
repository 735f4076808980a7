package definition

import (
	"context"
	"errors"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/callbackhost"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/shares"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

// CallbackTLS is how the callback port is served with TLS.
type CallbackTLS interface {
	// CABundle returns the ConfigMap with the authorities that job pods have to trust,
	// or nothing if they trust them anyway.
	CABundle() string
	// Covers reports whether the certificate covers a name or an address.
	Covers(host string) bool
}

// State is the state of all definitions. It is a *state.Keeper.
type State interface {
	// State returns a copy of the state as this process last read or wrote it.
	State() plan.State
	// Change writes a change of it.
	Change(ctx context.Context, fence lease.Fence, c state.Change) (chain uint64, err error)
}

// Shares divides maxPods among the executions. It is a *shares.Keeper.
type Shares interface {
	// First returns the share with which an execution of a claim begins, and maxPods.
	First(s plan.State, definition string, c shares.Claim) (share, maxPods int)
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
	State     State
	Shares    Shares
	Records   record.Store
	Reports   Reports
	Nodes     Nodes
	Host      *callbackhost.Host
	TLS       CallbackTLS // nil: callbacks come by plain HTTP
	Announcer Announcer
	Metrics   Metrics
	Clock     clock.WithTicker
	Jitter    backoff.Jitter
	Log       *slog.Logger
}

// Opener opens Executions that wait. It is for one goroutine.
type Opener struct {
	OpenerOptions
}

// NewOpener returns an opener.
func NewOpener(o OpenerOptions) *Opener { return &Opener{OpenerOptions: o} }

// Opening is an Execution that is to be opened.
type Opening struct {
	// Execution is as this replica has created, read or written it: a cache may be stale.
	Execution *v1alpha1.Execution
	After     execution.ID        // the newest ID that is known
	Within    time.Duration       // how long to try to write the state
	Prepare   func(s *plan.State) // changes the state before the execution gets its entry
}

// Open tries once to open an Execution: it gives the Execution an entry in the state, and with
// that its ID and its share, writes the plan, and writes the status that names the plan.
// It does not wait for a share: without one, nothing is admitted yet.
//
// The error is a *plan.RejectError if the Execution can never be opened. After any other one,
// the Execution may have been opened all the same, by a request whose response was lost or
// by another leader: it has to be read again before the next try.
func (o *Opener) Open(ctx context.Context, fence lease.Fence, opening Opening) (record.Record, error) {
	e := opening.Execution
	by, err := o.chosen(ctx, e)
	if err != nil {
		return record.Record{}, err
	}
	entry, err := o.begin(ctx, fence, opening)
	if err != nil {
		return record.Record{}, err
	}
	selected, err := o.selectNodes(by, entry.ID) // before the fence limits the time: rendering templates takes some
	if err != nil {
		return record.Record{}, err
	}
	write, done, err := fence(ctx)
	if err != nil {
		return record.Record{}, err
	}
	defer done()
	host, err := o.Host.Read(write)
	if err != nil {
		return record.Record{}, err
	}
	p, err := o.freeze(e, entry.ID, host, selected)
	if err != nil {
		return record.Record{}, err
	}
	opened, err := o.Records.Open(write, e, p, record.Next{
		Account: execution.FirstAccount(p, plan.NextAdmission(steeringOf(e), entry.Share)),
		Share:   record.PodShare(entry.Share),
		At:      o.Clock.Now(),
	})
	if errors.Is(err, record.ErrNameTaken) {
		return record.Record{}, errors.Join(err, o.nextID(ctx, fence, opening))
	}
	if err != nil {
		return record.Record{}, err
	}
	o.announceOpened(ctx, opened)
	return opened, nil
}

// freeze returns what the execution keeps until it closes.
func (o *Opener) freeze(e *v1alpha1.Execution, id execution.ID, host string, selected plan.Selection) (execution.Plan, error) {
	d, firing := o.Source.Latest(), record.FiringOf(e)
	settings, err := d.settings(host, o.TLS)
	if err != nil {
		return execution.Plan{}, err
	}
	return execution.Plan{
		ID:          id,
		Trigger:     firing.Trigger,
		Scheduled:   firing.Scheduled,
		ConfigHash:  d.Hash,
		NodeCronJob: d.NodeCronJob(),
		Partial:     e.Spec.Nodes != nil,
		Reason:      e.Spec.Reason,
		RequestedBy: e.Spec.RequestedBy,
		Retention:   d.Retention(),
		Settings:    plan.Override(settings, overridesOf(e)),
		Nodes:       selected.Nodes,
		Skipped:     selected.Skipped,
		Excluded:    selected.Excluded,
	}, nil
}

func overridesOf(e *v1alpha1.Execution) (all plan.Overrides) {
	o := e.Spec.Overrides
	if o == nil {
		return all
	}
	if o.PodPoolSize != nil {
		all.PodPoolSize = new(int(*o.PodPoolSize))
	}
	if o.StartDeadline != nil {
		all.StartDeadline = &o.StartDeadline.Duration.Duration
	}
	if o.JobTimeout != nil {
		all.JobTimeout = &o.JobTimeout.Duration.Duration
	}
	return all
}

func steeringOf(e *v1alpha1.Execution) plan.Steering {
	return plan.Steering{Paused: e.Spec.Paused, Cancel: plan.Cancel(e.Spec.Cancel)}
}

// claim returns what the Execution asks for of maxPods. Its run corrects that when it knows
// its nodes.
func (o *Opener) claim(e *v1alpha1.Execution) shares.Claim {
	if s := steeringOf(e); s.Paused || s.Cancel != plan.NotCanceled {
		return shares.Claim{}
	}
	d, pool := o.Source.Latest(), overridesOf(e).PodPoolSize
	if pool == nil {
		pool = &d.PodPoolSize
	}
	return shares.Claim{Want: min(*pool, len(o.Nodes.Nodes())), Priority: d.Priority}
}

// begin gives the Execution an entry in the state. It always writes the state: that proves
// that the state has the entry now, after the Execution was read.
func (o *Opener) begin(ctx context.Context, fence lease.Fence, opening Opening) (entry plan.Entry, err error) {
	e, now, claim := opening.Execution, o.Clock.Now(), o.claim(opening.Execution)
	beginning := plan.Beginning{
		Definition: o.Source.Latest().TicksOf(),
		UID:        string(e.UID),
		Name:       e.Name,
		Firing:     o.Source.Latest().firingOf(e, now),
		Queued:     e.Status.Phase == v1alpha1.Queued,
		After:      opening.After,
	}
	err = o.Change(ctx, fence, opening.Within, true, func(s *plan.State) (err error) {
		opening.Prepare(s)
		beginning.Share, beginning.MaxPods = o.Shares.First(*s, beginning.Definition.Name, claim)
		if _, err = s.Begin(beginning, now); err == nil {
			entry, _ = s.Entry(beginning.UID) // it is there: Begin has added it, or found it
		}
		return err
	})
	return entry, err
}

// nextID gives the Execution another ID.
func (o *Opener) nextID(ctx context.Context, fence lease.Fence, opening Opening) error {
	return o.Change(ctx, fence, opening.Within, false, func(s *plan.State) error {
		_, err := s.NextID(string(opening.Execution.UID))
		return err
	})
}

// Change changes the state. It tries for some time; after an error, the state may have the
// change all the same.
func (o *Opener) Change(ctx context.Context, fence lease.Fence, within time.Duration, write bool, apply func(*plan.State) error) error {
	ctx, cancel := context.WithTimeout(ctx, min(max(within, time.Second), kube.RequestTimeout))
	defer cancel()
	_, err := o.State.Change(ctx, fence, state.Change{Apply: apply, Write: write})
	return err
}

func (o *Opener) announceOpened(ctx context.Context, r record.Record) {
	o.Metrics.ExecutionOpened(string(r.Plan.Trigger))
	for _, skip := range r.Plan.Skipped {
		o.Metrics.TaskEnded(execution.Outcome{State: execution.Skipped, Reason: skip.Reason})
	}
	about := kube.ExecutionReference(r.Object)
	if len(r.Plan.Nodes) == 0 {
		o.Announcer.Announce(ctx, about, true, kube.EventNoNodes,
			execution.Truncate(noNodesText(o.Source.Latest().JobNodeSelector, r.Plan), execution.MaxMessage))
		return
	}
	o.Announcer.Announce(ctx, about, false, kube.EventExecutionStarted, execution.Truncate(startedText(r.Plan), kube.MaxEventMessage))
}
