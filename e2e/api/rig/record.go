package rig

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// WaitClosed waits until the only execution is closed. It does not use the audit.
func (s *Site) WaitClosed(timeout time.Duration) {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(s.tb.Context(), timeout)
	defer cancel()
	client := s.Client.CoreV1().ConfigMaps(s.Namespace)
	selector := jobspec.Selector(Name, jobspec.RecordComponent).String()
	list, err := client.List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		s.tb.Fatal(err)
	}
	if len(list.Items) != 1 {
		s.tb.Fatalf("there are %d execution records, want one", len(list.Items))
	}
	if record := &list.Items[0]; !closed(record) {
		err = follow(ctx, list.ResourceVersion, client.Watch, "metadata.name="+record.Name,
			func(_ eventType, record *corev1.ConfigMap, _ time.Time) bool { return !closed(record) })
	}
	if err != nil {
		s.tb.Fatalf("the execution is not closed: %v", err)
	}
}

func closed(record *corev1.ConfigMap) bool { return record.Data["phase"] == string(execution.Closed) }
