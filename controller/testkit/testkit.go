package testkit

import (
	"sync"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Must ends the test if there is an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Clock is a clock that an administrator sets. Its Since uses the monotonic clock, which
// cannot be set.
type Clock struct {
	clock.RealClock
	mu  sync.Mutex
	off time.Duration
}

// Set sets the clock: it differs from the real time by this much from now on.
func (c *Clock) Set(off time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = off
}

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.off)
}

// Plan returns the plan of an execution with three nodes, of which one has a taint, and
// a skipped one. At most two of them run at once.
func Plan(podTemplate string) execution.Plan {
	at := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	return execution.Plan{
		ID: execution.NewID(at), Trigger: execution.Cron, Scheduled: at, ConfigHash: "cafe",
		Settings: execution.Settings{PodPoolSize: 2, StartDeadline: time.Minute, PodTemplate: podTemplate, CallbackName: "10.0.0.1", CallbackPort: 8090},
		Nodes:    []execution.Node{{Name: "a", UID: "1"}, {Name: "b", UID: "2", Taints: []execution.Taint{{Key: "gpu", Value: "yes"}}}, {Name: "c", UID: "3"}},
		Skipped:  []execution.Skip{{Node: "d", Reason: execution.NodeNotReady}},
	}
}

// Events returns the events of a namespace.
func Events(t testing.TB, client kubernetes.Interface, namespace string) []eventsv1.Event {
	t.Helper()
	list, err := client.EventsV1().Events(namespace).List(t.Context(), metav1.ListOptions{})
	Must(t, err)
	return list.Items
}
