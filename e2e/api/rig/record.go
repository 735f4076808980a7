package rig

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/follow"
)

// Executions returns the client of the site's Executions.
func (s *Site) Executions() client.ExecutionInterface { return s.Resources.Executions(s.Namespace) }

// WaitClosed waits until the only execution is closed. It does not use the audit.
func (s *Site) WaitClosed(timeout time.Duration) {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(s.tb.Context(), timeout)
	defer cancel()
	list, err := s.Executions().List(ctx, metav1.ListOptions{LabelSelector: jobspec.OwnerSelector(Name).String()})
	if err != nil {
		s.tb.Fatal(err)
	}
	if len(list.Items) != 1 {
		s.tb.Fatalf("there are %d executions, want one", len(list.Items))
	}
	if e := &list.Items[0]; !audit.Closed(e) {
		err = follow.Changes(ctx, list.ResourceVersion, s.Executions().Watch, "metadata.name="+e.Name,
			func(_ watch.EventType, e *v1alpha1.Execution, _ time.Time) bool { return !audit.Closed(e) })
	}
	if err != nil {
		s.tb.Fatalf("the execution is not closed: %v", err)
	}
}
