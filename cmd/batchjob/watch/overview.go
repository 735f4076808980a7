package watch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/ending"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// overview shows executions as their objects have them: the named one, or the newest of each
// definition.
func (o *statusOptions) overview(ctx context.Context, t *cli.Tool, client *resources.Client) error {
	shown, err := o.objects(ctx, client)
	if err != nil {
		return err
	}
	o.output.WithNamespace = o.all
	printer, err := o.output.List(t.Out, time.Now)
	if err != nil {
		return err
	}
	rows := make([]runtime.Object, 0, len(shown))
	for _, e := range shown {
		rows = append(rows, e)
	}
	switch {
	case len(rows) == 0 && printer.IsTable():
		fmt.Fprintln(t.ErrOut, "No execution yet.")
	case o.name != "":
		err = printer.Each(rows...)
	default:
		err = printer.All(rows)
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range shown {
		if progress.CountsOf(e).Bad > 0 || o.name != "" {
			errs = append(errs, ending.Status(e))
		}
		if progress.CountsOf(e).Bad > 0 && o.output.IsDefault() {
			fmt.Fprint(t.Out, "\nNodes of "+e.Name+" to check:\n"+ending.Nodes(ctx, client, e, fmt.Sprintf("%s status %s -n %s", t.Name, e.Name, e.Namespace)))
		}
	}
	return joinStatus(errs)
}

// objects returns the named execution, or the newest of each definition.
func (o *statusOptions) objects(ctx context.Context, client *resources.Client) (shown []*v1alpha1.Execution, err error) {
	if o.name != "" {
		named, err := client.Named(ctx, o.name)
		if err != nil || named.Execution == nil {
			return nil, err
		}
		return []*v1alpha1.Execution{named.Execution}, nil
	}
	all, _, err := client.Executions(ctx, client.Namespace)
	if err != nil {
		return nil, err
	}
	type definition struct{ namespace, name string }
	seen := map[definition]bool{}
	for i := range all {
		of := definition{all[i].Namespace, all[i].Spec.NodeCronJobName}
		if e := &all[i]; !seen[of] && e.Status.Phase != v1alpha1.Rejected {
			shown, seen[of] = append(shown, e), true
		}
	}
	slices.SortStableFunc(shown, func(a, b *v1alpha1.Execution) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Spec.NodeCronJobName, b.Spec.NodeCronJobName))
	})
	return shown, nil
}
