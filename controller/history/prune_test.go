package history_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

func TestWhatIsPruned(t *testing.T) {
	tests := map[string]struct {
		keep     int // reportHistory
		given    func(*world) (old []record.Record)
		wantLeft int // executions
	}{
		"the oldest first, and of each the record before the report": {keep: 1, wantLeft: 1, given: func(w *world) []record.Record {
			old := []record.Record{w.execute(50, execution.Closed), w.execute(40, execution.Closed)}
			w.execute(30, execution.Closed)
			return old
		}},
		"nothing while there are no more than reportHistory": {keep: 2, wantLeft: 2, given: func(w *world) []record.Record {
			w.execute(50, execution.Closed)
			w.execute(40, execution.Closed)
			return nil
		}},
		"no open execution, which counts": {keep: 1, wantLeft: 1, given: func(w *world) []record.Record {
			w.execute(60, execution.Open)
			return []record.Record{w.execute(50, execution.Closed)}
		}},
		"no execution that is closing": {keep: 0, wantLeft: 1, given: func(w *world) []record.Record {
			w.execute(50, execution.Closing)
			return nil
		}},
		"no report of a damaged record": {keep: 0, wantLeft: 1, given: func(w *world) []record.Record {
			w.edit(w.execute(50, execution.Closed), phase("Odd"))
			return nil
		}},
		"no report of a record of a later version": {keep: 0, wantLeft: 1, given: func(w *world) []record.Record {
			w.edit(w.execute(50, execution.Closed), func(e *v1alpha1.Execution) { e.Status.Account.Schema = 1000 })
			return nil
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.keepReports = tt.keep
				old := tt.given(w)
				h := w.start()
				var want []string
				for _, r := range old {
					want = append(want, dropped(r)...)
					if h.Known(r.Plan.ID) {
						t.Errorf("%s is still known", r.Plan.ID)
					}
				}
				w.want(want...)
				if len(w.stored()) != tt.wantLeft || len(w.reports) != tt.wantLeft {
					t.Errorf("left: got records %v and reports %v, want %d of each", w.stored(), w.reports, tt.wantLeft)
				}
			})
		})
	}
}

// A volume may hold reports of before the records were lost.
func TestAReportWithoutARecordIsPruned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.keepReports = 1
		w.execute(10, execution.Closed)
		w.reports = append(w.reports, "19990101000000")
		w.start()
		w.want("drop report 19990101000000", "drop results 19990101000000")
	})
}

// What is over some nodes only, by its record or by its report, does not replace what is over
// all of them.
func TestTheNewestExecutionOverAllNodesStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.keepReports = 1
		w.execute(30, execution.Closed)
		whole := w.execute(20, execution.Closed)
		w.edit(w.execute(10, execution.Closed), func(e *v1alpha1.Execution) { e.Spec.Nodes = &v1alpha1.ExecutionNodes{} })
		newest := execution.ID("29990101000000")
		w.reports, w.partial = append(w.reports, newest), map[execution.ID]bool{newest: true}
		w.start()
		if want := []execution.ID{whole.Plan.ID, newest}; !slices.Equal(w.reports, want) {
			t.Errorf("left: got the reports %v, want %v", w.reports, want)
		}
	})
}

// A prune takes as long as its requests, and executions open meanwhile. Their results must stay.
func TestWhatOpensDuringAPruneStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.keepReports = 1
		w.opens = func() {
			w.execute(20, execution.Open)
			w.execute(10, execution.Open)
		}
		w.start()
		w.want()
		if len(w.reports) != 2 {
			t.Errorf("left: got the reports %v, want both", w.reports)
		}
	})
}

// A record is found by its labels, which any client may change.
func TestWhatRunsStaysAlsoWithoutItsLabels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.keepReports = 1
		open := w.execute(20, execution.Open)
		w.open = open.Plan.ID
		w.edit(open, func(e *v1alpha1.Execution) { e.Labels = nil })
		w.execute(10, execution.Closed)
		w.start()
		if !slices.Contains(w.reports, open.Plan.ID) {
			t.Errorf("left: got the reports %v, want %s among them", w.reports, open.Plan.ID)
		}
	})
}

// The response of the write that closed it may be lost. Its run then writes the report again.
func TestWhatRunsStaysAlsoIfItsRecordIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.keepReports = 1
		running := w.execute(20, execution.Closed)
		w.open = running.Plan.ID
		w.execute(10, execution.Closed)
		w.start()
		if !slices.Contains(w.reports, running.Plan.ID) || !slices.Contains(w.stored(), running.Plan.ID) {
			t.Errorf("left: got the reports %v, want %s among them", w.reports, running.Plan.ID)
		}
	})
}

// Reports of other definitions are in the same directory.
func TestReportsOfOtherDefinitionsStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.keepReports = 1
		w.execute(10, execution.Closed)
		h := w.start()
		w.reports = append(w.reports, "19990101000000")
		w.prune(h)
		w.want()
	})
}

// A request that is carried out afterwards would create a Job without an owner.
func TestNothingIsPrunedWhileItsJobsMayStillBeCreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.keepReports = 0
		r := w.execute(0, execution.Closed) // closes in a second
		w.start()
		time.Sleep(kube.RequestGrace)
		synctest.Wait()
		w.want()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		w.want(dropped(r)...) // without another request
	})
}

func TestADeletionThatFailsHalfWay(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		fails      func(oldest record.Record) string // the step of it
		err        error
		wantSteps  func(oldest []string) []string // of the steps that drop the oldest: those done at the first try
		wantErrors []string                       // of the store
		wantRetry  func(oldest []string) []string
	}{
		"the record stays, and so does the report": {
			fails:     func(r record.Record) string { return "delete executions " + r.Object.Name },
			wantSteps: func([]string) []string { return nil },
			wantRetry: func(all []string) []string { return all },
		},
		"the record is gone, and so is the report": {
			fails:     func(r record.Record) string { return "delete executions " + r.Object.Name },
			err:       apierrors.NewNotFound(corev1.Resource("executions"), "x"),
			wantSteps: func(all []string) []string { return all[1:] },
			// The fake has not deleted the record.
			wantRetry: func(all []string) []string { return all },
		},
		"the report stays, and what is exported of it": {
			fails:      func(r record.Record) string { return "drop report " + string(r.Plan.ID) },
			wantSteps:  func(all []string) []string { return all[:1] },
			wantErrors: []string{"drop"},
			wantRetry:  func(all []string) []string { return all[1:] },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.keepReports = 0
				oldest, next := w.execute(50, execution.Closed), w.execute(40, execution.Closed)
				w.fail(tt.fails(oldest), tt.err)
				if tt.err == nil {
					w.fail(tt.fails(oldest), broken)
				}
				h := w.start()
				all := dropped(oldest)
				w.want(slices.Concat(tt.wantSteps(all), dropped(next))...) // which the failure does not hold up
				if !slices.Equal(w.errors, tt.wantErrors) {
					t.Errorf("store errors: got %q, want %q", w.errors, tt.wantErrors)
				}
				if got, want := h.Known(oldest.Plan.ID), tt.err == nil; got != want {
					t.Errorf("the oldest is known: got %t, want %t", got, want)
				}
				w.mend()
				w.prune(h)
				w.want(tt.wantRetry(all)...)
				if h.Known(oldest.Plan.ID) {
					t.Error("the oldest is still known")
				}
			})
		})
	}
}

// Executions that were rejected have no report, by which they would be counted.
func TestOnlyTheNewestRejectedExecutionsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client := w.client.V1alpha1().Executions(namespace)
		for i := range 12 {
			labels := jobspec.CommonLabels(name, jobspec.ExecutionComponent)
			labels[jobspec.NodeCronJobLabel] = name
			e, err := client.Create(t.Context(), &v1alpha1.Execution{ObjectMeta: metav1.ObjectMeta{
				Name: fmt.Sprintf("late-%02d", i), Labels: labels,
			}, Spec: v1alpha1.ExecutionSpec{NodeCronJobName: name}}, metav1.CreateOptions{})
			testkit.Must(t, err)
			testkit.Must(t, w.records.Reject(t.Context(), e, time.Now(), v1alpha1.ReasonStartingDeadlineExceeded, "too late"))
		}
		w.start()
		w.want("delete executions late-00", "delete executions late-01")
	})
}

// A request that deletes unused plan parts names each execution, so it is bounded.
func TestUnusedPlanPartsOfManyExecutionsAreDeletedInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.keepReports, w.sweeps = 100, true
		for i := range 51 {
			w.execute(100+i, execution.Closed)
		}
		sweeps := func() (n int) {
			for _, step := range w.steps {
				if step == "delete configmaps" {
					n++
				}
			}
			return n
		}
		h := w.start()
		for prune, want := range []int{1, 2, 2} {
			if got := sweeps(); got != want {
				t.Errorf("after prune %d: got %d requests, want %d", prune+1, got, want)
			}
			w.prune(h)
		}
	})
}

// What fails is tried again half a minute later, or after the next request.
func TestPruningThatFailsAtOnce(t *testing.T) {
	sweeps := []string{"delete secrets", "delete configmaps"}
	all := append(slices.Clone(sweeps), "drop")
	tests := map[string]struct {
		fails     string
		keep      int      // reportHistory
		wantFirst []string // with "drop" for the steps that drop the execution
		wantAgain []string // half a minute later
	}{
		"the records cannot be listed":        {fails: "list records", wantAgain: all},
		"the report directory cannot be read": {fails: "list reports", wantFirst: sweeps, wantAgain: all[2:]},
		"the Lease may be lost":               {fails: "fence", wantAgain: all},
		"the token Secrets cannot be deleted": {fails: "delete secrets", keep: 1, wantFirst: sweeps[1:], wantAgain: sweeps[:1]},
		"unused plan parts cannot be deleted": {fails: "delete configmaps", keep: 1, wantFirst: sweeps[:1], wantAgain: sweeps[1:]},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.keepReports, w.sweeps = tt.keep, true
				r := w.execute(50, execution.Closed)
				want := func(steps []string) {
					t.Helper()
					var all []string
					for _, step := range steps {
						if step == "drop" {
							all = append(all, dropped(r)...)
						} else {
							all = append(all, step)
						}
					}
					w.want(all...)
				}
				h := w.history()
				h.Add(r.Plan.ID)
				w.fail(tt.fails, errors.New("broken"))
				w.run(h)
				time.Sleep(timing.LongestSleep) // the first look without a request fails, too
				synctest.Wait()
				want(tt.wantFirst)
				w.mend()
				time.Sleep(timing.LongestSleep)
				synctest.Wait()
				want(tt.wantAgain)
				w.prune(h)
				want(nil)
			})
		})
	}
}
