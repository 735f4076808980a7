package resources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// Latest is the name of the newest execution.
const Latest = "latest"

// Named is what a name on a command line means.
type Named struct {
	Execution  *v1alpha1.Execution // nil: the definition has had none
	Definition string              // whose current execution it is; empty: an execution was named
}

// Named returns what a name means: an Execution by its name or ID, a definition, or latest.
func (c *Client) Named(ctx context.Context, name string) (Named, error) {
	if e, err := c.API.Executions(c.Namespace).Get(ctx, name, metav1.GetOptions{}); !IsMissing(err) {
		return Named{Execution: e}, Explain(err, Request{"get", Executions, c.Namespace, name})
	}
	all, _, err := c.Executions(ctx, c.Namespace)
	if err != nil {
		return Named{}, err
	}
	if name == Latest {
		return newestOpened(all, c.Namespace)
	}
	if e := withID(all, name); e != nil {
		return Named{Execution: e}, nil
	}
	current := Current(all, name)
	if _, err := c.API.NodeCronJobs(c.Namespace).Get(ctx, name, metav1.GetOptions{}); err == nil || current != nil {
		return Named{Execution: current, Definition: name}, nil
	}
	return Named{}, c.notFound(ctx, name, all)
}

// newestOpened returns the newest of executions that have an ID.
func newestOpened(all []v1alpha1.Execution, namespace string) (Named, error) {
	opened := slices.DeleteFunc(slices.Clone(all), func(e v1alpha1.Execution) bool { return e.Status.ExecutionID == "" })
	if len(opened) == 0 {
		return Named{}, fmt.Errorf("no execution in namespace %s has been opened", namespace)
	}
	newest := slices.MaxFunc(opened, func(a, b v1alpha1.Execution) int {
		return cmp.Compare(a.Status.ExecutionID, b.Status.ExecutionID)
	})
	return Named{Execution: &newest}, nil
}

// Current returns the execution of a definition that is open, else the one that will be
// opened next, else the newest that has closed. All are given, the newest first.
func Current(all []v1alpha1.Execution, definition string) (current *v1alpha1.Execution) {
	const rejected, closed, waits, open = 0, 1, 2, 3
	rank := func(e *v1alpha1.Execution) int {
		switch progress.PhaseOf(e) {
		case v1alpha1.Rejected:
			return rejected
		case v1alpha1.Closed:
			return closed
		case v1alpha1.Queued:
			return waits
		default:
			return open
		}
	}
	for i := range all {
		e := &all[i]
		if e.Spec.NodeCronJobName != definition {
			continue
		}
		// The oldest that waits is the next.
		if current == nil || rank(e) > rank(current) || (rank(e) == waits && rank(current) == waits) {
			current = e
		}
	}
	return current
}

// notFound returns the error that a name means nothing, with what there is.
func (c *Client) notFound(ctx context.Context, name string, all []v1alpha1.Execution) error {
	text := fmt.Sprintf("there is no execution and no nodecronjob %q in namespace %s", name, c.Namespace)
	if len(all) > 0 {
		text += "; the newest executions are: " + cli.JoinNames(describe(all))
	}
	if definitions, _, err := c.Definitions(ctx, c.Namespace); err == nil && len(definitions) > 0 {
		text += "; the nodecronjobs are: " + cli.JoinNames(namesOf(definitions))
	}
	return errors.New(text)
}
