//go:build e2e

package suite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// knockScript tries each port of ADDRESS. An open port responds to any request; a network may
// take seconds to learn of a new pod.
const knockScript = `
for port in OPEN; do
  if curl -sS -o /dev/null -m 3 --retry 10 --retry-delay 1 --retry-connrefused "http://ADDRESS:$port/"; then echo "$port open"; else echo "$port closed"; fi
done
for port in CLOSED; do
  if curl -sS -o /dev/null -m 3 "http://ADDRESS:$port/"; then echo "$port open"; else echo "$port closed"; fi
done
`

// TestNetworkPolicy lets pods connect to the controller's ports, if the network of the cluster
// enforces policies. TestOverlays tests the connections between replicas with the overlay
// production.
func TestNetworkPolicy(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace:   newNamespace(t, "policy"),
		Config:      configuration(t, "policy", nil),
		PodTemplate: podTemplate(reportScript),
		Service:     "callback",
		Components:  []string{"network-policy"},
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range env.nodes {
		wantOutcome(t, e, node, execution.Succeeded, "")
	}
	controller, err := s.Pod(ctx)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := newNamespace(t, "stranger")
	if !s.policiesHold(t, ctx, controller, elsewhere) {
		t.Skip("the network of this cluster does not enforce network policies")
	}
	job := jobspec.CommonLabels("policy", jobspec.JobComponent)
	for _, tt := range []struct { // in order, because each case labels the other namespace
		name      string
		namespace string
		pod       map[string]string
		allowed   string // the access for which the other namespace is labeled
		open      []int
	}{
		{name: "a job pod reports", namespace: s.namespace, pod: job, open: []int{deploy.CallbackPort, deploy.HealthPort}},
		{name: "another pod of the namespace is kept out", namespace: s.namespace, open: []int{deploy.HealthPort}},
		{name: "a job pod from elsewhere is kept out", namespace: elsewhere, pod: job, open: []int{deploy.HealthPort}},
		{name: "who may read reports reads them", namespace: elsewhere, allowed: "reports", open: []int{deploy.ReportPort, deploy.HealthPort}},
		{name: "who may read metrics reads them", namespace: elsewhere, allowed: "metrics", open: []int{deploy.MetricsPort, deploy.HealthPort}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			allow(t, ctx, elsewhere, tt.allowed)
			output := knock(t, ctx, tt.namespace, tt.pod, controller, tt.open)
			for _, port := range controllerPorts() {
				want := fmt.Sprintf("%d closed\n", port)
				if slices.Contains(tt.open, port) {
					want = fmt.Sprintf("%d open\n", port)
				}
				if !strings.Contains(output, want) {
					t.Errorf("want %q, got\n%s", want, output)
				}
			}
		})
	}
	t.Run("the controller reaches all it needs", func(t *testing.T) { s.testOutwards(t, ctx, e) })
}

func controllerPorts() []int {
	return []int{deploy.ReportPort, deploy.CallbackPort, deploy.HealthPort, deploy.MetricsPort}
}

// policiesHold reports whether the network enforces policies. If the controller's policy does not
// keep the stranger out, it tries a policy that denies everything: if the network enforces that
// one, the controller's policy is wrong.
func (s scenario) policiesHold(t *testing.T, ctx context.Context, controller *corev1.Pod, stranger string) bool {
	t.Helper()
	isClosed := func(port int) bool {
		return strings.Contains(knock(t, ctx, stranger, nil, controller, nil), fmt.Sprintf("%d closed\n", port))
	}
	if isClosed(deploy.MetricsPort) {
		return true
	}
	policies := env.cluster.NetworkingV1().NetworkPolicies(s.namespace)
	policy, err := policies.Get(ctx, "batch-job-controller", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	denyAll := policy.DeepCopy()
	denyAll.Spec.Ingress = nil
	if _, err = policies.Update(ctx, denyAll, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if !isClosed(deploy.HealthPort) {
		return false
	}
	t.Error("the network enforces policies, and a stranger reads metrics")
	return true
}

// allow labels a namespace for access to reports or metrics, or removes the label.
func allow(t *testing.T, ctx context.Context, namespace, what string) {
	t.Helper()
	labels := map[string]*string{}
	for _, of := range []string{"reports", "metrics"} {
		labels["batch-job-controller.io/"+of] = nil
		if of == what {
			labels["batch-job-controller.io/"+of] = ptr.To("allowed")
		}
	}
	patch, err := json.Marshal(object{"metadata": object{"labels": labels}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = env.cluster.CoreV1().Namespaces().Patch(ctx, namespace, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// knock runs a pod that tries each port of another pod, and returns its output. It waits for a
// while until the expected ports are open.
func knock(t *testing.T, ctx context.Context, namespace string, labels map[string]string, at *corev1.Pod, open []int) string {
	t.Helper()
	var opened, closed []string
	for _, port := range controllerPorts() {
		if slices.Contains(open, port) {
			opened = append(opened, strconv.Itoa(port))
		} else {
			closed = append(closed, strconv.Itoa(port))
		}
	}
	script := strings.NewReplacer("OPEN", strings.Join(opened, " "), "CLOSED", strings.Join(closed, " "), "ADDRESS", at.Status.PodIP).Replace(knockScript)
	pod := &corev1.Pod{}
	if err := yaml.UnmarshalStrict([]byte(podTemplate(script)), pod); err != nil {
		t.Fatal(err)
	}
	pod.GenerateName, pod.Labels, pod.Spec.RestartPolicy = "knock-", labels, corev1.RestartPolicyNever
	pods := env.cluster.CoreV1().Pods(namespace)
	pod, err := pods.Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, func() error {
		now, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
		if err == nil && now.Status.Phase != corev1.PodSucceeded {
			err = fmt.Errorf("pod %s: %s, want Succeeded", pod.Name, now.Status.Phase)
		}
		return err
	})
	output, err := containerLog(ctx, *pod, "job")
	if err != nil {
		t.Fatal(err)
	}
	return output
}
