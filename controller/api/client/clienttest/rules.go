package clienttest

import (
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func rules() []Case {
	return []Case{
		{"an Execution that asks for nothing possible is rejected", in(creationRules)},
		{"an Execution can only be paused and canceled", in(specRules)},
		{"the status keeps what was decided", in(statusRules)},
		{"the phase goes only forward", in(phases)},
	}
}

// change is a change of an Execution, and a part of the error with which it is rejected.
type change struct {
	name   string
	change func(*v1alpha1.Execution)
	want   string // empty: it is accepted
}

func (c cluster) expect(what, want string, err error) {
	c.t.Helper()
	switch {
	case want == "" && err != nil:
		c.t.Errorf("%s: got %v", what, err)
	case want != "" && (!apierrors.IsInvalid(err) || !strings.Contains(err.Error(), want)):
		c.t.Errorf("%s: got %v, want it rejected with %q", what, err, want)
	}
}

func creationRules(c cluster) {
	for _, tt := range []change{
		{"a tick without its time", func(e *v1alpha1.Execution) { e.Spec.Trigger = v1alpha1.CronTrigger }, "scheduledTime is required unless trigger is Manual"},
		{"nodes in no way", func(e *v1alpha1.Execution) { e.Spec.Nodes = &v1alpha1.ExecutionNodes{} }, "exactly one of names, selector and fromExecution"},
		{"nodes in two ways", func(e *v1alpha1.Execution) {
			e.Spec.Nodes = &v1alpha1.ExecutionNodes{Names: []v1alpha1.NodeName{"a"}, Selector: &metav1.LabelSelector{}}
		}, "exactly one of names, selector and fromExecution"},
	} {
		e := newExecution("impossible")
		tt.change(e)
		_, err := c.executions().Create(c.t.Context(), e, metav1.CreateOptions{})
		c.expect(tt.name, tt.want, err)
	}
}

func specRules(c cluster) {
	at, later := metav1.Unix(1136214245, 0), metav1.Unix(1136214246, 0)
	e := c.create("rules", func(e *v1alpha1.Execution) {
		e.Spec.ScheduledTime, e.Spec.Nodes = &at, &v1alpha1.ExecutionNodes{Names: []v1alpha1.NodeName{"a"}}
	})
	pool := int32(2)
	for _, tt := range []change{
		{"paused", func(e *v1alpha1.Execution) { e.Spec.Paused = true }, ""},
		{"resumed", func(e *v1alpha1.Execution) { e.Spec.Paused = false }, ""},
		{"on other nodes", func(e *v1alpha1.Execution) { e.Spec.Nodes.Names = []v1alpha1.NodeName{"a", "b"} }, "nodes is immutable"},
		{"on all nodes", func(e *v1alpha1.Execution) { e.Spec.Nodes = nil }, "nodes is immutable"},
		{"of another NodeCronJob", func(e *v1alpha1.Execution) { e.Spec.NodeCronJobName = "other" }, "nodeCronJobName is immutable"},
		{"with another trigger", func(e *v1alpha1.Execution) { e.Spec.Trigger = v1alpha1.CronTrigger }, "trigger is immutable"},
		{"due later", func(e *v1alpha1.Execution) { e.Spec.ScheduledTime = &later }, "scheduledTime is immutable"},
		{"due at no time", func(e *v1alpha1.Execution) { e.Spec.ScheduledTime = nil }, "scheduledTime is immutable"},
		{"for another reason", func(e *v1alpha1.Execution) { e.Spec.Reason = "b" }, "reason is immutable"},
		{"asked for by another", func(e *v1alpha1.Execution) { e.Spec.RequestedBy = "b" }, "requestedBy is immutable"},
		{"with overrides", func(e *v1alpha1.Execution) { e.Spec.Overrides = &v1alpha1.ExecutionOverrides{PodPoolSize: &pool} }, "overrides is immutable"},
		{"drained", func(e *v1alpha1.Execution) { e.Spec.Cancel = v1alpha1.CancelDrain }, ""},
		{"drained no more", func(e *v1alpha1.Execution) { e.Spec.Cancel = "" }, "cancel cannot be taken back"},
		{"stopped", func(e *v1alpha1.Execution) { e.Spec.Cancel = v1alpha1.CancelStop }, ""},
		{"drained again", func(e *v1alpha1.Execution) { e.Spec.Cancel = v1alpha1.CancelDrain }, "cancel cannot be taken back"},
	} {
		changed, err := c.update(e, tt.change)
		c.expect(tt.name, tt.want, err)
		if err == nil {
			e = changed
		}
	}
}

func statusRules(c cluster) {
	e, err := c.updateStatus(c.create("decided"), open)
	c.must(err)
	later := metav1.Unix(1136214246, 0)
	for _, tt := range []change{
		{"another ID", func(e *v1alpha1.Execution) { e.Status.ExecutionID = "20060102150406" }, "executionID is immutable"},
		{"another time", func(e *v1alpha1.Execution) { e.Status.OpenTime = &later }, "openTime is immutable"},
		{"no time", func(e *v1alpha1.Execution) { e.Status.OpenTime = nil }, "openTime is immutable"},
		{"another plan", func(e *v1alpha1.Execution) { e.Status.Plan.Parts[0].Name = "other" }, "plan is immutable"},
		{"no plan", func(e *v1alpha1.Execution) { e.Status.Plan = nil }, "plan is immutable"},
		{"no account", func(e *v1alpha1.Execution) { e.Status.Account = nil }, "must have executionID, openTime, plan and account"},
		{"nothing", func(e *v1alpha1.Execution) { e.Status = v1alpha1.ExecutionStatus{} }, "executionID is immutable"},
		{"another account", func(e *v1alpha1.Execution) { e.Status.Account.Admitted = "0-4" }, ""},
		{"a share", func(e *v1alpha1.Execution) { e.Status.PodShare = new(int32) }, ""},
		{"no share", func(e *v1alpha1.Execution) { e.Status.PodShare = nil }, ""},
	} {
		changed, err := c.updateStatus(e, tt.change)
		c.expect(tt.name, tt.want, err)
		if err == nil {
			e = changed
		}
	}
	_, err = c.updateStatus(c.create("undecided"), func(e *v1alpha1.Execution) { e.Status.Phase = v1alpha1.Open })
	c.expect("open without a plan", "must have executionID, openTime, plan and account", err)
}

func phases(c cluster) {
	const forward = "phase only goes forward"
	phase := func(p v1alpha1.ExecutionPhase) func(*v1alpha1.Execution) {
		return func(e *v1alpha1.Execution) { e.Status.Phase = p }
	}
	for name, steps := range map[string][]change{
		"closed": {
			{"queued", phase(v1alpha1.Queued), ""},
			{"without phase", phase(""), forward},
			{"opened", open, ""},
			{"queued again", phase(v1alpha1.Queued), forward},
			{"rejected", phase(v1alpha1.Rejected), forward},
			{"closing", phase(v1alpha1.Closing), ""},
			{"open again", phase(v1alpha1.Open), forward},
			{"closed", phase(v1alpha1.Closed), ""},
			{"closing again", phase(v1alpha1.Closing), forward},
			{"open again", phase(v1alpha1.Open), forward},
			{"without phase", phase(""), forward},
		},
		"closed at once": {
			{"opened", open, ""},
			{"closed", phase(v1alpha1.Closed), ""},
			{"rejected", phase(v1alpha1.Rejected), forward},
		},
		"rejected": {
			{"rejected", phase(v1alpha1.Rejected), ""},
			{"queued again", phase(v1alpha1.Queued), forward},
			{"opened", open, forward},
		},
	} {
		e := c.create(strings.ReplaceAll(name, " ", "-"))
		for _, step := range steps {
			changed, err := c.updateStatus(e, step.change)
			c.expect(name+": "+step.name, step.want, err)
			if err == nil {
				e = changed
			}
		}
	}
}
