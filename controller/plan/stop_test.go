package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestStopOf(t *testing.T) {
	long := strings.Repeat("m", 2*execution.MaxMessage)
	cases := map[string]struct {
		annotation, message string
		ran                 bool

		want        execution.Outcome
		wantMessage string
		wantNone    bool
	}{
		"none":                           {wantNone: true},
		"a pod that did not start":       {annotation: "failed/ImagePullBackOff", message: "m", want: ended(execution.Failed, "ImagePullBackOff"), wantMessage: "m"},
		"a node that is gone":            {annotation: "lost/NodeGone", want: ended(execution.Lost, execution.NodeGone)},
		"a canceled execution":           {annotation: "canceled/Stopped", want: ended(execution.Canceled, execution.Stopped)},
		"a reason in a foreign alphabet": {annotation: "failed/Ошибка", want: ended(execution.Failed, "Unknown")},
		"a reason with a path":           {annotation: "failed/../../etc", want: ended(execution.Failed, "etc")},
		"no reason":                      {annotation: "failed/", want: ended(execution.Failed, "Unknown")},
		"a huge message":                 {annotation: "failed/X", message: long, want: ended(execution.Failed, "X"), wantMessage: execution.Truncate(long, execution.MaxMessage)},
		"no separator":                   {annotation: "failed", wantNone: true},
		"a state that is none":           {annotation: "Failed/X", wantNone: true},
		"a state that is not final":      {annotation: "running/X", wantNone: true},
		"a success without its times":    {annotation: "succeeded/", wantNone: true},
		"a success for a reason":         {annotation: "succeeded/X", ran: true, wantNone: true},
		"a success":                      {annotation: "succeeded/", ran: true, want: ended(execution.Succeeded, "")},
		"a skip, which is never ordered": {annotation: "skipped/X", wantNone: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			job := jobWith(stopped(tc.annotation, tc.message))
			if tc.ran {
				ran(time.Second, 2*time.Second)(job)
			}
			got, ok := StopOf(job)
			if ok == tc.wantNone {
				t.Fatalf("found %+v, %t", got, ok)
			}
			if got.Outcome != tc.want || got.Message != tc.wantMessage {
				t.Errorf("got %+v, want %v %q", got, tc.want, tc.wantMessage)
			}
		})
	}
	if _, ok := StopOf(jobWith()); ok {
		t.Error("a Job without annotations was stopped")
	}
}
