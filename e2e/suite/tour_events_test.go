//go:build e2e

package suite

import (
	"context"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// testEvents checks the example events of each node's pod.
func testEvents(t *testing.T, ctx context.Context, tour tour) {
	events, err := tour.Events(ctx)
	if err != nil {
		t.Fatal(err)
	}
	shown := kubectl(t, ctx, "--namespace", tour.namespace, "get", "events", "--no-headers")
	t.Run("an event that repeats is taken again", func(t *testing.T) {
		tour.wantAnswer(t, ctx, "repeated-event", "200")
	})
	for _, example := range []struct{ name, kind, message string }{
		{"a simple event", corev1.EventTypeNormal, "test message"},
		{"a warning with parameters", corev1.EventTypeWarning, "test message: a1"},
	} {
		t.Run(example.name+" is one of the pod", func(t *testing.T) {
			for node, pod := range tour.pods {
				found := slices.ContainsFunc(events, func(e corev1.Event) bool {
					return e.InvolvedObject.Kind == "Pod" && e.InvolvedObject.UID == pod.UID && e.InvolvedObject.Name == pod.Name &&
						e.Type == example.kind && e.Reason == "TestReason" && e.Message == example.message
				})
				if !found {
					t.Errorf("node %s: there is no such event", node)
				}
			}
		})
		t.Run(example.name+" is shown by kubectl get events", func(t *testing.T) {
			for node, pod := range tour.pods {
				want := []string{example.kind, "TestReason", "pod/" + pod.Name, example.message}
				if !slices.ContainsFunc(strings.Split(shown, "\n"), func(line string) bool { return showsEvent(line, want) }) {
					t.Errorf("node %s: got\n%s", node, shown)
				}
			}
		})
	}
}

// showsEvent compares all columns of a line except the first, which is the time.
func showsEvent(line string, want []string) bool {
	columns := strings.Fields(line)
	return len(columns) > 1 && strings.Join(columns[1:], " ") == strings.Join(want, " ")
}
