package kube

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/kubernetes/fake"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestEventNamesAreNamesOfObjects(t *testing.T) {
	const longest = 253 - 1 - 16 // of the part with the object's name
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
				t.Error("an event with another message has the same name")
			}
		})
	}
}

// Pods could forge an event whose reason ownActions lacks.
func TestEveryReasonOfOurOwnIsListed(t *testing.T) {
	source, err := os.ReadFile("events.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^\tEvent[A-Z]\w*\s+= "(\w+)"`).FindAllSubmatch(source, -1)
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

func TestPodsMayGiveNoReasonOfOurOwn(t *testing.T) {
	for reason := range ownActions() {
		var invalid *execution.InvalidError
		if err := CheckPodEvent(execution.Event{Reason: reason, Message: "m"}); !errors.As(err, &invalid) || invalid.Path != "reason" {
			t.Errorf("%s: got %v, want it refused", reason, err)
		}
	}
	if err := CheckPodEvent(execution.Event{Reason: "Mounted", Message: "m"}); err != nil {
		t.Errorf("another reason: %v", err)
	}
}

// Each event is written by another replica: each continues the count of the one before.
func TestARepeatedEventIsASeries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		about := corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: "jobs", Name: "x", UID: "1"}
		for i := range 3 {
			e := NewEvents(testkit.NewClient(client), clocktesting.NewFakePassiveClock(time.Unix(int64(60*i), 0)), "check", "")
			if err := e.Emit(t.Context(), about, true, EventNoNodes, "none"); err != nil {
				t.Fatal(err)
			}
		}
		got := testkit.Events(t, client, "jobs")
		if len(got) != 1 || got[0].Series == nil || got[0].Series.Count != 3 {
			t.Fatalf("got %+v, want one event with a count of 3", got)
		}
		if first, last := got[0].EventTime.Unix(), got[0].Series.LastObservedTime.Unix(); first != 0 || last != 120 {
			t.Errorf("first at %d s, last at %d s, want 0 and 120", first, last)
		}
		if got[0].ReportingInstance != "check" {
			t.Errorf("instance: got %q, want check: the API requires one", got[0].ReportingInstance)
		}
	})
}
