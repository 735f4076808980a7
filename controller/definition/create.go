package definition

import (
	"context"
	"errors"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// create selects the nodes, and creates and opens the Execution. Its status then has the
// plan that counts, whichever replica leads.
func (o *Opener) create(ctx context.Context, fence lease.Fence, firing execution.Firing) error {
	d := o.Source.Current()
	selected := plan.SelectNodes(plan.NodePolicy{ // before the fence limits the time: rendering templates takes some
		Selector:              d.JobNodeSelector,
		RunOnUnscheduledNodes: d.RunOnUnscheduledNodes,
		TolerateNoExecute:     d.TolerateNoExecute,
		Templates:             jobspec.NewPodSpecs(podTemplate(d.Config), o.Namespace, o.state.Newest),
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
	settings, err := d.settings(host, o.TLS)
	if err != nil {
		return err
	}
	created, isNew, err := o.createRecord(write, execution.Plan{
		ID:          o.state.Newest,
		Trigger:     firing.Trigger,
		Scheduled:   firing.Scheduled,
		ConfigHash:  d.Hash,
		NodeCronJob: d.Name,
		Retention:   execution.Retention{Reports: d.ReportHistory, Jobs: d.JobHistory},
		Settings:    settings,
		Nodes:       selected.Nodes,
		Skipped:     selected.Skipped,
		Excluded:    selected.Excluded,
	})
	if errors.Is(err, record.ErrNameTaken) {
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
	if errors.Is(err, record.ErrRejected) { // another leader has given it up
		return nil
	}
	if err != nil {
		return err
	}
	if created.Account.Phase == execution.Closed { // another leader has run it
		return nil
	}
	o.Taker.Adopt(created, isNew)
	if isNew {
		o.announceOpened(ctx, created)
	}
	return nil
}

// createRecord creates the Execution and opens it. If it exists, another leader created it,
// or a request whose response was lost. The error is a DamagedError if it was opened and is
// damaged, and record.ErrNameTaken if its name belongs to another execution.
func (o *Opener) createRecord(ctx context.Context, p execution.Plan) (r record.Record, isNew bool, err error) {
	r, isNew, err = o.Records.Create(ctx, p, execution.FirstAccount(p, execution.Admission{Share: execution.NoShare}), o.Clock.Now())
	if err != nil && kube.MayBeCarriedOut(err) {
		o.unanswered = o.Clock.Now()
	}
	return r, isNew, err
}

func (o *Opener) announceOpened(ctx context.Context, r record.Record) {
	o.Metrics.ExecutionOpened(string(r.Plan.Trigger))
	for _, skip := range r.Plan.Skipped {
		o.Metrics.TaskEnded(execution.Outcome{State: execution.Skipped, Reason: skip.Reason})
	}
	about := kube.ExecutionReference(r.Object)
	if len(r.Plan.Nodes) == 0 {
		o.Announcer.Announce(ctx, about, true, kube.EventNoNodes,
			execution.Truncate(noNodesText(o.Source.Current().JobNodeSelector, r.Plan), execution.MaxMessage))
		return
	}
	o.Announcer.Announce(ctx, about, false, kube.EventExecutionStarted, startedText(r.Plan))
}
