package batchjob

import (
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// A record that cannot be read is a row of its own, and hides no other.
func TestStatusBesideUnreadableRecords(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	const first, second, third, later execution.ID = "20261125080000", "20261125090000", "20261125100000", "20261125110000"
	damaged, newer, odd := recordOf(t, second, execution.Closed), recordOf(t, later, execution.Open), recordOf(t, third, execution.Open)
	damaged.BinaryData = nil
	newer.Data["schema"] = "99"
	odd.Name, odd.Labels[jobspec.ExecutionLabel] = "check-strange", "yesterday"
	records := []runtime.Object{recordOf(t, first, execution.Closed), damaged, recordOf(t, third, execution.Closed), newer, odd}
	tests := map[string]struct {
		id         execution.ID
		without    execution.ID // this record
		golden     string
		wantStatus int
		wantErr    string
	}{
		"the newest cannot be read":    {golden: "status-unreadable", wantStatus: exitNotDone},
		"one that can be read, by ID":  {id: third, golden: "status-unreadable"},
		"one that cannot be, by ID":    {id: second, golden: "status-unreadable", wantStatus: exitNotDone},
		"the newest can be read":       {without: later, golden: "status-unreadable-before"},
		"one that there is not, by ID": {id: "20261125080001", wantStatus: exitNotDone, wantErr: "execution 20261125080001 has no record"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var objects []runtime.Object
			for _, o := range records {
				if o != runtime.Object(newer) || test.without != later {
					objects = append(objects, o)
				}
			}
			a := newAnswers(objects...)
			executions, err := a.selectExecutions(t.Context(), test.id)
			if err == nil {
				checkGolden(t, test.golden, executionsTable(executions, now)+unreadableText(executions))
				err = verdict(shownExecution(executions, test.id))
			}
			var status *statusError
			got, text := exitOK, ""
			if errors.As(err, &status) {
				got = status.status
				if status.err != nil {
					text = status.err.Error()
				}
			}
			if got != test.wantStatus || !strings.Contains(text, test.wantErr) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// More than are shown leave out the oldest.
func TestNewestRecords(t *testing.T) {
	var records []recordName
	for _, odd := range []string{"a", "b"} {
		records = append(records, recordName{name: odd})
	}
	for hour := range 7 {
		records = append(records, recordName{id: execution.NewID(time.Date(2026, 11, 25, hour, 0, 0, 0, time.UTC))})
	}
	got := newestOf(records)
	if len(got) != 7 || got[0].name != "a" || got[1].name != "b" || got[2].id != "20261125020000" || got[6].id != "20261125060000" {
		t.Errorf("got %v", got)
	}
	if got := newestOf(records[:1]); len(got) != 1 {
		t.Errorf("got %v", got)
	}
	if got := newestOf(nil); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// Nothing is looked for, and nothing advised, of an execution whose record cannot be read.
func TestAfterAnUnreadableExecution(t *testing.T) {
	a := newAnswers()
	if text := (&tool{}).afterExecution(a.installation, nil, progress.Execution{Unreadable: "damaged"}); text != "" {
		t.Errorf("got %q", text)
	}
}
