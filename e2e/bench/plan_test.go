//go:build e2e

package bench

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	controllerplan "github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// plan returns the plan that the server would make of the site's configuration, and an
// owner for the Jobs, so that the contenders create the same objects as the server.
func plan(b *testing.B, site *rig.Site) (execution.Plan, jobspec.Owner) {
	b.Helper()
	cfg, _, err := config.Decode(site.ConfigData(), config.Env{Namespace: site.Namespace, PodIP: site.CallbackHost()}, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	list, err := site.Client.CoreV1().Nodes().List(b.Context(), metav1.ListOptions{LabelSelector: labels.FormatLabels(cfg.JobNodeSelector)})
	if err != nil {
		b.Fatal(err)
	}
	nodes := make([]*corev1.Node, 0, len(list.Items))
	for i := range list.Items {
		nodes = append(nodes, &list.Items[i])
	}
	selected := controllerplan.SelectNodes(controllerplan.NodePolicy{Selector: cfg.JobNodeSelector}, nodes).Nodes
	now := time.Now()
	p := execution.Plan{
		ID:          execution.NewID(now),
		NodeCronJob: cfg.Name,
		Trigger:     execution.Manual,
		Scheduled:   now.UTC().Truncate(time.Second),
		ConfigHash:  cfg.Hash,
		Settings: execution.Settings{
			PodPoolSize:   cfg.PodPoolSize,
			StartDeadline: cfg.StartDeadline,
			JobTimeout:    cfg.JobTimeout,
			PodTemplate:   cfg.PodTemplate,
			CallbackName:  site.CallbackHost(),
			CallbackPort:  cfg.CallbackServicePort,
		},
		Nodes: selected,
	}
	record, err := site.Executions().Create(b.Context(), &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Name: jobspec.ExecutionName(rig.Name, p.ID)}, Spec: v1alpha1.ExecutionSpec{NodeCronJobName: rig.Name},
	}, metav1.CreateOptions{})
	if err != nil {
		b.Fatal(err)
	}
	return p, jobspec.Owner{Name: record.Name, UID: record.UID}
}
