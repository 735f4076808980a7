package history_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// A leader that knows no spec of the definition, for example because its NodeCronJob is gone,
// goes by the reports.
func TestTheLimitsOfADefinitionWhoseSpecIsNotKnown(t *testing.T) {
	tests := map[string]struct {
		older, newer execution.Retention // in the reports
		unreadable   bool                // the newer one
		wantLeft     int                 // of three reports
		wantJobs     int                 // of as many Jobs
	}{
		"those of the newest report":               {older: execution.Retention{Reports: 3, Jobs: 3}, newer: execution.Retention{Reports: 2, Jobs: 1}, wantLeft: 2, wantJobs: 1},
		"which may be higher":                      {older: execution.Retention{Reports: 1, Jobs: 1}, newer: execution.Retention{Reports: 3, Jobs: 2}, wantLeft: 3, wantJobs: 2},
		"none, if the newest does not say":         {older: execution.Retention{Reports: 1, Jobs: 1}, wantLeft: 3, wantJobs: 3},
		"none, if the newest report is unreadable": {newer: execution.Retention{Reports: 1, Jobs: 1}, unreadable: true, wantLeft: 3, wantJobs: 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.keepReports, w.keepJobs = 0, 0
				w.execute(50, execution.Closed, "a")
				older, newer := w.execute(40, execution.Closed, "a"), w.execute(30, execution.Closed, "a")
				w.retention = map[execution.ID]execution.Retention{older.Plan.ID: tt.older, newer.Plan.ID: tt.newer}
				if tt.unreadable {
					w.fail("about "+string(newer.Plan.ID), errors.New("broken"))
				}
				slices.Reverse(w.reports) // their order is not promised
				w.start()
				if got := len(w.reports); got != tt.wantLeft {
					t.Errorf("left: got the reports %v, want %d", w.reports, tt.wantLeft)
				}
				jobs := tt.wantLeft
				for _, step := range w.steps {
					if strings.HasPrefix(step, "delete jobs ") {
						jobs--
					}
				}
				if jobs != tt.wantJobs {
					t.Errorf("got the Jobs of %d executions, want of %d: %q", jobs, tt.wantJobs, w.steps)
				}
			})
		})
	}
}
