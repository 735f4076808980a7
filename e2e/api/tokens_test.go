//go:build e2e

package api

import (
	"slices"
	"testing"

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

// checkTokensGone checks that executions, which have closed, left no tokens. The
// server may have opened another one meanwhile.
func checkTokensGone(t *testing.T, site *rig.Site, closed ...execution.ID) {
	t.Helper()
	for _, secret := range tokenSecrets(t, site) {
		if slices.Contains(closed, execution.ID(secret.Labels[jobspec.ExecutionLabel])) {
			t.Errorf("the token Secret %s is left", secret.Name)
		}
	}
}
