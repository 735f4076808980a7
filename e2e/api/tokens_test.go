//go:build e2e

package api

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// tokenSecrets returns the Secrets with callback tokens.
func tokenSecrets(t *testing.T, site *rig.Site) []corev1.Secret {
	t.Helper()
	list, err := site.Client.CoreV1().Secrets(site.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: jobspec.ExecutionLabel})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// waitTokensGone waits until closed executions have no tokens: the server deletes the tokens
// after it has closed the record. It may have opened another execution meanwhile.
func waitTokensGone(t *testing.T, site *rig.Site, closed ...execution.ID) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		var left []string
		for _, secret := range tokenSecrets(t, site) {
			if slices.Contains(closed, execution.ID(secret.Labels[jobspec.ExecutionLabel])) {
				left = append(left, secret.Name)
			}
		}
		if len(left) == 0 {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatalf("not after %s: the token Secrets %v are deleted", patience, left)
		}
	}
}
