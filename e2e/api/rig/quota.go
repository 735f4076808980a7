package rig

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/follow"
)

// AddQuota adds a quota to the namespace, and waits until its usage is known: until then, it
// denies everything.
func (s *Site) AddQuota(hard corev1.ResourceList) {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(s.tb.Context(), time.Minute)
	defer cancel()
	client := s.Client.CoreV1().ResourceQuotas(s.Namespace)
	quota, err := client.Create(ctx, &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "quota"},
		Spec:       corev1.ResourceQuotaSpec{Hard: hard},
	}, metav1.CreateOptions{})
	if err != nil {
		s.tb.Fatal(err)
	}
	err = follow.Changes(ctx, quota.ResourceVersion, client.Watch, "", func(_ watch.EventType, quota *corev1.ResourceQuota, _ time.Time) bool {
		return len(quota.Status.Used) < len(hard)
	})
	if err != nil {
		s.tb.Fatalf("the usage of the quota is not known: %v", err)
	}
}
