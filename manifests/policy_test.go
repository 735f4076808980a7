package manifests

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// caller is a client that connects to the controller.
type caller struct {
	elsewhere bool // in another namespace than the controller's
	namespace map[string]string
	pod       map[string]string
}

func TestNetworkPolicy(t *testing.T) {
	objects := decode(t, renderOnTop(t, BaseDir, "any", "network-policy"))
	policy := only[*networkingv1.NetworkPolicy](t, objects)
	controller := controllerPod(t, objects).Labels
	job := jobspec.CommonLabels("any", jobspec.JobComponent)
	monitoring := map[string]string{corev1.LabelMetadataName: "monitoring"}
	tests := map[string]struct {
		from caller
		want []string // ports
	}{
		"a job pod reports": {
			from: caller{pod: job},
			want: []string{"callbacks", "health"},
		},
		"a job pod of a controller elsewhere is let in nowhere": {
			from: caller{elsewhere: true, pod: job},
			want: []string{"health"},
		},
		"a replica passes callbacks and readers on": {
			from: caller{pod: controller},
			want: []string{"callbacks", "health", "reports"},
		},
		"a controller elsewhere passes nothing on to this one": {
			from: caller{elsewhere: true, pod: controller},
			want: []string{"health"},
		},
		"another pod of the namespace is let in nowhere": {
			from: caller{pod: map[string]string{"app": "other"}},
			want: []string{"health"},
		},
		"another pod elsewhere is let in nowhere": {
			from: caller{elsewhere: true, namespace: map[string]string{corev1.LabelMetadataName: "other"}, pod: map[string]string{"app": "other"}},
			want: []string{"health"},
		},
		"Prometheus reads metrics": {
			from: caller{elsewhere: true, namespace: monitoring, pod: map[string]string{"app": "prometheus"}},
			want: []string{"health", "metrics"},
		},
		"a namespace that is labelled so reads metrics": {
			from: caller{elsewhere: true, namespace: map[string]string{"batch-job-controller.io/metrics": "allowed"}},
			want: []string{"health", "metrics"},
		},
		"a namespace that is labelled so reads reports": {
			from: caller{elsewhere: true, namespace: map[string]string{"batch-job-controller.io/reports": "allowed"}},
			want: []string{"health", "reports"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := map[string]bool{}
			for _, port := range tt.want {
				want[port] = true
			}
			for _, port := range controllerContainer(t, objects).Ports {
				if got := admits(t, policy, tt.from, port.Name); got != want[port.Name] {
					t.Errorf("port %s: admitted %t, want %t", port.Name, got, want[port.Name])
				}
			}
		})
	}
}

// admits evaluates the policy as the network plugin does.
func admits(t *testing.T, policy *networkingv1.NetworkPolicy, from caller, port string) bool {
	t.Helper()
	for _, rule := range policy.Spec.Ingress {
		for _, p := range rule.Ports {
			if p.Port.String() != port {
				continue
			}
			for _, peer := range rule.From {
				if matchesPeer(t, peer, from) {
					return true
				}
			}
			if len(rule.From) == 0 {
				return true
			}
		}
	}
	return false
}

func matchesPeer(t *testing.T, peer networkingv1.NetworkPolicyPeer, from caller) bool {
	t.Helper()
	if peer.IPBlock != nil {
		t.Fatalf("addresses differ between clusters: %v", peer.IPBlock)
	}
	if peer.NamespaceSelector == nil && from.elsewhere {
		return false
	}
	return matches(t, peer.NamespaceSelector, from.namespace) && matches(t, peer.PodSelector, from.pod)
}

// matches treats a missing selector as one that matches everything.
func matches(t *testing.T, selects *metav1.LabelSelector, set map[string]string) bool {
	t.Helper()
	if selects == nil {
		return true
	}
	selector, err := metav1.LabelSelectorAsSelector(selects)
	if err != nil {
		t.Fatal(err)
	}
	return selector.Matches(labels.Set(set))
}

func TestNetworkPolicySelectsTheController(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		for _, policy := range all[*networkingv1.NetworkPolicy](objects) {
			if !matches(t, &policy.Spec.PodSelector, controllerPod(t, objects).Labels) {
				t.Errorf("policy %s is not for the controller's pod", policy.Name)
			}
			if matches(t, &policy.Spec.PodSelector, jobspec.CommonLabels("any", jobspec.JobComponent)) {
				t.Errorf("policy %s is for job pods", policy.Name)
			}
			// A policy cannot name the API server.
			if diff := cmp.Diff([]networkingv1.PolicyType{networkingv1.PolicyTypeIngress}, policy.Spec.PolicyTypes); diff != "" {
				t.Errorf("policy %s (-want +got):\n%s", policy.Name, diff)
			}
		}
	})
}
