package controller

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// replacing has ticks at 00:10 and 00:20 whose executions replace each other, and begin within
// a minute. A pod that takes its grace period to stop takes ten.
func replacing(c *config.Config) {
	c.CronExpression, c.RunOnStartup, c.PodTemplate = "10,20 * * * *", false, patientTemplate
	c.ConcurrencyPolicy, c.StartingDeadline = plan.ReplaceConcurrent, time.Minute
}

// stops counts the writes that set the cancel of an Execution, of which some fail.
func (c *cluster) stops(fail func(n int32) error) *atomic.Int32 {
	var n atomic.Int32
	c.react("update", "executions", func(action clienttesting.Action) (bool, runtimeObject, error) {
		if !isStop(action) {
			return false, nil, nil
		}
		err := fail(n.Add(1))
		return err != nil, nil, err
	})
	return &n
}

func isStop(action clienttesting.Action) bool {
	e := action.(clienttesting.UpdateAction).GetObject().(*v1alpha1.Execution)
	return action.GetSubresource() == "" && e.Spec.Cancel == v1alpha1.CancelStop
}

func never(int32) error { return nil }

func TestAnExecutionThatIsReplacedClosesWithAReport(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c", "d", "e")
		c.behave("a", behaviour{lingers: true})
		c.behave("b", behaviour{hangs: true})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig(replacing))
		defer r.kill()
		stops := c.stops(never)
		sleepUntil(20*time.Minute + 10*time.Second)
		c.wantEnds(map[string]string{"00:10": "Open, Stop", "00:20": "Queued"})
		sleepUntil(33 * time.Minute)
		c.wantEnds(map[string]string{"00:10": "Closed, Stop", "00:20": "Open"})
		first := c.records()[0]
		stopped, notStarted := canceledAs(execution.Stopped), canceledAs(execution.NotStarted)
		want := map[string]execution.Outcome{"a": stopped, "b": stopped, "c": notStarted, "d": notStarted, "e": notStarted}
		for node, got := range outcomes(first) {
			if got != want[node] {
				t.Errorf("node %s: got %v, want %v", node, got, want[node])
			}
		}
		report, err := store.Report(first.Plan.ID)
		must(t, err)
		if len(report.Tasks) != 5 || report.Result() != "canceled" {
			t.Errorf("report: got %d nodes, %s", len(report.Tasks), report.Result())
		}
		if got := r.metric("batch_job_controller_executions_closed_total", "result=canceled"); got != 1 {
			t.Errorf("executions closed as canceled: got %v, want 1", got)
		}
		if opened, closed := c.records()[1].Object.Status.OpenTime, first.Object.Status.CloseTime; opened.Before(closed) {
			t.Errorf("the second one opened at %s, before the first one had closed at %s", opened, closed)
		}
		if n := stops.Load(); n != 1 {
			t.Errorf("the first one was stopped %d times", n)
		}
		events := c.eventsOf(kube.EventExecutionReplaced)
		if len(events) != 1 || events[0].InvolvedObject.Name != first.Object.Name || !contains(events[0].Message, c.records()[1].Object.Name) {
			t.Errorf("events: got %+v, want one about the first one that names the second one", events)
		}
	})
}

// Executions are created while the one that they replace takes its time to stop.
func TestThreeExecutionsReplaceEachOther(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{lingers: true})
		r := startReplica(t, c, newMemoryStore(), testConfig(replacing))
		defer r.kill()
		stops := c.stops(never)
		sleepUntil(19*time.Minute + 50*time.Second)
		c.ask("by-hand")
		sleepUntil(20*time.Minute + 5*time.Second)
		c.wantEnds(map[string]string{"00:10": "Open, Stop", "by-hand": v1alpha1.ReasonReplaced, "00:20": "Queued"})
		c.ask("another")
		time.Sleep(5 * time.Second)
		c.wantEnds(map[string]string{"00:10": "Open, Stop", "by-hand": v1alpha1.ReasonReplaced, "00:20": v1alpha1.ReasonReplaced, "another": "Queued"})
		sleepUntil(33 * time.Minute)
		c.wantEnds(map[string]string{"00:10": "Closed, Stop", "by-hand": v1alpha1.ReasonReplaced, "00:20": v1alpha1.ReasonReplaced, "another": "Open"})
		if n := stops.Load(); n != 1 {
			t.Errorf("stops: got %d, want 1", n)
		}
		if got := r.metric("batch_job_controller_ticks_missed_total"); got != 0 {
			t.Errorf("ticks missed: got %v, want none", got)
		}
	})
}

// A leader may notice a person's Execution late.
func TestAnExecutionDoesNotReplaceALaterOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: 5 * time.Minute})
		r := startReplica(t, c, newMemoryStore(), testConfig(replacing))
		defer r.kill()
		stops := c.stops(never)
		sleepUntil(10*time.Minute + 20*time.Second)
		c.ask("by-hand", func(e *v1alpha1.Execution) { e.Labels = map[string]string{jobspec.OwnerLabel: "other"} })
		c.edit("by-hand", func(e *v1alpha1.Execution) {
			e.Labels, e.CreationTimestamp = nil, metav1.Time{Time: start().Add(9*time.Minute + 50*time.Second)}
		})
		time.Sleep(time.Minute)
		c.wantEnds(map[string]string{"00:10": "Open", "by-hand": v1alpha1.ReasonReplaced})
		if n := stops.Load(); n != 0 {
			t.Errorf("stops: got %d, want none", n)
		}
	})
}

// What comes after an Execution that waits does not replace it if it will not open itself.
func TestOnlyAnExecutionThatMayOpenReplacesAnother(t *testing.T) {
	tests := map[string]func(c *cluster){
		"it is canceled":       func(c *cluster) { c.ask("other", func(e *v1alpha1.Execution) { e.Spec.Cancel = v1alpha1.CancelStop }) },
		"its tick was handled": func(c *cluster) { c.ask("other", ofTick(start().Add(10*time.Minute))) },
		"it is deleted since then": func(c *cluster) {
			c.ask("other")
			must(c.t, c.resources().Delete(c.ctx, "other", metav1.DeleteOptions{}))
		},
	}
	for name, ask := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", behaviour{lingers: true})
				r := startReplica(t, c, newMemoryStore(), testConfig(replacing))
				defer r.kill()
				sleepUntil(25 * time.Minute)
				c.ask("mine")
				time.Sleep(time.Second)
				if got := c.ends()["mine"]; got != "Queued" {
					t.Fatalf("the first one: got %s, want Queued", got)
				}
				ask(c)
				sleepUntil(37 * time.Minute)
				if got := c.ends()["mine"]; got != "Open" {
					t.Errorf("the first one: got %s, want Open", got)
				}
			})
		})
	}
}

// The record of the open execution is damaged, or it is deleted: it cannot be stopped, and the
// next one waits for its pods.
func TestWhatCannotBeStoppedIsWaitedFor(t *testing.T) {
	tests := map[string]struct {
		change func(c *cluster, name string)
		want   string // of the tick at 20 minutes
	}{
		"its record is damaged": {func(c *cluster, name string) { c.edit(name, anotherPhase) }, "Closed"},
		"it is deleted": {func(c *cluster, name string) {
			job, pod := c.jobsOfNode("a")[0], c.podOf("a")
			must(c.t, c.resources().Delete(c.ctx, name, metav1.DeleteOptions{}))
			go c.linger(&job, pod, "")
		}, "Closed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				c.behave("a", behaviour{runFor: 14 * time.Minute})
				c.behave("b", behaviour{runFor: time.Minute}) // its end is to be written, and shows the damage
				r := startReplica(t, c, newMemoryStore(), testConfig(replacing, startWithin(9*time.Minute)))
				defer r.kill()
				stops := c.stops(never)
				sleepUntil(10*time.Minute + 30*time.Second)
				tt.change(c, c.records()[0].Object.Name)
				sleepUntil(20*time.Minute + 20*time.Second)
				if got := c.ends()["00:20"]; got != "Queued" && name == "its record is damaged" {
					t.Errorf("while a pod runs: got %s, want Queued", got)
				}
				sleepUntil(29 * time.Minute)
				if got := c.ends()["00:20"]; got != "Open" {
					t.Errorf("later: got %s, want Open", got)
				}
				if n := stops.Load(); n != 0 {
					t.Errorf("stops: got %d, want none", n)
				}
				if got := c.podsAtOnce(); got > 2 {
					t.Errorf("pods at once: got %d", got)
				}
			})
		})
	}
}

// The leader dies while the replaced execution takes ten minutes to stop, or just after it has
// closed. startingDeadline is one minute, and counts from when it has closed.
func TestAReplacementOutlivesTheLeader(t *testing.T) {
	tests := map[string]struct {
		dies, returns time.Duration
	}{
		"after it has set the cancel":         {dies: 20*time.Minute + 5*time.Second, returns: 20*time.Minute + 30*time.Second},
		"for most of the stop":                {dies: 20*time.Minute + 5*time.Second, returns: 29*time.Minute + 30*time.Second},
		"shortly before it would have closed": {dies: 29*time.Minute + 55*time.Second, returns: 30*time.Minute + 20*time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", behaviour{lingers: true})
				store, cfg := newMemoryStore(), testConfig(replacing)
				r := startReplica(t, c, store, cfg)
				defer func() { r.kill() }()
				stops := c.stops(never)
				sleepUntil(tt.dies)
				r.kill()
				sleepUntil(tt.returns)
				r = startReplica(t, c, store, cfg)
				sleepUntil(33 * time.Minute)
				ends := c.ends()
				if ends["00:10"] != "Closed, Stop" || ends["00:20"] != "Open" {
					t.Errorf("executions: got %v", ends)
				}
				if n := stops.Load(); n != 1 {
					t.Errorf("stops: got %d, want 1", n)
				}
				if got := len(c.eventsOf(kube.EventExecutionReplaced)); got != 1 {
					t.Errorf("events: got %d, want 1", got)
				}
			})
		})
	}
}

// The execution that was replaced has closed, and the next one cannot be opened at once.
func TestTheDeadlineOfAReplacementCountsFromTheClose(t *testing.T) {
	for name, newLeader := range map[string]bool{"the same leader": false, "a new leader": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", behaviour{lingers: true})
				store, cfg := newMemoryStore(), testConfig(replacing)
				r := startReplica(t, c, store, cfg)
				defer func() { r.kill() }()
				sleepUntil(15 * time.Minute)
				c.ask("mine")
				var closed atomic.Bool
				c.refuseParts(start().Add(time.Hour), errors.New("no more"))
				c.react("update", "executions", func(action clienttesting.Action) (bool, runtimeObject, error) {
					e := action.(clienttesting.UpdateAction).GetObject().(*v1alpha1.Execution)
					closed.Store(closed.Load() || e.Status.Phase == v1alpha1.Closed)
					return false, nil, nil
				})
				cfg.CronExpression = "0 0 1 1 *" // the tick at twenty minutes would replace it
				r.Reconfigure(cfg)
				for range 1800 {
					if time.Sleep(time.Second); closed.Load() {
						break
					}
				}
				at := time.Now()
				time.Sleep(20 * time.Second)
				if newLeader {
					r.kill()
					time.Sleep(20 * time.Second)
					r = startReplica(t, c, store, cfg)
					time.Sleep(10 * time.Second)
				}
				if got := rejectedAs(c.asked("mine")); got != "" {
					t.Errorf("%s after the close, it was rejected as %s", time.Since(at), got)
				}
				time.Sleep(50 * time.Second)
				if got := rejectedAs(c.asked("mine")); got != v1alpha1.ReasonStartingDeadlineExceeded {
					t.Errorf("%s after the close: got %q, want that it is too late", time.Since(at), got)
				}
			})
		})
	}
}
