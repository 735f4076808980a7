package cluster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// Definitions returns the NodeCronJobs in the controller's namespace, by name. A user who may
// not read them sees none.
func (i *Installation) Definitions(ctx context.Context) ([]v1alpha1.NodeCronJob, error) {
	list, err := i.Resources.NodeCronJobs(i.Namespace).List(ctx, metav1.ListOptions{})
	if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list nodecronjobs: %w", err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.NodeCronJob) int { return strings.Compare(a.Name, b.Name) })
	i.prefixes = map[string]string{}
	for n := range list.Items {
		i.prefixes[list.Items[n].Name] = list.Items[n].Spec.Metrics.Prefix
	}
	return list.Items, nil
}

// MetricsPrefix returns the prefix of the metrics of a definition: that of the NodeCronJob, as
// it was last read, else that of the ConfigMap.
func (i *Installation) MetricsPrefix(definition string) string {
	return cmp.Or(i.prefixes[definition], i.Config.Metrics.Prefix)
}

// HasSeveral reports whether the controller has more than one definition.
func (i *Installation) HasSeveral(definitions []v1alpha1.NodeCronJob) bool {
	n := len(definitions)
	if i.HasOwn(definitions) {
		n++
	}
	return n > 1
}

// HasOwn reports whether the controller's ConfigMap has a definition that is none of the
// NodeCronJobs.
func (i *Installation) HasOwn(definitions []v1alpha1.NodeCronJob) bool {
	return i.Config.HasDefinition && !slices.ContainsFunc(definitions, func(d v1alpha1.NodeCronJob) bool { return d.Name == i.Config.Name })
}
