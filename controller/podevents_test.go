package controller

import (
	"errors"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

func TestPodsDoNotSpeakForTheController(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Minute})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
		var invalid *execution.InvalidError
		if err := r.Event(t.Context(), key, execution.Event{Reason: kube.EventExecutionClosed, Message: "m"}); !errors.As(err, &invalid) || invalid.Path != "reason" {
			t.Errorf("got %v, want it refused", err)
		}
		must(t, r.Event(t.Context(), key, execution.Event{Reason: "Killing", Message: "m"}))
		must(t, r.Event(t.Context(), key, execution.Event{Reason: "Mounted", Action: "Mount", Message: "m"}))
		for reason, want := range map[string]struct{ reporter, action string }{
			"Killing":                  {kube.PodReporter, "Report"},
			"Mounted":                  {kube.PodReporter, "Mount"},
			kube.EventExecutionStarted: {r.Config().Name, "OpenExecution"},
		} {
			events := c.eventsOf(reason)
			if len(events) != 1 {
				t.Errorf("%s: got %d events, want one", reason, len(events))
				continue
			}
			if got := events[0]; got.ReportingController != want.reporter || got.Action != want.action || got.EventTime.IsZero() || got.ReportingInstance == "" {
				t.Errorf("%s: got reporter %q, action %q, time %v, instance %q", reason, got.ReportingController, got.Action, got.EventTime, got.ReportingInstance)
			}
		}
	})
}
