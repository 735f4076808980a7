package watch

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
)

func TestLeader(t *testing.T) {
	renewed, lasts := metav1.NewMicroTime(noon), int32(15)
	lease := func(holder string) *coordinationv1.Lease {
		return &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: "check-leader"},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder, RenewTime: &renewed, LeaseDurationSeconds: &lasts},
		}
	}
	tests := map[string]struct {
		objects   []runtime.Object
		forbidden bool
		want      string
	}{
		"a pod":                     {objects: []runtime.Object{lease("controller-1_0123")}, want: "pod controller-1"},
		"a pod that is gone":        {objects: []runtime.Object{lease("controller-0_0123")}, want: "none of its pods: controller-0 holds Lease check-leader"},
		"there is no Lease":         {want: "none: the Lease does not exist"},
		"the user may not see that": {forbidden: true, want: "unknown: leases.coordination.k8s.io \"check-leader\" is forbidden"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAnswers(t, test.objects...)
			a.Deployment = &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "controller", Namespace: "checks"}, Spec: appsv1.DeploymentSpec{Selector: controllerSelector}}
			a.Pods = []corev1.Pod{*controllerPod(startedAt(noon))}
			a.Core.PrependReactor("get", "leases", func(clienttesting.Action) (bool, runtime.Object, error) {
				return test.forbidden, nil, apierrors.NewForbidden(coordinationv1.Resource("leases"), "check-leader", nil)
			})
			got, err := leaderText(t.Context(), a.Installation, seconds(5))
			if err != nil || !strings.HasPrefix(got, test.want) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
