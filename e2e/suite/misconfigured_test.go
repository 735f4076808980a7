//go:build e2e

package suite

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// TestMisconfigured starts the controller with a configuration that has many errors.
func TestMisconfigured(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	wrong := object{
		"podPoolSize":    0,
		"cronExpression": "every now and then",
		"startupDelay":   "soon",
		"reportHistoy":   30,
		"metrics":        object{"prefix": "not a prefix"},
	}
	s := install(t, ctx, deploy.Overlay{
		Namespace:   newNamespace(t, "misconfigured"),
		Config:      configuration(t, "misconfigured", wrong),
		PodTemplate: strings.ReplaceAll(podTemplate(reportScript), "containers:", "contaners:"),
		Service:     "callback",
	})
	status, log, err := s.WaitExit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a wrong configuration ends the process with status 2", func(t *testing.T) {
		if status != 2 {
			t.Errorf("got %d", status)
		}
	})
	t.Run("its log, an event, and kubectl describe pod list all that is wrong", func(t *testing.T) {
		for where, text := range map[string]string{
			"log": log, "event": notStartedEvent(t, ctx, s.namespace), "pod": terminationMessage(t, ctx, s.namespace),
		} {
			for _, place := range []string{"podPoolSize", "cronExpression", "startupDelay", "reportHistoy", "metrics.prefix", "contaners"} {
				if !strings.Contains(text, place) {
					t.Errorf("%s: %s is not mentioned in\n%s", where, place, text)
				}
			}
		}
	})
	t.Run("it does not take the Lease", func(t *testing.T) {
		leases, err := env.cluster.CoordinationV1().Leases(s.namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(leases.Items) > 0 {
			t.Errorf("got Lease %s", leases.Items[0].Name)
		}
	})
}

// notStartedEvent returns the message of the event about the configuration.
func notStartedEvent(t *testing.T, ctx context.Context, namespace string) string {
	t.Helper()
	events, err := env.cluster.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=NotStarted,involvedObject.kind=ConfigMap"})
	if err != nil {
		t.Fatal(err)
	}
	if len(events.Items) != 1 {
		t.Fatalf("got %d events, want one", len(events.Items))
	}
	return events.Items[0].Message
}

// terminationMessage returns the termination message of the controller's container.
func terminationMessage(t *testing.T, ctx context.Context, namespace string) string {
	t.Helper()
	pods, err := env.cluster.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=controller"})
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods.Items {
		for _, c := range pod.Status.ContainerStatuses {
			for _, ended := range []*corev1.ContainerStateTerminated{c.State.Terminated, c.LastTerminationState.Terminated} {
				if ended != nil {
					return ended.Message
				}
			}
		}
	}
	t.Fatal("no container has ended")
	return ""
}
