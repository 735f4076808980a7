package controller

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestEventNamesAreNamesOfObjects(t *testing.T) {
	const longest = 253 - 1 - 16 // of what is left of the object's name
	tests := map[string]string{
		"a short name":                         "job",
		"a name that just fits":                strings.Repeat("a", longest),
		"a name that is cut behind a dot":      strings.Repeat("a", longest-1) + "." + strings.Repeat("b", 10),
		"a name that is cut behind a hyphen":   strings.Repeat("a", longest-1) + "-" + strings.Repeat("b", 10),
		"a name that is cut behind hyphens":    strings.Repeat("a", longest-3) + "---" + strings.Repeat("b", 10),
		"a name that is cut within its labels": strings.Repeat("a.", 120) + "b",
	}
	for name, object := range tests {
		t.Run(name, func(t *testing.T) {
			got := eventName(corev1.ObjectReference{Name: object}, corev1.EventTypeWarning, "Reason", "Report", "message")
			if problems := validation.IsDNS1123Subdomain(got); len(problems) > 0 {
				t.Errorf("%s: %v", got, problems)
			}
			if other := eventName(corev1.ObjectReference{Name: object}, corev1.EventTypeWarning, "Reason", "Report", "another"); other == got {
				t.Error("another message has the same event")
			}
		})
	}
}

// A reason that is missing would be one that pods can forge.
func TestEveryReasonOfOurOwnIsListed(t *testing.T) {
	source, err := os.ReadFile("events.go")
	must(t, err)
	declared := regexp.MustCompile(`(?m)^\tevent[A-Z]\w*\s+= "(\w+)"`).FindAllSubmatch(source, -1)
	if len(declared) < 10 {
		t.Fatalf("%d reasons are declared, want more", len(declared))
	}
	for _, match := range declared {
		if ownActions()[string(match[1])] == "" {
			t.Errorf("ownActions lacks %s", match[1])
		}
	}
	if got := len(ownActions()); got != len(declared) {
		t.Errorf("ownActions has %d reasons, %d are declared", got, len(declared))
	}
}

func TestPodsDoNotSpeakForTheController(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Minute})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		key := execution.Key{Execution: c.records()[0].plan.ID, Node: "a"}
		for reason := range ownActions() {
			var invalid *execution.InvalidError
			if err := r.Event(t.Context(), key, execution.Event{Reason: reason, Message: "m"}); !errors.As(err, &invalid) || invalid.Path != "reason" {
				t.Errorf("%s: got %v, want it refused", reason, err)
			}
		}
		must(t, r.Event(t.Context(), key, execution.Event{Reason: "Killing", Message: "m"}))
		must(t, r.Event(t.Context(), key, execution.Event{Reason: "Mounted", Action: "Mount", Message: "m"}))
		for reason, want := range map[string]struct{ reporter, action string }{
			"Killing":             {podReporter, podAction},
			"Mounted":             {podReporter, "Mount"},
			eventExecutionStarted: {r.config().Name, "OpenExecution"},
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

// An event that another replica has counted up goes on from there.
func TestARepeatedEventIsASeries(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		about := corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: testNamespace, Name: "x", UID: "1"}
		for i := range 3 {
			e := &events{client: c.client, clock: clocktesting.NewFakePassiveClock(time.Unix(int64(60*i), 0)), controller: "check", instance: ""}
			must(t, e.emit(t.Context(), about, true, eventNoNodes, "none"))
		}
		got := c.eventsOf(eventNoNodes)
		if len(got) != 1 || got[0].Series == nil || got[0].Series.Count != 3 {
			t.Fatalf("got %+v, want one that was there three times", got)
		}
		if first, last := got[0].EventTime.Unix(), got[0].Series.LastObservedTime.Unix(); first != 0 || last != 120 {
			t.Errorf("first at %d s, last at %d s, want 0 and 120", first, last)
		}
		if got[0].ReportingInstance != "check" {
			t.Errorf("instance %q: the API wants one", got[0].ReportingInstance)
		}
	})
}
