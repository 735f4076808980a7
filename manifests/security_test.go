package manifests

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestPodsAreRestricted(t *testing.T) {
	check := func(t *testing.T, meta metav1.ObjectMeta, spec corev1.PodSpec) {
		t.Helper()
		wantRestricted(t, meta, spec)
		for _, c := range spec.Containers {
			if c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
				t.Errorf("container %s may write its own files", c.Name)
			}
			if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
				t.Errorf("container %s does not say what it needs", c.Name)
			}
		}
	}
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		t.Run("controller", func(t *testing.T) {
			pod := controllerPod(t, objects)
			check(t, pod.ObjectMeta, pod.Spec)
		})
		for _, auth := range []execution.CallbackAuth{execution.TokenAuth, execution.ServiceAccountTokenAuth, execution.NoAuth} {
			t.Run("job with "+string(auth), func(t *testing.T) { check(t, metav1.ObjectMeta{}, jobPod(t, objects, auth)) })
		}
	})
}

// wantRestricted evaluates a pod as the API server does in a namespace that enforces
// restricted.
func wantRestricted(t *testing.T, meta metav1.ObjectMeta, spec corev1.PodSpec) {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(spec.Containers) == 0 {
		t.Fatal("no containers")
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(restricted, &meta, &spec) {
		if !result.Allowed {
			t.Errorf("not restricted: %s: %s", result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
}
