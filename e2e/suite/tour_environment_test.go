//go:build e2e

package suite

import (
	"context"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// testEnvironment checks the environment variables in the containers and init containers of each
// pod.
func testEnvironment(t *testing.T, ctx context.Context, tour tour) {
	service, err := env.cluster.CoreV1().Services(tour.namespace).Get(ctx, "callback", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, variable := range []struct {
		name string
		want func(node string) string
	}{
		{"NAMESPACE", func(string) string { return tour.namespace }},
		{"NODE_NAME", func(node string) string { return node }},
		{"EXECUTION_ID", func(string) string { return string(tour.execution.ID) }},
		{"CALLBACK_SERVICE_NAME", func(string) string { return service.Spec.ClusterIP }},
		{"CALLBACK_SERVICE_PORT", func(string) string { return "8095" }},
		{"CALLBACK_SERVICE_RESULT_URL", tour.callbackURL(service.Spec.ClusterIP, "result")},
		{"CALLBACK_SERVICE_FILE_URL", tour.callbackURL(service.Spec.ClusterIP, "file")},
		{"CALLBACK_SERVICE_EVENT_URL", tour.callbackURL(service.Spec.ClusterIP, "event")},
	} {
		t.Run(variable.name, func(t *testing.T) {
			for _, node := range env.nodes {
				for _, container := range []string{"prepare", "job"} {
					seen := tour.environmentOf(t, ctx, node, container)
					if got, want := withoutToken(seen[variable.name]), variable.want(node); got != want {
						t.Errorf("container %s of node %s: got %q, want %q", container, node, got, want)
					}
				}
			}
		})
	}
}

func (tour tour) callbackURL(host, kind string) func(node string) string {
	return func(node string) string {
		return fmt.Sprintf("http://%s:8095/report/%s/%s/%s", host, node, tour.execution.ID, kind)
	}
}

// withoutToken removes the token from a callback URL.
func withoutToken(url string) string {
	before, after, found := strings.Cut(url, "/t/")
	if !found {
		return url
	}
	_, path, _ := strings.Cut(after, "/")
	return before + "/" + path
}

// environmentOf returns the environment that a container has uploaded.
func (tour tour) environmentOf(t *testing.T, ctx context.Context, node, container string) map[string]string {
	t.Helper()
	return tour.uploadedEnvironment(t, ctx, tour.execution.ID, node+"-env-"+container+".txt")
}
