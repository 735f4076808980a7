package controller

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// everyTenMinutes fires at minutes 10, 20, 30, ...
func everyTenMinutes(c *config.Config) { c.CronExpression, c.RunOnStartup = "*/10 * * * *", false }

// edit changes a record, as kubectl edit does.
func (c *cluster) edit(name string, change func(*corev1.ConfigMap)) {
	c.t.Helper()
	client := c.client.CoreV1().ConfigMaps(testNamespace)
	there, err := client.Get(c.ctx, name, metav1.GetOptions{})
	must(c.t, err)
	change(there)
	_, err = client.Update(c.ctx, there, metav1.UpdateOptions{})
	must(c.t, err)
}

// executionsByTick returns the phases of the records that are not damaged, by tick.
func (c *cluster) executionsByTick() map[string]execution.Phase {
	c.t.Helper()
	all, err := record.NewStore(c.client.CoreV1().ConfigMaps(testNamespace), testName).List(c.ctx)
	must(c.t, err)
	phases := map[string]execution.Phase{}
	for _, r := range all.Records {
		phases[r.Plan.Scheduled.Format("15:04")] = r.Account.Phase
	}
	return phases
}

func TestADamagedRecordStopsNoLeader(t *testing.T) {
	damages := map[string]func(*corev1.ConfigMap){
		"no plan":             func(o *corev1.ConfigMap) { delete(o.BinaryData, planKey) },
		"an unknown phase":    func(o *corev1.ConfigMap) { o.Data[phaseKey] = "Odd" },
		"an account of more":  func(o *corev1.ConfigMap) { o.Data[admittedKey] = "0-99" },
		"a foreign execution": func(o *corev1.ConfigMap) { o.Labels[jobspec.ExecutionLabel] = "20200101000000" },
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
				c.react("update", "configmaps", func(action clienttesting.Action) (bool, runtimeObject, error) {
					if action.(clienttesting.UpdateAction).GetObject().(*corev1.ConfigMap).Name == record {
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
				c.edit(record, func(o *corev1.ConfigMap) { o.Data[phaseKey] = "Odd" })
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
		c.edit(c.records()[0].Object.Name, func(o *corev1.ConfigMap) { o.Data[phaseKey] = "Odd" })
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
		c.edit(record, func(o *corev1.ConfigMap) { o.Data[phaseKey] = "Odd" })
		time.Sleep(5 * time.Second) // it was read again meanwhile
		c.edit(record, func(o *corev1.ConfigMap) { o.Data[phaseKey] = string(execution.Open) })
		time.Sleep(5 * time.Minute)
		c.wantAllSucceeded(2)
		c.wantOneEvent(kube.EventRecordDamaged, "")
	})
}

// A policy that denies the record holds up the execution, which continues without help.
func TestARecordThatIsRefusedIsToldOf(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		c.refuseConfigMaps("update", isRecord, time.Now().Add(5*time.Minute), policyDenial("configmaps"))
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(6 * time.Minute)
		c.wantAllSucceeded(2)
		c.wantOneEvent(kube.EventRecordRefused, "no owner")
		if got := c.eventsOf(kube.EventRecordRefused); !strings.HasPrefix(got[0].Message, "the execution is held up") {
			t.Errorf("event: got %q", got[0].Message)
		}
	})
}

// The response to the create of a record is lost, and a user damages the record before the
// controller reads it: within startingDeadline, or after it.
func TestATickWhoseRecordIsDamagedUnseenHasNoOther(t *testing.T) {
	damages := map[string]func(*corev1.ConfigMap){
		"an unknown phase":        func(o *corev1.ConfigMap) { o.Data[phaseKey] = "Odd" },
		"no plan":                 func(o *corev1.ConfigMap) { delete(o.BinaryData, planKey) },
		"another label":           func(o *corev1.ConfigMap) { o.Labels[jobspec.ExecutionLabel] = "20200101000000" },
		"nothing but the label":   func(o *corev1.ConfigMap) { o.Data, o.BinaryData = nil, nil },
		"closed and without plan": func(o *corev1.ConfigMap) { o.Data[phaseKey] = string(execution.Closed); o.BinaryData = nil },
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
					lost := c.loseAnswer("create", "configmaps", 1, errors.New("connection reset by peer"))
					var damaged atomic.Bool
					c.react("*", "configmaps", func(clienttesting.Action) (bool, runtimeObject, error) {
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
