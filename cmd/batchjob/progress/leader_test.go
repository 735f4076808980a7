package progress

import (
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestLeaderText(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	lease := func(holder string, renewed time.Duration) *coordinationv1.Lease {
		at, seconds := metav1.NewMicroTime(now.Add(renewed)), int32(15)
		return &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: "check-leader"},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder, RenewTime: &at, LeaseDurationSeconds: &seconds},
		}
	}
	named := func(name string) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.PodStatus{PodIP: "10.0.0.1"}}
	}
	long := strings.Repeat("controller-", 5) + "5f9b7c4d8-x2x2x"
	onHost := named("controller-1")
	onHost.Spec = corev1.PodSpec{HostNetwork: true, NodeName: "node-1.example.com"}
	hostname := named("controller-1")
	hostname.Spec.Hostname = "controller"
	ends := func(pod corev1.Pod) corev1.Pod {
		pod.DeletionTimestamp = &metav1.Time{Time: now}
		return pod
	}
	tests := map[string]struct {
		lease *coordinationv1.Lease
		pod   corev1.Pod
		want  string
	}{
		"a pod that is there":                      {lease("controller-1_0123", -time.Second), named("controller-1"), "pod controller-1"},
		"a pod that ends leads until it has ended": {lease("controller-1_0123", -time.Second), ends(named("controller-1")), "pod controller-1"},
		"a pod with an address":                    {lease("controller-1_0123@10.0.0.7", -time.Second), named("controller-1"), "pod controller-1"},
		"a pod known by its address":               {lease("other_0123@10.0.0.1", -time.Second), named("controller-1"), "pod controller-1"},
		"a pod with a long name":                   {lease(long[:63]+"_0123", -time.Second), named(long), "pod " + long},
		"a pod in the network of its node":         {lease("node-1.example.com_0123", -time.Second), onHost, "pod controller-1"},
		"a pod with a host name":                   {lease("controller_0123", -time.Second), hostname, "pod controller-1"},
		"there is no Lease":                        {nil, named("controller-1"), "none: the Lease does not exist; the first ready replica creates it"},
		"it was given back":                        {lease("", -time.Second), named("controller-1"), "none: Lease check-leader was released, and no replica has acquired it"},
		"a pod that does not renew it": {
			lease("controller-1_0123", -time.Minute), named("controller-1"), "none: pod controller-1 has not renewed Lease check-leader, which expired at 11:59:15 UTC",
		},
		"a pod that has just gone, or another controller": {
			lease("controller-0_0123@10.0.0.9", -time.Second), named("controller-1"),
			"none of its pods: controller-0 holds Lease check-leader until 12:00:14 UTC; then another replica can acquire it. If the Lease is renewed, another controller has the same name",
		},
		"a pod that went long ago": {
			lease("controller-0_0123", -time.Hour), named("controller-1"),
			"none: controller-0, which no longer exists, held Lease check-leader until 11:00:15 UTC, and no replica has acquired it since",
		},
		"what is in the Lease does nothing to a terminal": {
			lease("a\x1b[2J", -time.Hour), named("controller-1"),
			"none: a [2J, which no longer exists, held Lease check-leader until 11:00:15 UTC, and no replica has acquired it since",
		},
		"a Lease without a time": {
			&coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "check-leader"}, Spec: coordinationv1.LeaseSpec{HolderIdentity: new("me")}},
			named("controller-1"), "unknown: Lease check-leader does not say until when me holds it",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := LeaderText(test.lease, []corev1.Pod{test.pod}, now); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
