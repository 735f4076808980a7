package controller

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// ask creates an Execution, as a person does with kubectl.
func (c *cluster) ask(name string, mutate ...func(*v1alpha1.Execution)) {
	c.t.Helper()
	e := &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: testName, Trigger: v1alpha1.ManualTrigger},
	}
	for _, f := range mutate {
		f(e)
	}
	_, err := c.resources().Create(c.ctx, e, metav1.CreateOptions{})
	must(c.t, err)
}

func (c *cluster) asked(name string) *v1alpha1.Execution {
	c.t.Helper()
	e, err := c.resources().Get(c.ctx, name, metav1.GetOptions{})
	must(c.t, err)
	return e
}

// rejectedAs returns why an Execution was rejected.
func rejectedAs(e *v1alpha1.Execution) string {
	for _, c := range e.Status.Conditions {
		if c.Type == v1alpha1.ConditionRejected && c.Status == metav1.ConditionTrue {
			return c.Reason
		}
	}
	return ""
}

// ofTick makes an Execution that of a tick.
func ofTick(at time.Time) func(*v1alpha1.Execution) {
	return func(e *v1alpha1.Execution) {
		e.Spec.Trigger, e.Spec.ScheduledTime = v1alpha1.CronTrigger, &metav1.Time{Time: at}
	}
}

func TestAPersonsExecution(t *testing.T) {
	canceled := func(e *v1alpha1.Execution) { e.Spec.Cancel = v1alpha1.CancelDrain }
	tests := map[string]struct {
		mutate    func(*v1alpha1.Execution)
		at        time.Duration // ticks are at 10, 20, ... minutes; an execution takes a minute
		wantPhase v1alpha1.ExecutionPhase
		want      string // the reason why it was rejected
	}{
		"while none is open":          {func(*v1alpha1.Execution) {}, 5 * time.Minute, v1alpha1.Closed, ""},
		"while one is open":           {func(*v1alpha1.Execution) {}, 10*time.Minute + 30*time.Second, v1alpha1.Rejected, v1alpha1.ReasonConcurrencyForbidden},
		"just before a tick":          {func(*v1alpha1.Execution) {}, 10*time.Minute - time.Second, v1alpha1.Closed, ""},
		"that is canceled":            {canceled, 5 * time.Minute, v1alpha1.Rejected, v1alpha1.ReasonCanceled},
		"on some nodes":               {func(e *v1alpha1.Execution) { e.Spec.Nodes = &v1alpha1.ExecutionNodes{Names: []v1alpha1.NodeName{"a"}} }, 5 * time.Minute, v1alpha1.Closed, ""},
		"of another controller":       {func(e *v1alpha1.Execution) { e.Labels = map[string]string{jobspec.OwnerLabel: "other"} }, 5 * time.Minute, "", ""},
		"with the name of a tick's":   {func(e *v1alpha1.Execution) { e.Name = testName + "-20000101001000" }, 5 * time.Minute, v1alpha1.Closed, ""},
		"of a tick that has not come": {ofTick(start().Add(10 * time.Minute)), 5 * time.Minute, v1alpha1.Rejected, v1alpha1.ReasonTickHandled},
		"of a tick that was handled":  {ofTick(start().Add(10 * time.Minute)), 15 * time.Minute, v1alpha1.Rejected, v1alpha1.ReasonTickHandled},
		"of a tick long ago":          {ofTick(start().Add(-24 * time.Hour)), 5 * time.Minute, v1alpha1.Rejected, v1alpha1.ReasonTickHandled},
		"of a time that is no tick":   {ofTick(start().Add(5 * time.Minute)), 5 * time.Minute, v1alpha1.Closed, ""},
		"of a tick in twenty seconds": {ofTick(start().Add(10 * time.Minute)), 10*time.Minute - 20*time.Second, v1alpha1.Closed, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				c.behave("a", behaviour{runFor: time.Minute})
				began := time.Now()
				r := startReplica(t, c, newMemoryStore(), testConfig(everyTenMinutes))
				defer r.kill()
				time.Sleep(tt.at)
				asked := "by-hand"
				c.ask(asked, tt.mutate, func(e *v1alpha1.Execution) { asked = e.Name })
				time.Sleep(4 * time.Minute)
				e := c.asked(asked)
				if got := rejectedAs(e); e.Status.Phase != tt.wantPhase || got != tt.want {
					t.Errorf("got phase %q, rejected as %q; want %q, %q", e.Status.Phase, got, tt.wantPhase, tt.want)
				}
				if took := e.Labels[jobspec.OwnerLabel] == testName; took != (tt.wantPhase != "") {
					t.Errorf("its labels: got %v", e.Labels)
				}
				if got := c.eventsOf(kube.EventExecutionRejected); (len(got) == 1) != (tt.want != "") {
					t.Errorf("events: got %+v", got)
				}
				if got := r.metric("batch_job_controller_executions_rejected_total", "reason="+tt.want); (got == 1) != (tt.want != "") {
					t.Errorf("executions that count as rejected: got %v", got)
				}
				time.Sleep(time.Until(began.Add(25 * time.Minute)))
				ticks := c.executionsByTick()
				if ticks["00:20"] != execution.Closed || (ticks["00:10"] != execution.Closed && name != "just before a tick") {
					t.Errorf("executions: got %v, want those of both ticks", ticks)
				}
				if missed := r.metric("batch_job_controller_ticks_missed_total"); missed != 0 {
					t.Errorf("ticks missed: got %v, want none", missed)
				}
			})
		})
	}
}

// The tick of an Execution that a person created has no other one.
func TestAPersonsExecutionOfATick(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig(everyTenMinutes))
		time.Sleep(10*time.Minute - 10*time.Second)
		c.ask("mine", ofTick(start().Add(10*time.Minute)))
		time.Sleep(20 * time.Second)
		r.kill()
		r = startReplica(t, c, store, testConfig(everyTenMinutes))
		defer func() { r.kill() }()
		time.Sleep(5 * time.Minute)
		var names []string
		for _, rec := range c.records() {
			names = append(names, rec.Object.Name)
		}
		if !slices.Equal(names, []string{"mine"}) {
			t.Errorf("executions: got %v, want the person's alone", names)
		}
	})
}

// An Execution that a person creates has its first Job within two seconds, and is taken by the
// next leader if none leads.
func TestAPersonsExecutionStartsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig(everyTenMinutes))
		time.Sleep(time.Minute)
		c.ask("first", func(e *v1alpha1.Execution) {
			e.Spec.Reason, e.Spec.RequestedBy, e.Spec.Overrides = "a new kernel", "alice", &v1alpha1.ExecutionOverrides{PodPoolSize: new(int32(1))}
		})
		time.Sleep(2 * time.Second)
		if len(c.created()) == 0 {
			t.Error("there is no Job yet")
		}
		time.Sleep(time.Minute)
		first := c.records()[0].Plan
		if first.Trigger != execution.Manual || first.Reason != "a new kernel" || first.RequestedBy != "alice" || first.Settings.PodPoolSize != 1 {
			t.Errorf("its plan: got %+v", first)
		}
		r.kill()
		c.ask("second")
		time.Sleep(5 * time.Second)
		r = startReplica(t, c, store, testConfig(everyTenMinutes))
		defer func() { r.kill() }()
		time.Sleep(time.Minute)
		if e := c.asked("second"); e.Status.Phase != v1alpha1.Closed {
			t.Errorf("the one without a leader: got phase %q, want Closed", e.Status.Phase)
		}
	})
}

// A person cancels, or deletes, an Execution that cannot be opened yet.
func TestAPersonsExecutionThatIsGivenUpWhileItWaits(t *testing.T) {
	tests := map[string]struct {
		change func(*cluster)
		want   string
	}{
		"it is canceled": {func(c *cluster) {
			e := c.asked("by-hand")
			e.Spec.Cancel = v1alpha1.CancelStop
			_, err := c.resources().Update(c.ctx, e, metav1.UpdateOptions{})
			must(c.t, err)
		}, v1alpha1.ReasonCanceled},
		"it is deleted": {func(c *cluster) { must(c.t, c.resources().Delete(c.ctx, "by-hand", metav1.DeleteOptions{})) }, ""},
		"neither":       {func(*cluster) {}, v1alpha1.ReasonStartingDeadlineExceeded},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				r := startReplica(t, c, newMemoryStore(), testConfig(hourly))
				defer r.kill()
				c.refuseParts(time.Now().Add(20*time.Minute), webhookDenial())
				time.Sleep(time.Minute)
				c.ask("by-hand")
				time.Sleep(time.Minute)
				if got := r.metric("batch_job_controller_executions_queued"); got != 1 {
					t.Errorf("executions that wait: got %v, want 1", got)
				}
				tt.change(c)
				time.Sleep(11 * time.Minute)
				if tt.want != "" {
					if got := rejectedAs(c.asked("by-hand")); got != tt.want {
						t.Errorf("rejected as %q, want %q", got, tt.want)
					}
				}
				time.Sleep(30 * time.Second)
				if entries := c.state().Entries; len(entries) != 0 {
					t.Errorf("the state still has the entries %+v", entries)
				}
				if got := r.metric("batch_job_controller_executions_queued"); got != 0 {
					t.Errorf("executions that wait in the end: got %v, want none", got)
				}
				time.Sleep(time.Hour)
				if got := c.executionsByTick()["01:00"]; got != execution.Closed {
					t.Errorf("execution of the next tick: got %q, want Closed", got)
				}
				if missed := r.metric("batch_job_controller_ticks_missed_total"); missed != 0 {
					t.Errorf("ticks missed: got %v, want none: it was no tick", missed)
				}
			})
		})
	}
}
