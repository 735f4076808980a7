package steer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// leftOfGone says of which NodeCronJobs, that are not among the definitions, executions are
// left. It is no reason to fail if that cannot be read: the definitions are what was asked for.
func (s *session) leftOfGone(ctx context.Context, namespace string, definitions []runtime.Object) string {
	executions, _, err := s.Executions(ctx, namespace)
	if err != nil {
		return fmt.Sprintf("Whether executions are left of a NodeCronJob that is gone is not known: %v\n", err)
	}
	left := countGone(definitions, executions)
	if len(left) == 0 {
		return ""
	}
	var all []string
	for _, of := range slices.Sorted(maps.Keys(left)) {
		all = append(all, fmt.Sprintf("%s (%d)", strings.TrimPrefix(of, namespace+"/"), left[of]))
	}
	return fmt.Sprintf("Gone, but with executions: %s.\n", strings.Join(all, ", "))
}

// countGone counts the executions of each NodeCronJob, by its namespace and name, that is not
// among the definitions.
func countGone(definitions []runtime.Object, executions []v1alpha1.Execution) map[string]int {
	exists := map[string]bool{}
	for _, object := range definitions {
		if d, ok := object.(*v1alpha1.NodeCronJob); ok {
			exists[d.Namespace+"/"+d.Name] = true
		}
	}
	left := map[string]int{}
	for i := range executions {
		e := &executions[i]
		of := e.Namespace + "/" + e.Spec.NodeCronJobName
		if !exists[of] {
			left[of]++
		}
	}
	return left
}
