//go:build e2e

package suite

import (
	"context"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// waitCutOffScript waits until connections to a kubelet fail: a network needs time to enforce a
// policy for a new pod, and keeps the connections that are open by then. A pod can always connect
// to its own node.
const waitCutOffScript = `
while :; do
  for node in NODES; do
    curl -sk -o /dev/null -m 2 "https://$node:10250/" || { echo "$node is cut off"; exit 0; }
  done
  sleep 1
done
`

// testOutwards restarts the controller under the egress policy of docs/install.md, and checks
// that it runs the next execution.
func (s scenario) testOutwards(t *testing.T, ctx context.Context, last deploy.Execution) {
	policy := documentedEgress(t)
	policy.Spec.Egress[0] = toAPIServer(t, ctx)
	if _, err := env.cluster.NetworkingV1().NetworkPolicies(s.namespace).Create(ctx, policy, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	waiting := &corev1.Pod{}
	script := strings.ReplaceAll(waitCutOffScript, "NODES", strings.Join(nodeAddresses(t, ctx), " "))
	if err := yaml.UnmarshalStrict([]byte(podTemplate(script)), waiting); err != nil {
		t.Fatal(err)
	}
	patch, err := json.Marshal(object{"spec": object{"template": object{"spec": object{"initContainers": waiting.Spec.Containers}}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = env.cluster.AppsV1().Deployments(s.namespace).Patch(ctx, s.Deployment, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.WaitForExecution(ctx, deploy.IsAfter(last.ID), deploy.IsClosed); err != nil {
		t.Fatal(err)
	}
}

func nodeAddresses(t *testing.T, ctx context.Context) (addresses []string) {
	t.Helper()
	nodes, err := env.cluster.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range nodes.Items {
		for _, address := range node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP {
				addresses = append(addresses, address.Address)
			}
		}
	}
	return addresses
}

var egressBlock = regexp.MustCompile("(?s)```yaml\n([^`]*name: batch-job-controller-egress\n[^`]*)```")

func documentedEgress(t *testing.T) *networkingv1.NetworkPolicy {
	t.Helper()
	page, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	block := egressBlock.FindSubmatch(page)
	if block == nil {
		t.Fatal("docs/install.md has no egress policy for the controller")
	}
	policy := &networkingv1.NetworkPolicy{}
	if err := yaml.UnmarshalStrict(block[1], policy); err != nil {
		t.Fatal(err)
	}
	return policy
}

// toAPIServer returns the rule for the API server of this cluster.
func toAPIServer(t *testing.T, ctx context.Context) networkingv1.NetworkPolicyEgressRule {
	t.Helper()
	slices, err := env.cluster.DiscoveryV1().EndpointSlices(corev1.NamespaceDefault).List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=kubernetes"})
	if err != nil {
		t.Fatal(err)
	}
	rule := networkingv1.NetworkPolicyEgressRule{}
	for _, slice := range slices.Items {
		for _, port := range slice.Ports {
			rule.Ports = append(rule.Ports, networkingv1.NetworkPolicyPort{Port: ptr.To(intstr.FromInt32(*port.Port))})
		}
		for _, endpoint := range slice.Endpoints {
			for _, address := range endpoint.Addresses {
				bits := "/32"
				if strings.Contains(address, ":") {
					bits = "/128"
				}
				rule.To = append(rule.To, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: address + bits}})
			}
		}
	}
	if len(rule.To) == 0 {
		t.Fatal("the API server has no addresses")
	}
	return rule
}
