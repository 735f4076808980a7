package definition

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Reports is the reports of closed executions.
type Reports interface {
	Report(id execution.ID) (execution.Report, error)
}

// chosen returns to which nodes an Execution is narrowed, and checks that these are any: one
// that is rejected needs neither an ID nor an entry in the state.
func (o *Opener) chosen(ctx context.Context, e *v1alpha1.Execution) (plan.Narrowing, error) {
	by, err := o.narrowing(ctx, e)
	if err == nil && by.Partial() {
		_, err = o.selectNodes(by, execution.NewID(o.Clock.Now()))
	}
	return by, err
}

// selectNodes returns the nodes of an execution. The error is a *plan.RejectError.
func (o *Opener) selectNodes(by plan.Narrowing, id execution.ID) (plan.Selection, error) {
	d, cluster := o.Source.Latest(), o.Nodes.Nodes()
	selected := plan.SelectNodes(plan.NodePolicy{
		Selector:              d.JobNodeSelector,
		RunOnUnscheduledNodes: d.RunOnUnscheduledNodes,
		TolerateNoExecute:     d.TolerateNoExecute,
		Templates:             jobspec.NewPodSpecs(podTemplate(d.Config), o.Namespace, id),
	}, cluster)
	return plan.Narrow(selected, by, cluster)
}

// narrowing returns to which nodes an Execution is narrowed. The error is a *plan.RejectError
// if it can never be known.
func (o *Opener) narrowing(ctx context.Context, e *v1alpha1.Execution) (by plan.Narrowing, err error) {
	nodes := e.Spec.Nodes
	switch {
	case nodes == nil:
		return by, nil
	case nodes.FromExecution != nil:
		by.From, err = o.nodesFrom(ctx, nodes.FromExecution)
	case nodes.Selector != nil:
		if by.Selector, err = metav1.LabelSelectorAsSelector(nodes.Selector); err != nil {
			return by, &plan.RejectError{Reason: plan.RejectNoNodes, Message: "spec.nodes.selector selects no node: " + err.Error()}
		}
	default:
		by.Names = make([]string, 0, len(nodes.Names))
		for _, name := range nodes.Names {
			by.Names = append(by.Names, string(name))
		}
	}
	return by, err
}

// nodesFrom returns the nodes of an earlier execution whose tasks ended in some states: by
// its record, which is what commands show, or else by its report.
func (o *Opener) nodesFrom(ctx context.Context, from *v1alpha1.FromExecution) (*plan.FromExecution, error) {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	source := plan.Source{Name: from.Name}
	e, err := o.Records.Find(ctx, from.Name)
	switch {
	case apierrors.IsNotFound(err):
	case err != nil:
		return nil, err
	default:
		source.Exists, source.Definition = true, e.Spec.NodeCronJobName
		source.Rejected, source.Closed = e.Status.Phase == v1alpha1.Rejected, e.Status.Phase == v1alpha1.Closed
	}
	name := o.Source.Latest().NodeCronJob()
	if source.Closed && source.Definition == name {
		if source.Verdicts, err = o.verdicts(ctx, e); err != nil {
			return nil, err
		}
	}
	return source.Nodes(name, statesOf(from.States))
}

// verdicts returns how the tasks of a closed execution ended, or nothing if its plan cannot be
// read any more, and its report is gone.
func (o *Opener) verdicts(ctx context.Context, e *v1alpha1.Execution) (all map[string]execution.State, err error) {
	r, err := o.Records.Load(ctx, e)
	if err == nil {
		return r.Verdicts(), nil
	}
	var damaged *record.DamagedError
	var newer *record.NewerError
	if !errors.As(err, &damaged) && !errors.As(err, &newer) && !apierrors.IsNotFound(err) {
		return nil, err
	}
	id := execution.ID(e.Status.ExecutionID)
	o.Log.Warn("the record of a closed execution cannot be read: its report says how its nodes ended", "execution", id, "name", e.Name, "error", err)
	report, err := o.Reports.Report(id)
	if err == nil {
		all = report.Verdicts()
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return all, err
}

// statesOf returns final states as the record has them. None are those that need attention,
// and those of nodes that were never reached.
func statesOf(words []v1alpha1.FinalState) []execution.State {
	if len(words) == 0 {
		return []execution.State{execution.Failed, execution.Lost, execution.Unreported, execution.Canceled}
	}
	states := make([]execution.State, len(words))
	for i, word := range words {
		states[i] = execution.State(strings.ToLower(string(word)))
	}
	return states
}
