package notices

import (
	"fmt"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestOtherFailures(t *testing.T) {
	report := func(reasons ...execution.Reason) (r execution.Report) {
		for _, reason := range reasons {
			r.Tasks = append(r.Tasks, execution.TaskReport{State: execution.Failed, Reason: reason})
		}
		return r
	}
	many := make([]execution.Reason, 0, 40)
	for i := range 13 {
		for range 1 + i/6 {
			many = append(many, execution.Reason(fmt.Sprintf("R%02d", i)))
		}
	}
	cases := map[string]struct {
		report execution.Report
		want   string
	}{
		"none failed":                    {want: ""},
		"as many as have an event":       {report: report(many[:maxFailureEvents]...), want: ""},
		"more, and for too many reasons": {report: report(many...), want: "3 R12, 2 R06, 2 R07, 2 R08, 2 R09, 2 R10, 2 R11, 1 R00, 1 R01, 1 R02, and 3 other reasons"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := otherFailures(tc.report)
			if !strings.HasSuffix(got, tc.want) || (got == "") != (tc.want == "") {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
