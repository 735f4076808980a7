//go:build e2e

package suite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// lateReportScript reports when the test lets it continue, and does not retry.
const lateReportScript = untilLetGo + `if [ "$NODE_NAME" = FIRST ]; then # a node takes its time to forget an address
  while curl -s -o /dev/null --max-time 5 "${CALLBACK_SERVICE_RESULT_URL%/t/*}/"; do sleep 1; done
fi
env >/tmp/env.txt
curl -fsS --max-time 10 --data-binary @/tmp/env.txt "$CALLBACK_SERVICE_FILE_URL?name=env.txt"
curl -fsS --max-time 10 -d '{"test": [{"value": 1}]}' "$CALLBACK_SERVICE_RESULT_URL"
`

// TestCallbackServiceCreatedAnew recreates the callback Service with another address while a pod
// runs. That pod cannot report; pods that start later can.
func TestCallbackServiceCreatedAnew(t *testing.T) {
	t.Parallel()
	if len(env.nodes) < 2 {
		t.Skipf("this cluster has %d nodes, two are needed", len(env.nodes))
	}
	ctx := scenarioContext(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace:   newNamespace(t, "service"),
		Config:      configuration(t, "service", object{"podPoolSize": 1, "startupDelay": "0s"}),
		PodTemplate: podTemplate(strings.Replace(lateReportScript, "FIRST", env.nodes[0], 1)),
		Service:     "callback",
	})
	open, err := s.WaitForExecution(ctx)
	if err != nil {
		t.Fatal(err)
	}
	first, others := env.nodes[0], env.nodes[1:]
	eventually(t, ctx, func() error {
		pods, err := s.JobPods(ctx, open.ID)
		if err == nil && pods[first].Status.Phase != corev1.PodRunning {
			err = fmt.Errorf("the pod of node %s is %q", first, pods[first].Status.Phase)
		}
		return err
	})
	before, after := createServiceAnew(t, ctx, s.namespace, "callback")
	for _, node := range env.nodes {
		s.letGo(t, ctx, open.ID, node)
	}

	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the pod that ran has lost the address "+before, func(t *testing.T) {
		wantOutcome(t, e, first, execution.Failed, execution.ContainerFailed)
	})
	t.Run("those that start later report to the new one", func(t *testing.T) {
		for _, node := range others {
			wantOutcome(t, e, node, execution.Succeeded, "")
			if !s.taskReport(t, ctx, e.ID, node).Reported {
				t.Errorf("node %s has not reported", node)
			}
			if got := s.uploadedEnvironment(t, ctx, e.ID, node+"-env.txt")["CALLBACK_SERVICE_NAME"]; got != after {
				t.Errorf("node %s reported to %q, want %q", node, got, after)
			}
		}
	})
}

// createServiceAnew deletes a Service and recreates it with another address.
func createServiceAnew(t *testing.T, ctx context.Context, namespace, name string) (before, after string) {
	t.Helper()
	services := env.cluster.CoreV1().Services(namespace)
	old, err := services.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	before = old.Spec.ClusterIP
	eventually(t, ctx, func() error {
		if err := services.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			return err
		}
		spec := corev1.ServiceSpec{Selector: old.Spec.Selector}
		for _, port := range old.Spec.Ports {
			spec.Ports = append(spec.Ports, corev1.ServicePort{Name: port.Name, Port: port.Port, TargetPort: port.TargetPort})
		}
		anew, err := services.Create(ctx, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: old.Labels}, Spec: spec,
		}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if after = anew.Spec.ClusterIP; after == before {
			return errors.New("the Service got the same address again")
		}
		return nil
	})
	return before, after
}
