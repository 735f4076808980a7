package steer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// opens has the controller answer the reads of new executions, one after the other.
func opens(answers ...v1alpha1.ExecutionStatus) func(*testing.T, *world) {
	return func(_ *testing.T, w *world) {
		n := 0
		w.api.PrependReactor("get", "executions", func(action clienttesting.Action) (bool, runtime.Object, error) {
			name := action.(clienttesting.GetAction).GetName()
			if !strings.HasSuffix(name, "00001") {
				return false, nil, nil
			}
			stored, err := w.api.Tracker().Get(action.GetResource(), action.GetNamespace(), name)
			if err != nil {
				return true, nil, err
			}
			answer := answers[min(n, len(answers)-1)]
			n++
			seen := stored.(*v1alpha1.Execution).DeepCopy()
			seen.Status = answer
			return true, seen, nil
		})
	}
}

func rejected(reason string) v1alpha1.ExecutionStatus {
	return v1alpha1.ExecutionStatus{Phase: v1alpha1.Rejected, Conditions: []metav1.Condition{{Type: v1alpha1.ConditionRejected, Status: metav1.ConditionTrue, Reason: reason, Message: "for a good reason"}}}
}

func withCounts(phase v1alpha1.ExecutionPhase, counts v1alpha1.NodeCounts) v1alpha1.ExecutionStatus {
	return v1alpha1.ExecutionStatus{Phase: phase, Counts: &counts}
}

func TestRun(t *testing.T) {
	active := func(policy v1alpha1.ConcurrencyPolicy) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			w.defines(t, "disk-check", func(d *v1alpha1.NodeCronJob) {
				d.Spec.ConcurrencyPolicy = policy
				d.Status.ActiveExecution = &v1alpha1.ExecutionReference{Name: "dns-check-x7k2p"}
			})
		}
	}
	playAll(t, "run", map[string]play{
		"all nodes":                      {args: "run disk-check"},
		"some nodes":                     {args: "run disk-check --nodes worker-2,worker-1,worker-2 --reason disks"},
		"nodes by their labels":          {args: "run disk-check -l zone|in|(a,b),!gpu"},
		"nodes by one label":             {args: "run disk-check -l zone=a"},
		"other settings":                 {args: "run disk-check --pool-size 50 --start-deadline 2m --job-timeout 90m"},
		"the name alone":                 {args: "run disk-check -o name"},
		"YAML":                           {args: "run disk-check -o yaml"},
		"both ways to choose nodes":      {args: "run disk-check --nodes a -l b=c"},
		"flags that are wrong":           {args: "run disk-check -l =x --pool-size 1001 --start-deadline 1ms --job-timeout 2000h --dry-run=client --reason " + strings.Repeat("x", 1025)},
		"settings of nothing":            {args: "run disk-check --pool-size 0 --start-deadline 0s --job-timeout 0s"},
		"no node":                        {args: "run disk-check --nodes ,"},
		"a dry run cannot be waited for": {args: "run disk-check --dry-run --wait"},
		"no such definition":             {args: "run disks"},
		"no such namespace":              {args: "run disk-check -n nowhere"},
		"another one is open":            {args: "run disk-check", prepare: active(v1alpha1.ForbidConcurrent)},
		"another one was open a moment ago": {args: "run disk-check", prepare: func(t *testing.T, w *world) {
			w.defines(t, "disk-check", func(d *v1alpha1.NodeCronJob) {
				d.Status.ActiveExecution = &v1alpha1.ExecutionReference{Name: "disk-check-20261127034200"}
			})
		}},
		"another one is open, dry run":               {args: "run disk-check --dry-run", prepare: active(v1alpha1.ForbidConcurrent)},
		"another one is open, and it is queued":      {args: "run disk-check", prepare: active(v1alpha1.QueueConcurrent)},
		"another one is open, and replaced":          {args: "run disk-check", prepare: active(v1alpha1.ReplaceConcurrent)},
		"without the permission to create":           {args: "run disk-check", prepare: func(_ *testing.T, w *world) { w.forbids("create", "executions") }},
		"without the permission to read definitions": {args: "run disk-check", prepare: func(_ *testing.T, w *world) { w.forbids("get", "nodecronjobs") }},
		"dry run":                                            {args: "run disk-check --dry-run"},
		"dry run, as a name":                                 {args: "run disk-check --dry-run=server -o name"},
		"dry run with labels":                                {args: "run disk-check --dry-run -l zone=b"},
		"dry run with nodes that do not exist":               {args: "run disk-check --dry-run --nodes worker-2,worker-3,worker-4,worker-9"},
		"dry run without the permission to list nodes":       {args: "run disk-check --dry-run", prepare: func(_ *testing.T, w *world) { w.forbids("list", "nodes") }},
		"dry run without the permission to read definitions": {args: "run disk-check --dry-run", prepare: func(_ *testing.T, w *world) { w.forbids("get", "nodecronjobs") }},
		"a controller that is not ready": {args: "run disk-check", prepare: func(t *testing.T, w *world) {
			w.defines(t, "disk-check", func(d *v1alpha1.NodeCronJob) {
				d.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNotAccepted, Message: "spec.cronExpression: too few fields"}}
			})
		}},
		"no controller": {args: "run etcd-check -n other"},
		"the API server does not say who the user is": {args: "run disk-check", prepare: func(_ *testing.T, w *world) {
			w.fails("create", "selfsubjectreviews", errors.New("not found"))
		}},
		"as another user": {args: "run disk-check --as carol", prepare: func(_ *testing.T, w *world) {
			w.fails("create", "selfsubjectreviews", errors.New("not found"))
		}},
	})
}

func TestRunAndWait(t *testing.T) {
	playAll(t, "wait", map[string]play{
		"rejected at once": {args: "run disk-check --nodes worker-9", prepare: opens(rejected(v1alpha1.ReasonNodesNotFound))},
		"rejected after a moment, as another one opened": {args: "run disk-check -o name", prepare: opens(v1alpha1.ExecutionStatus{}, rejected(v1alpha1.ReasonConcurrencyForbidden))},
		"without the permission to see what was decided": {args: "run disk-check", prepare: func(t *testing.T, w *world) {
			opens(rejected(v1alpha1.ReasonNodesNotFound))(t, w)
			w.forbids("get", "executions")
		}},
		"wait": {args: "run disk-check --wait", prepare: opens(v1alpha1.ExecutionStatus{},
			withCounts(v1alpha1.Open, v1alpha1.NodeCounts{Nodes: 3, Pending: 3}), withCounts(v1alpha1.Open, v1alpha1.NodeCounts{Nodes: 3, Pending: 3}),
			withCounts(v1alpha1.Closing, v1alpha1.NodeCounts{Nodes: 3, OK: 3}), withCounts(v1alpha1.Closed, v1alpha1.NodeCounts{Nodes: 3, OK: 3}))},
		"wait for bad nodes": {args: "run disk-check --wait -o name", prepare: opens(withCounts(v1alpha1.Closed, v1alpha1.NodeCounts{Nodes: 5, OK: 1, Bad: 2, Failed: 2, Skipped: 2}))},
		"wait for what is canceled": {args: "run disk-check --wait", prepare: opens(withCounts(v1alpha1.Open, v1alpha1.NodeCounts{Nodes: 3, OK: 1, Running: 1, Canceled: 1}),
			withCounts(v1alpha1.Closed, v1alpha1.NodeCounts{Nodes: 3, OK: 2, Canceled: 1}))},
		"wait for what is canceled before it opens": {args: "run disk-check --wait", prepare: opens(rejected(v1alpha1.ReasonCanceled))},
		"wait too short":                   {args: "run disk-check --wait --timeout 3s", prepare: opens(withCounts(v1alpha1.Open, v1alpha1.NodeCounts{Nodes: 3, OK: 1, Running: 2}))},
		"wait for what is rejected":        {args: "run disk-check --wait", prepare: opens(rejected(v1alpha1.ReasonNoNodes))},
		"wait for what another one blocks": {args: "run disk-check --wait", prepare: opens(rejected(v1alpha1.ReasonConcurrencyForbidden))},
		"wait for what is deleted": {args: "run disk-check --wait", prepare: func(_ *testing.T, w *world) {
			w.api.PrependReactor("get", "executions", func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, &v1alpha1.Execution{ObjectMeta: metav1.ObjectMeta{UID: "another"}}, nil
			})
		}},
		"wait without the permission": {args: "run disk-check --wait", prepare: func(_ *testing.T, w *world) { w.forbids("get", "executions") }},
	})
}

func TestRerun(t *testing.T) {
	closeOther := func(t *testing.T, w *world) {
		w.changes(t, "dns-check-x7k2p", func(e *v1alpha1.Execution) { e.Status.Phase = v1alpha1.Closed })
	}
	playAll(t, "rerun", map[string]play{
		"the newest, from a script":         {args: "rerun"},
		"the newest, of several":            {args: "rerun", prepare: closeOther},
		"the newest, where nothing is":      {args: "rerun -n other"},
		"one by its name":                   {args: "rerun disk-check-20261128034200 --reason again"},
		"one by its ID":                     {args: "rerun 20261128034200 -o name"},
		"a person says yes":                 {args: "rerun", asks: true, in: "y\n"},
		"a person says no":                  {args: "rerun", asks: true, in: "n\n"},
		"a person says nothing":             {args: "rerun", asks: true},
		"a person need not be asked":        {args: "rerun --yes", asks: true},
		"a person is not asked for dry run": {args: "rerun --dry-run", asks: true},
		"some states":                       {args: "rerun --states skipped,failed"},
		"a wide table":                      {args: "rerun -o wide"},
		"many nodes":                        {args: "rerun disk-check-20261126034200", prepare: withManyNodes},
		"many nodes in a wide table":        {args: "rerun disk-check-20261126034200 -o wide --states lost", prepare: withManyNodes},
		"a record that cannot be read": {args: "rerun", prepare: func(t *testing.T, w *world) {
			w.changes(t, "disk-check-20261128034200", func(e *v1alpha1.Execution) { e.Status.Plan = nil })
		}},
		"without the permission to read the plan": {args: "rerun -o wide", prepare: func(_ *testing.T, w *world) { w.forbids("get", "configmaps") }},
		"it waits for its turn":                   {args: "rerun --queue -o name", prepare: busy("disk-check", 2)},
		"a state that there is not":               {args: "rerun --states bad"},
		"no node is bad":                          {args: "rerun disk-check-20261127034200"},
		"one that is open":                        {args: "rerun dns-check-x7k2p"},
		"one that was rejected":                   {args: "rerun dns-check-9wq4d"},
		"one that does not exist":                 {args: "rerun 20261128034209"},
		"two":                                     {args: "rerun a b"},
		"without the permission to list":          {args: "rerun", prepare: func(_ *testing.T, w *world) { w.forbids("list", "executions") }},
		"the definition is gone": {args: "rerun", prepare: func(t *testing.T, w *world) {
			if err := w.api.NodeCronJobs("checks").Delete(t.Context(), "disk-check", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
		}},
		"wait": {args: "rerun --wait", prepare: opens(withCounts(v1alpha1.Closed, v1alpha1.NodeCounts{Nodes: 4, OK: 4}))},
	})
}

// withManyNodes adds a closed execution with more bad nodes than are named.
func withManyNodes(t *testing.T, w *world) {
	const id execution.ID = "20261126034200"
	p := execution.Plan{ID: id, NodeCronJob: "disk-check", Trigger: execution.Cron, Scheduled: id.Time()}
	account := execution.Account{Phase: execution.Closed, Outcomes: map[execution.Outcome]execution.Indexes{}}
	for n := range 40 {
		p.Nodes = append(p.Nodes, execution.Node{Name: fmt.Sprintf("worker-%02d", n)})
		end := execution.Outcome{State: execution.Failed, Reason: "OOMKilled"}
		if n >= 28 {
			end = execution.Outcome{State: execution.Lost, Reason: execution.JobDeleted}
		}
		of := account.Outcomes[end]
		of.Add(n)
		account.Outcomes[end] = of
		account.Admitted.Add(n)
	}
	e, parts := recordOf(t, p, account)
	if err := errors.Join(w.api.Tracker().Add(e), w.kube.Tracker().Add(parts[0])); err != nil {
		t.Fatal(err)
	}
}

// busy has an execution of a definition be open for some reads, and the controller open the
// next one.
func busy(definition string, reads int) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		blocker := &v1alpha1.Execution{
			ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: definition + "-open", CreationTimestamp: ago(time.Minute)},
			Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: definition, Trigger: v1alpha1.ManualTrigger},
			Status:     withCounts(v1alpha1.Open, v1alpha1.NodeCounts{Nodes: 12, OK: 4, Running: 8}),
		}
		if err := w.api.Tracker().Add(blocker); err != nil {
			t.Fatal(err)
		}
		opens(v1alpha1.ExecutionStatus{}, withCounts(v1alpha1.Open, v1alpha1.NodeCounts{Nodes: 3, Pending: 3}))(t, w)
		n := 0
		w.api.PrependReactor("get", "executions", func(action clienttesting.Action) (bool, runtime.Object, error) {
			if action.(clienttesting.GetAction).GetName() != blocker.Name {
				return false, nil, nil
			}
			if n++; n > reads {
				blocker.Status.Phase = v1alpha1.Closed
				return true, blocker, w.api.Tracker().Update(action.GetResource(), blocker, "checks")
			}
			return true, blocker, nil
		})
	}
}

func TestRunInTurn(t *testing.T) {
	replaces := func(policy v1alpha1.ConcurrencyPolicy, reads int) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			w.defines(t, "disk-check", func(d *v1alpha1.NodeCronJob) { d.Spec.ConcurrencyPolicy = policy })
			busy("disk-check", reads)(t, w)
		}
	}
	playAll(t, "queue", map[string]play{
		"no other is open":              {args: "run disk-check --queue", prepare: opens(withCounts(v1alpha1.Open, v1alpha1.NodeCounts{Nodes: 3, Pending: 3}))},
		"another one is open":           {args: "run disk-check --queue", prepare: busy("disk-check", 2)},
		"another one would be replaced": {args: "run disk-check --queue", prepare: replaces(v1alpha1.ReplaceConcurrent, 1)},
		"the controller queues it":      {args: "run disk-check --queue", prepare: replaces(v1alpha1.QueueConcurrent, 1)},
		"it takes too long":             {args: "run disk-check --queue --timeout 3s", prepare: busy("disk-check", 99)},
		"and waits until it closes": {args: "run disk-check --queue --wait", prepare: opens(v1alpha1.ExecutionStatus{},
			withCounts(v1alpha1.Open, v1alpha1.NodeCounts{Nodes: 3, Pending: 3}), withCounts(v1alpha1.Closed, v1alpha1.NodeCounts{Nodes: 3, OK: 3}))},
		"it is rejected for another reason": {args: "run disk-check --queue", prepare: opens(rejected(v1alpha1.ReasonNoNodes))},
		"a dry run has no turn":             {args: "run disk-check --queue --dry-run"},
		"without the permission to list":    {args: "run disk-check --queue", prepare: func(_ *testing.T, w *world) { w.forbids("list", "executions") }},
		"without the permission to get":     {args: "run disk-check --queue", prepare: func(t *testing.T, w *world) { busy("disk-check", 9)(t, w); w.forbids("get", "executions") }},
		"another one came first, twice": {args: "run disk-check --queue -o name", prepare: func(_ *testing.T, w *world) {
			w.api.PrependReactor("get", "executions", func(action clienttesting.Action) (bool, runtime.Object, error) {
				name := action.(clienttesting.GetAction).GetName()
				stored, err := w.api.Tracker().Get(action.GetResource(), action.GetNamespace(), name)
				if err != nil {
					return true, nil, err
				}
				e := stored.(*v1alpha1.Execution).DeepCopy()
				e.Status = rejected(v1alpha1.ReasonConcurrencyForbidden)
				if strings.HasSuffix(name, "3") {
					e.Status = withCounts(v1alpha1.Open, v1alpha1.NodeCounts{Nodes: 3, Pending: 3})
				}
				return true, e, w.api.Tracker().Update(action.GetResource(), e, action.GetNamespace())
			})
		}},
	})
}

// Ctrl-C ends the command, and not the execution.
func TestAWaitThatIsInterrupted(t *testing.T) {
	t.Setenv("KUBECONFIG", kubeconfig(t))
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		opens(withCounts(v1alpha1.Open, v1alpha1.NodeCounts{Nodes: 3, OK: 1, Running: 2}))(t, w)
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		ctx, interrupt := context.WithCancel(ctx)
		time.AfterFunc(1500*time.Millisecond, interrupt)
		status, _, errOut := w.command(ctx, "", "run", "disk-check", "--wait")
		if want := "interrupted: execution disk-check-00001 continues; to end it: kubectl batchjob cancel disk-check-00001 -n checks"; status != 4 || !strings.Contains(errOut, want) {
			t.Errorf("got status %d and %q, want that the execution continues", status, errOut)
		}
	})
}
