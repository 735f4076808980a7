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
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Definition returns a definition. If it does not exist, the error says which do.
func (c *Client) Definition(ctx context.Context, name string) (*v1alpha1.NodeCronJob, error) {
	found, err := c.API.NodeCronJobs(c.Namespace).Get(ctx, name, metav1.GetOptions{})
	if !IsMissing(err) {
		return found, Explain(err, Request{"get", Definitions, c.Namespace, name})
	}
	text := fmt.Sprintf("nodecronjob %q not found in namespace %s", name, c.Namespace)
	there, _, err := c.Definitions(ctx, c.Namespace)
	if err != nil {
		return nil, errors.New(text) // the names are a help, not what was asked for
	}
	if len(there) > 0 {
		return nil, fmt.Errorf("%s; there are: %s", text, cli.JoinNames(namesOf(there)))
	}
	if elsewhere, _, err := c.Definitions(ctx, metav1.NamespaceAll); err == nil && len(elsewhere) > 0 {
		return nil, fmt.Errorf("%s, which has none; choose a namespace with -n: %s", text, cli.JoinNames(placesOf(elsewhere)))
	}
	return nil, fmt.Errorf("%s, which has none", text)
}

// Execution returns an execution by its name, or by its ID. If it does not exist, the
// error says which do.
func (c *Client) Execution(ctx context.Context, name string) (*v1alpha1.Execution, error) {
	found, err := c.API.Executions(c.Namespace).Get(ctx, name, metav1.GetOptions{})
	if !IsMissing(err) {
		return found, Explain(err, Request{"get", Executions, c.Namespace, name})
	}
	text := fmt.Sprintf("execution %q not found in namespace %s", name, c.Namespace)
	there, _, err := c.Executions(ctx, c.Namespace)
	if err != nil {
		return nil, errors.New(text)
	}
	if e := withID(there, name); e != nil {
		return e, nil
	}
	if len(there) == 0 {
		return nil, fmt.Errorf("%s, which has none", text)
	}
	return nil, fmt.Errorf("%s; the newest are: %s", text, cli.JoinNames(describe(there)))
}

// withID returns the execution with an ID, or nil.
func withID(all []v1alpha1.Execution, name string) *v1alpha1.Execution {
	id, err := execution.ParseID(name)
	if err != nil {
		return nil
	}
	for i := range all {
		if all[i].Status.ExecutionID == v1alpha1.ExecutionID(id) {
			return &all[i]
		}
	}
	return nil
}

// describe names executions with their phases.
func describe(all []v1alpha1.Execution) (names []string) {
	for i := range all {
		names = append(names, fmt.Sprintf("%s (%s)", all[i].Name, progress.PhaseOf(&all[i])))
	}
	return names
}

// Definitions returns the definitions of a namespace, or of all, by name, and the version of
// the list.
func (c *Client) Definitions(ctx context.Context, namespace string) ([]v1alpha1.NodeCronJob, string, error) {
	list, err := c.API.NodeCronJobs(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, "", Explain(err, Request{Verb: "list", Resource: Definitions, Namespace: namespace})
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.NodeCronJob) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return list.Items, list.ResourceVersion, nil
}

// Executions returns the executions of a namespace, or of all, newest first, and the version
// of the list.
func (c *Client) Executions(ctx context.Context, namespace string) ([]v1alpha1.Execution, string, error) {
	list, err := c.API.Executions(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, "", Explain(err, Request{Verb: "list", Resource: Executions, Namespace: namespace})
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.Execution) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(b.Name, a.Name))
	})
	return list.Items, list.ResourceVersion, nil
}

func namesOf(all []v1alpha1.NodeCronJob) []string {
	names := make([]string, 0, len(all))
	for i := range all {
		names = append(names, all[i].Name)
	}
	return names
}

// placesOf returns the names with their namespaces.
func placesOf(all []v1alpha1.NodeCronJob) []string {
	names := make([]string, 0, len(all))
	for i := range all {
		names = append(names, all[i].Namespace+"/"+all[i].Name)
	}
	return names
}
