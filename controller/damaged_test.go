package controller

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// everyTenMinutes fires at minutes 10, 20, 30, ...
func everyTenMinutes(c *config.Config) { c.CronExpression, c.RunOnStartup = "*/10 * * * *", false }

// edit changes a record, as a tool may that writes what the API server stores: the rules of
// the definition reject some of these changes.
func (c *cluster) edit(name string, change func(*v1alpha1.Execution)) {
	c.t.Helper()
	there, err := c.resources().Get(c.ctx, name, metav1.GetOptions{})
	must(c.t, err)
	change(there)
	resource := v1alpha1.GroupVersion().WithResource(v1alpha1.ExecutionResource)
	must(c.t, c.client.Resources.Tracker().Update(resource, there, testNamespace))
}

// anotherPhase is a phase that there is not.
func anotherPhase(e *v1alpha1.Execution) { e.Status.Phase = "Odd" }

// executionsByTick returns the phases of the records that are not damaged, by tick.
func (c *cluster) executionsByTick() map[string]execution.Phase {
	c.t.Helper()
	all, err := c.store().ListOf(c.ctx, testName)
	must(c.t, err)
	phases := map[string]execution.Phase{}
	for _, head := range all.Opened() {
		phases[head.Scheduled.UTC().Format("15:04")] = head.Phase
	}
	return phases
}

func TestADamagedRecordStopsNoLeader(t *testing.T) {
	damages := map[string]func(*v1alpha1.Execution){
		"no plan":             func(e *v1alpha1.Execution) { e.Status.Plan = nil },
		"an unknown phase":    anotherPhase,
		"an account of more":  func(e *v1alpha1.Execution) { e.Status.Account.Admitted = "0-99" },
		"a foreign execution": func(e *v1alpha1.Execution) { e.Status.ExecutionID = "20200101000000" },
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				for _, node := range []string{"a", "b", "c"} {
					c.behave(node, behaviour{runFor: time.Minute})
				}
				r := startReplica(t, c, newMemoryStore(), testConfig(everyTenMinutes))
				defer r.kill()
				time.Sleep(10*time.Minute + 30*time.Second)
				record := c.records()[0].Object.Name
				c.edit(record, damage)
				var written meter
				c.react("update", "executions", func(action clienttesting.Action) (bool, runtimeObject, error) {
					if action.(clienttesting.UpdateAction).GetObject().(*v1alpha1.Execution).Name == record {
						written.count()
					}
					return false, nil, nil
				})
				time.Sleep(5 * time.Minute)
				if r.hasOpenExecution() {
					t.Error("the execution is still open")
				}
				before := written.count()
				if before > 20 {
					t.Errorf("writes of the damaged record: got %d, want a few tries", before)
				}
				c.wantOneEvent(kube.EventRecordDamaged, "is left alone: execution record "+record)
				if got := r.metric("batch_job_controller_damaged_records"); got != 1 {
					t.Errorf("damaged records: got %v, want 1", got)
				}
				time.Sleep(10 * time.Minute)
				if got := c.executionsByTick()["00:20"]; got != execution.Closed {
					t.Errorf("execution of the next tick: got %q, want Closed", got)
				}
				if got := written.count(); got != before+1 { // which counts this one
					t.Errorf("writes of a record that is left alone: got %d", got-before-1)
				}
				c.wantOneEvent(kube.EventRecordDamaged, record)
			})
		})
	}
}

// The Jobs of a damaged record still run: until they have ended, both the leader that found
// the damage and the next one skip each tick.
func TestNoTickRunsBesideTheJobsOfADamagedRecord(t *testing.T) {
	tests := map[string]struct {
		newLeader bool
		wantTold  int32 // each leader counts the event up
	}{
		"the same leader": {newLeader: false, wantTold: 1},
		"a new leader":    {newLeader: true, wantTold: 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				c.behave("a", behaviour{runFor: 15 * time.Minute}) // over the tick after its own
				c.behave("b", behaviour{runFor: time.Minute})      // its end is to be written, and shows the damage
				store := newMemoryStore()
				r := startReplica(t, c, store, testConfig(everyTenMinutes))
				time.Sleep(10*time.Minute + 30*time.Second)
				record := c.records()[0].Object.Name
				c.edit(record, anotherPhase)
				time.Sleep(5 * time.Minute)
				if r.hasOpenExecution() {
					t.Error("the execution is still open")
				}
				if tt.newLeader {
					r.kill()
					r = startReplica(t, c, store, testConfig(everyTenMinutes))
				}
				defer r.kill()
				time.Sleep(6 * time.Minute)
				events := c.eventsOf(kube.EventTickSkipped)
				if got := c.executionsByTick(); len(got) != 0 || len(events) != 1 || events[0].InvolvedObject.Name != record {
					t.Errorf("while a Job of it runs: got the executions %v and %d events, want that the tick is skipped for it", got, len(events))
				}
				time.Sleep(20 * time.Minute)
				if got := c.executionsByTick()["00:30"]; got == "" {
					t.Errorf("executions: got %v, want that of the tick after the Jobs' end", c.executionsByTick())
				}
				if told := c.eventsOf(kube.EventRecordDamaged); len(told) != 1 || told[0].Count != tt.wantTold {
					t.Errorf("events about the damage: got %+v, want one, told %d times", told, tt.wantTold)
				}
			})
		})
	}
}

// The Job is deleted, and its pod runs for its grace period of ten minutes, beyond the next
// tick.
func TestNoTickRunsBesideThePodsOfADamagedRecord(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("a", behaviour{lingers: true})
		c.behave("b", behaviour{runFor: time.Minute}) // its end is to be written, and shows the damage
		r := startReplica(t, c, newMemoryStore(), testConfig(everyTenMinutes, func(c *config.Config) { c.PodTemplate = patientTemplate }))
		defer r.kill()
		time.Sleep(10*time.Minute + 30*time.Second)
		c.edit(c.records()[0].Object.Name, anotherPhase)
		time.Sleep(5 * time.Minute)
		pod, job := c.podOf("a"), c.jobsOfNode("a")[0]
		must(t, c.client.BatchV1().Jobs(testNamespace).Delete(t.Context(), job.Name, metav1.DeleteOptions{}))
		go c.linger(&job, pod, "")
		time.Sleep(6 * time.Minute)
		if got := c.executionsByTick(); len(got) != 0 {
			t.Errorf("while a pod of it runs: got the executions %v, want that the tick is skipped for it", got)
		}
		time.Sleep(10 * time.Minute)
		if got := c.executionsByTick()["00:30"]; got == "" {
			t.Errorf("executions: got %v, want that of the tick after the pod's end", c.executionsByTick())
		}
	})
}

func TestARecordThatIsMendedInTimeIsGoneOnWith(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		for _, node := range []string{"a", "b", "c"} {
			c.behave(node, behaviour{runFor: time.Minute})
		}
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(time.Minute - time.Second)
		record := c.records()[0].Object.Name
		c.edit(record, anotherPhase)
		time.Sleep(5 * time.Second) // it was read again meanwhile
		c.edit(record, func(e *v1alpha1.Execution) { e.Status.Phase = v1alpha1.Open })
		time.Sleep(5 * time.Minute)
		c.wantAllSucceeded(2)
		c.wantOneEvent(kube.EventRecordDamaged, "")
	})
}

// A policy that denies the record holds up the execution, which continues without help.
func TestARecordThatIsRefusedIsToldOf(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		for _, node := range []string{"a", "b", "c"} {
			c.behave(node, behaviour{runFor: 10 * time.Second})
		}
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second) // it is open
		c.refuse("update", "executions", time.Now().Add(5*time.Minute), policyDenial("executions"))
		time.Sleep(6 * time.Minute)
		c.wantAllSucceeded(2)
		c.wantOneEvent(kube.EventRecordRefused, "no owner")
		if got := c.eventsOf(kube.EventRecordRefused); !strings.HasPrefix(got[0].Message, "the execution is held up") {
			t.Errorf("event: got %q", got[0].Message)
		}
	})
}

// The response to the write that opens the execution is lost, and a user damages the record
// before the controller reads it: within startingDeadline, or after it.
func TestATickWhoseRecordIsDamagedUnseenHasNoOther(t *testing.T) {
	damages := map[string]func(*v1alpha1.Execution){
		"an unknown phase":        anotherPhase,
		"no plan":                 func(e *v1alpha1.Execution) { e.Status.Plan = nil },
		"another ID":              func(e *v1alpha1.Execution) { e.Status.ExecutionID = "20200101000000" },
		"nothing but the ID":      func(e *v1alpha1.Execution) { e.Status = v1alpha1.ExecutionStatus{ExecutionID: e.Status.ExecutionID} },
		"closed and without plan": func(e *v1alpha1.Execution) { e.Status.Phase, e.Status.Plan = v1alpha1.Closed, nil },
	}
	for name, damage := range damages {
		for when, away := range map[string]time.Duration{"in time": time.Minute, "too late": 20 * time.Minute} {
			t.Run(name+", "+when, func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					c := newCluster(t, "a", "b")
					began := time.Now()
					r := startReplica(t, c, newMemoryStore(), testConfig(hourly))
					defer r.kill()
					time.Sleep(time.Minute)
					lost := c.loseAnswer("update", "executions", 1, errors.New("connection reset by peer"))
					var damaged atomic.Bool
					c.react("*", "executions", func(clienttesting.Action) (bool, runtimeObject, error) {
						return lost() && !damaged.Load() && time.Since(began) < time.Hour+away, nil, errors.New("connection refused")
					})
					time.Sleep(time.Until(began.Add(time.Hour + away - time.Second)))
					damaged.Store(true)
					c.edit(testName+"-"+string(execution.NewID(began.Add(time.Hour))), damage)
					time.Sleep(15 * time.Minute)
					if got := c.executionsByTick(); len(got) != 0 {
						t.Errorf("executions: got %v, want none beside the damaged one", got)
					}
					c.wantOneEvent(kube.EventRecordDamaged, "is left alone")
					if got := r.metric("batch_job_controller_ticks_missed_total"); got != 0 {
						t.Errorf("ticks missed: got %v, want none: it has a record", got)
					}
					time.Sleep(time.Until(began.Add(2*time.Hour + 10*time.Minute)))
					if got := c.executionsByTick(); len(got) != 1 || got["02:00"] != execution.Closed {
						t.Errorf("executions: got %v, want that of the next tick, closed", got)
					}
				})
			})
		}
	}
}

// A part of the plan of the open execution is deleted. The leader has it in memory, its
// successor cannot read it.
func TestAnExecutionWhosePlanIsDeleted(t *testing.T) {
	tests := map[string]struct{ newLeader bool }{
		"the same leader closes it":    {newLeader: false},
		"a new leader leaves it alone": {newLeader: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				for _, node := range []string{"a", "b", "c"} {
					c.behave(node, behaviour{runFor: time.Minute})
				}
				store := newMemoryStore()
				r := startReplica(t, c, store, testConfig(everyTenMinutes))
				time.Sleep(10*time.Minute + 30*time.Second)
				part := c.records()[0].Object.Status.Plan.Parts[0].Name
				must(t, c.client.CoreV1().ConfigMaps(testNamespace).Delete(t.Context(), part, metav1.DeleteOptions{}))
				if tt.newLeader {
					r.kill()
					r = startReplica(t, c, store, testConfig(everyTenMinutes))
				}
				defer r.kill()
				time.Sleep(15 * time.Minute)
				got := c.executionsByTick()
				if (got["00:10"] == execution.Closed) == tt.newLeader || got["00:20"] != execution.Closed {
					t.Errorf("executions: got %v", got)
				}
				if told := len(c.eventsOf(kube.EventRecordDamaged)); (told == 1) != tt.newLeader {
					t.Errorf("events about the damage: got %d", told)
				}
			})
		})
	}
}
