package plan

import (
	"fmt"
	"slices"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func idsOf(numbers ...int) []execution.ID {
	var list []execution.ID
	for _, n := range numbers {
		list = append(list, execution.ID(fmt.Sprintf("202603040500%02d", n)))
	}
	return list
}

func TestPrune(t *testing.T) {
	cases := map[string]struct {
		open, closed        []execution.ID
		partial             []execution.ID
		history, jobHistory int

		wantDrop, wantDropJobs []execution.ID
	}{
		"nothing there": {history: 3, jobHistory: 1},
		"all within both histories": {
			closed: idsOf(1, 2), history: 3, jobHistory: 3,
		},
		"exactly as many as are kept": {
			closed: idsOf(1, 2, 3), history: 3, jobHistory: 3,
		},
		"the oldest goes": {
			closed: idsOf(1, 2, 3, 4), history: 3, jobHistory: 3,
			wantDrop: idsOf(1),
		},
		"Jobs go before reports": {
			closed: idsOf(1, 2, 3, 4), history: 3, jobHistory: 1,
			wantDrop: idsOf(1), wantDropJobs: idsOf(2, 3),
		},
		"the order of the list does not matter": {
			closed: idsOf(3, 1, 4, 2), history: 3, jobHistory: 1,
			wantDrop: idsOf(1), wantDropJobs: idsOf(2, 3),
		},
		"one that left a record and a report counts once": {
			closed: idsOf(1, 2, 3, 3, 2), history: 3, jobHistory: 3,
		},
		"an open one counts": {
			open: idsOf(4), closed: idsOf(1, 2, 3), history: 3, jobHistory: 3,
			wantDrop: idsOf(1),
		},
		"an open one is never dropped, however old": {
			open: idsOf(1), closed: idsOf(2, 3), history: 1, jobHistory: 1,
			wantDrop: idsOf(2, 3),
		},
		"more open ones than the history": {
			open: idsOf(1, 2, 3), closed: idsOf(4), history: 2, jobHistory: 1,
			wantDrop: idsOf(4),
		},
		"a longer history of Jobs than of reports": {
			closed: idsOf(1, 2, 3), history: 2, jobHistory: 10,
			wantDrop: idsOf(1),
		},
		"no Jobs are kept": {
			closed: idsOf(1, 2), history: 5, jobHistory: 0,
			wantDropJobs: idsOf(1, 2),
		},
		"the newest over all nodes stays, without its Jobs": {
			closed: idsOf(1, 2, 3, 4), partial: idsOf(3, 4), history: 2, jobHistory: 3,
			wantDrop: idsOf(1), wantDropJobs: idsOf(2),
		},
		"the newest over all nodes is within the history": {
			closed: idsOf(1, 2, 3, 4), partial: idsOf(2, 4), history: 2, jobHistory: 3,
			wantDrop: idsOf(1, 2),
		},
		"the newest over all nodes is open": {
			open: idsOf(3), closed: idsOf(1, 2), partial: idsOf(2), history: 2, jobHistory: 3,
			wantDrop: idsOf(1),
		},
		"one over some nodes is open": {
			open: idsOf(3), closed: idsOf(1, 2), partial: idsOf(2, 3), history: 1, jobHistory: 1,
			wantDrop: idsOf(2), wantDropJobs: idsOf(1),
		},
		"nothing is kept": {
			closed: idsOf(1, 2), partial: idsOf(2), history: 0, jobHistory: 3,
			wantDrop: idsOf(1, 2),
		},
		"none is over all nodes": {
			closed: idsOf(1, 2, 3), partial: idsOf(1, 2, 3), history: 1, jobHistory: 1,
			wantDrop: idsOf(1, 2),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(tc.closed)
			drop, dropJobs := Prune(History{
				Open: tc.open, Closed: tc.closed, Reports: tc.history, Jobs: tc.jobHistory,
				IsPartial: func(id execution.ID) bool { return slices.Contains(tc.partial, id) },
			})
			if !slices.Equal(drop, tc.wantDrop) {
				t.Errorf("drops %v, want %v", drop, tc.wantDrop)
			}
			if !slices.Equal(dropJobs, tc.wantDropJobs) {
				t.Errorf("drops the Jobs of %v, want %v", dropJobs, tc.wantDropJobs)
			}
			if !slices.Equal(before, tc.closed) {
				t.Error("the caller's list was changed")
			}
		})
	}
}
