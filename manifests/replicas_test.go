package manifests

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

func TestReplicasShareTheirReports(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		deployment := only[*appsv1.Deployment](t, objects)
		several := *deployment.Spec.Replicas > 1
		for _, volume := range deployment.Spec.Template.Spec.Volumes {
			if volume.EmptyDir != nil && several {
				t.Errorf("each replica has a volume %s of its own", volume.Name)
			}
			if volume.PersistentVolumeClaim == nil {
				continue
			}
			claim := named[*corev1.PersistentVolumeClaim](t, objects, volume.PersistentVolumeClaim.ClaimName)
			if several && !slices.Equal(claim.Spec.AccessModes, []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}) {
				t.Errorf("claim %s is %v", claim.Name, claim.Spec.AccessModes)
			}
		}
		if !several && deployment.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
			t.Errorf("two pods of a %s would want the same volume", deployment.Spec.Strategy.Type)
		}
	})
}

func TestReplicasAreApart(t *testing.T) {
	objects := decode(t, renderOnTop(t, BaseDir, "any", "ha"))
	pod := controllerPod(t, objects)
	terms := pod.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if len(terms) != 1 || terms[0].TopologyKey != corev1.LabelHostname {
		t.Fatalf("got %v, want one term by hostname", terms)
	}
	budget := only[*policyv1.PodDisruptionBudget](t, objects)
	for of, selects := range map[string]*metav1.LabelSelector{"anti-affinity": terms[0].LabelSelector, "budget": budget.Spec.Selector} {
		selector, err := metav1.LabelSelectorAsSelector(selects)
		if err != nil {
			t.Fatal(err)
		}
		if !selector.Matches(labels.Set(pod.Labels)) {
			t.Errorf("the selector of the %s, %s, does not match the controller's pod", of, selector)
		}
		if selector.Matches(labels.Set(jobspec.CommonLabels("any", jobspec.JobComponent))) {
			t.Errorf("the selector of the %s, %s, matches job pods", of, selector)
		}
	}
	deployment := only[*appsv1.Deployment](t, objects)
	if surge := deployment.Spec.Strategy.RollingUpdate.MaxSurge.IntValue(); surge != 0 {
		t.Errorf("a rollout wants %d nodes more than there are replicas", surge)
	}
}
