package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// fire opens an execution, unless one is open: nothing runs twice on a node at
// the same time.
func (c *Controller) fire(ctx context.Context, fence lease.Fence, why execution.Firing) {
	now := c.Clock.Now()
	why.Scheduled = why.Scheduled.UTC().Truncate(time.Second)
	if id, about, busy := c.busy(ctx, why); busy {
		c.skipTick(ctx, id, about, why)
		if why.Trigger == execution.Cron {
			c.passTicks(ctx, fence, now)
		}
		return
	}
	err := c.untilDone(ctx, "begin an execution", why, c.tooLate(why, now), func() error {
		return c.swapState(ctx, fence, func(s *record.State) bool { return s.Begin(c.config().scheduleText, why, now) })
	})
	begun := err == nil || c.hasBegun(ctx, why)
	switch {
	case ctx.Err() != nil:
	case begun:
		c.resumeOpening(ctx, fence, cmp.Or(err, errNotLed))
	default:
		c.giveUp(ctx, why, err)
		if why.Trigger == execution.Cron { // the state cannot be written, or it would have begun
			c.state.Pass(c.config().scheduleText, now)
		}
	}
}

func (c *Controller) skipTick(ctx context.Context, busy execution.ID, about corev1.ObjectReference, why execution.Firing) {
	if ctx.Err() != nil {
		return // it is the next leader's
	}
	c.Log.Warn("tick skipped: an execution is open", "execution", busy, "trigger", why.Trigger, "scheduled", why.Scheduled)
	c.Metrics.TickSkipped("open_execution")
	c.announce(ctx, about, true, kube.EventTickSkipped,
		fmt.Sprintf("the %s execution due at %s was skipped: execution %s is still open", why.Trigger, why.Scheduled.UTC().Format(time.RFC3339), busy))
}

// resumeOpening creates the record of the execution that the state says is
// being opened, by this leader or by one that died over it. If it is too late for
// that, the reason is late.
func (c *Controller) resumeOpening(ctx context.Context, fence lease.Fence, late error) {
	if c.state.Pending == nil {
		return
	}
	why, id := *c.state.Pending, c.state.Newest
	open, about, busy := c.busy(ctx, why)
	switch {
	case c.isKnown(id): // its record was created
	case busy:
		c.skipTick(ctx, open, about, why)
	default:
		c.openInTime(ctx, fence, why, late)
	}
	if ctx.Err() != nil {
		return
	}
	c.remember(ctx, fence, "remember the execution", why, func(s *record.State) bool {
		if s.Pending == nil || !s.Pending.Equal(why) {
			return false
		}
		s.Pending = nil
		return true
	})
}

// openExecution selects the nodes and writes the execution record: from then
// on the execution exists, whoever leads.
func (c *Controller) openExecution(ctx context.Context, fence lease.Fence, why execution.Firing) error {
	cfg := c.config()
	selected := c.selectNodes(cfg) // before it is asked for time to write: templates take some to render
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	settings, err := c.settings(write, cfg)
	if err != nil {
		return err
	}
	created, isNew, err := c.createRecord(write, execution.Plan{
		ID:         c.state.Newest,
		Trigger:    why.Trigger,
		Scheduled:  why.Scheduled,
		ConfigHash: cfg.Hash,
		Settings:   settings,
		Nodes:      selected.Taking,
		Skipped:    selected.Left,
		Excluded:   selected.Excluded,
	})
	if errors.Is(err, errNameTaken) {
		return errors.Join(err, c.swapState(ctx, fence, func(s *record.State) bool {
			s.Newest = s.Newest.Next()
			return true
		}))
	}
	var damaged *record.DamagedError
	if errors.As(err, &damaged) {
		c.leaveOpened(c.state.Newest, damaged)
		return nil
	}
	if err != nil {
		return err
	}
	if created.Account.Phase == execution.Closed { // another leader was here
		return nil
	}
	c.adopt(created, isNew)
	if isNew {
		c.announceOpened(ctx, created)
	}
	return nil
}

var errNameTaken = errors.New("the name of the execution record is taken")

// createRecord creates the record. If it exists it was written by another
// leader, or by a request whose answer was lost. If that cannot be read any more
// the error is a damagedError, and not errNameTaken.
func (c *Controller) createRecord(ctx context.Context, p execution.Plan) (r record.Record, isNew bool, err error) {
	r, err = c.records.Create(ctx, p, execution.Account{Phase: execution.Open})
	if !apierrors.IsAlreadyExists(err) {
		if err != nil && mayBeDone(err) {
			c.unanswered = c.Clock.Now()
		}
		return r, err == nil, err
	}
	there, err := c.records.Get(ctx, p.ID)
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

// settings freezes the configuration for an execution.
func (c *Controller) settings(ctx context.Context, cfg *snapshot) (execution.Settings, error) {
	host, err := c.callbackHost(ctx, cfg.CallbackServiceName)
	if err != nil {
		return execution.Settings{}, err
	}
	settings, in := settingsOf(cfg.Config, host), cfg.intake()
	settings.Intake = &in
	return c.withTLS(settings), nil
}

func settingsOf(cfg config.Config, host string) execution.Settings {
	return execution.Settings{
		PodPoolSize:           cfg.PodPoolSize,
		StartDeadline:         cfg.StartDeadline,
		JobTimeout:            cfg.JobTimeout,
		BackoffLimit:          cfg.BackoffLimit,
		TolerateUnschedulable: cfg.RunOnUnscheduledNodes,
		SavePodLog:            cfg.SavePodLog,
		JobServiceAccount:     cfg.JobServiceAccount,
		JobImagePullSecrets:   cfg.JobImagePullSecrets,
		ResultOptional:        cfg.ResultOptional(),
		PodTemplate:           cfg.PodTemplate,
		CallbackName:          host,
		CallbackPort:          cfg.CallbackServicePort,
		CallbackAuth:          cfg.Callback.Auth,
		TokensPerSecret:       cfg.Callback.TokensPerSecret,
	}
}

// SampleJob returns the Job that a node called sample-node would get, for the
// API server to judge before there are real ones.
func SampleJob(cfg config.Config, namespace string, extensions []jobspec.EnvExtension) (*batchv1.Job, error) {
	return PreviewJob(cfg, Preview{
		Namespace: namespace, Node: "sample-node", CallbackHost: "sample-host", Scheduled: time.Unix(0, 0), Extensions: extensions,
	})
}

// adopt takes an open execution over: one just opened, or one that an earlier
// leader left. Every task gets a turn.
func (c *Controller) adopt(r record.Record, isNew bool) {
	id := r.Plan.ID
	if err := c.Store.Begin(id); err != nil {
		// What pods send is refused until the store works again; the Jobs run.
		c.Metrics.StoreError("begin")
		c.Log.Error("report directory not ready", "execution", id, "error", err)
	}
	c.noticeTLS(r.Plan)
	c.useGauges(r.Plan)
	open := c.restore(r)
	if !isNew {
		open.takenOver = c.Clock.Now()
	}
	c.Results.Begin(id)
	c.Results.SetPods(len(r.Plan.Nodes))
	c.Log.Info("execution open", "execution", id, "trigger", r.Plan.Trigger,
		"nodes", len(r.Plan.Nodes), "skipped", len(r.Plan.Skipped), "excluded", r.Plan.Excluded, "ended", open.ledger.Ended())

	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = open
	c.known[id] = true
	open.closing = r.Account.Phase == execution.Closing
	for i, t := range open.ledger.Tasks() {
		if t.Outcome.State.Final() {
			c.queueLogs(open, i)
		} else {
			c.tasks.Add(execution.Key{Execution: id, Node: t.Node.Name})
		}
	}
	c.grant(open)
	c.notifyKeeper()
}

func (c *Controller) announceOpened(ctx context.Context, r record.Record) {
	c.Metrics.ExecutionOpened(string(r.Plan.Trigger))
	about := kube.ConfigMapReference(r.Object)
	if len(r.Plan.Nodes) == 0 {
		c.announce(ctx, about, true, kube.EventNoNodes, execution.Truncate(noNodesText(c.config().JobNodeSelector, r.Plan), execution.MaxMessage))
		return
	}
	c.announce(ctx, about, false, kube.EventExecutionStarted, startedText(r.Plan))
}
