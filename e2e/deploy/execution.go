package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Execution is an execution as a reader sees it.
type Execution struct {
	execution.Plan
	Closed   bool
	Outcomes map[string]execution.Outcome // by node; only node tasks that have ended
	Record   *v1alpha1.Execution
}

// Executions returns the executions that have been opened, oldest first.
func (c *Controller) Executions(ctx context.Context) ([]Execution, error) {
	list, err := c.cluster.resources.Executions(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: c.executionSelector()})
	if err != nil {
		return nil, fmt.Errorf("list executions: %w", err)
	}
	var all []Execution
	for i := range list.Items {
		e, opened, err := c.readExecution(ctx, &list.Items[i])
		if err != nil {
			return nil, err
		}
		if opened {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b Execution) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all, nil
}

// WaitForExecution waits for an execution that meets all conditions.
func (c *Controller) WaitForExecution(ctx context.Context, wanted ...func(Execution) bool) (Execution, error) {
	client := c.cluster.resources.Executions(c.Namespace)
	list := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = c.executionSelector()
			return client.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = c.executionSelector()
			return client.Watch(ctx, o)
		},
	}
	var found, last Execution
	_, err := watchtools.UntilWithSync(ctx, list, &v1alpha1.Execution{}, nil, func(event watch.Event) (bool, error) {
		object, ok := event.Object.(*v1alpha1.Execution)
		if !ok || event.Type == watch.Deleted {
			return false, nil
		}
		e, opened, err := c.readExecution(ctx, object)
		if err != nil || !opened {
			return false, err
		}
		last = e
		for _, is := range wanted {
			if !is(e) {
				return false, nil
			}
		}
		found = e
		return true, nil
	})
	if err != nil {
		return found, c.explain(fmt.Errorf("wait for an execution: %w; the last seen was %q: closed %t, %v",
			errors.Join(err, context.Cause(ctx)), last.ID, last.Closed, last.Outcomes))
	}
	return found, nil
}

// IsClosed reports whether an execution is closed.
func IsClosed(e Execution) bool { return e.Closed }

// IsTriggeredBy returns the condition that the trigger started an execution.
func IsTriggeredBy(t execution.Trigger) func(Execution) bool {
	return func(e Execution) bool { return e.Trigger == t }
}

// IsAfter returns the condition that an execution is newer than another.
func IsAfter(id execution.ID) func(Execution) bool {
	return func(e Execution) bool { return e.ID > id }
}

func (c *Controller) executionSelector() string { return jobspec.OwnerSelector(c.Name).String() }

// readExecution reads an Execution and its plan. It reports whether it has been opened.
func (c *Controller) readExecution(ctx context.Context, e *v1alpha1.Execution) (_ Execution, opened bool, err error) {
	if record.IsWaiting(e) || e.Status.Phase == v1alpha1.Rejected {
		return Execution{}, false, nil
	}
	store := record.NewStore(c.cluster.resources.Executions(c.Namespace), c.cluster.CoreV1().ConfigMaps(c.Namespace), c.Name)
	r, err := store.Load(ctx, e)
	if err != nil {
		return Execution{}, false, err
	}
	read := Execution{Plan: r.Plan, Closed: r.Account.Phase == execution.Closed, Outcomes: map[string]execution.Outcome{}, Record: e}
	for outcome, indexes := range r.Account.Outcomes {
		for i := range indexes.All() {
			read.Outcomes[read.Nodes[i].Name] = outcome
		}
	}
	for _, skip := range read.Skipped {
		read.Outcomes[skip.Node] = execution.Outcome{State: execution.Skipped, Reason: skip.Reason}
	}
	return read, true, nil
}
