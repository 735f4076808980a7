//go:build e2e

package suite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSteeringOfUsers is how users steer executions who have no rights but in their namespace.
func TestSteeringOfUsers(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	u := newUsers(t, ctx, "steer")
	u.editor.define(t, ctx, "disk", definition(t, "disk", never, "true"))
	u.editor.define(t, ctx, "slow", definition(t, "slow", never, untilLetGo))

	whole := testNodesOfRuns(t, ctx, u)
	testWhatCannotBeChanged(t, ctx, u, whole)
	testCancel(t, ctx, u)
	testPause(t, ctx, u)
	testOrder(t, ctx, u)
	t.Run("the younger of two definitions with the same metric is not accepted, and says why", func(t *testing.T) {
		gauges := object{"metrics": object{"prefix": "same", "gauges": object{"free": object{"help": "Free bytes."}}}}
		u.editor.define(t, ctx, "older", definition(t, "older", never, "true", gauges))
		u.editor.kubectl(t, ctx, "apply", "-f", u.editor.path(t, "younger.yaml", definition(t, "younger", never, "true", gauges)))
		wantText(t, u.editor.notAccepted(t, ctx, "younger"), "MetricConflict", "NodeCronJob older exports")
	})
	t.Run("the definitions of resources stay as long as they are used", func(t *testing.T) {
		wantText(t, u.admin.run(t, ctx, 0, "uninstall"), "Kept: ", "nodecronjobs.batch-job-controller.io")
		wantText(t, u.admin.kubectl(t, ctx, "get", "ncj", "disk"), never)
	})
}

// testNodesOfRuns is about on which nodes executions run. It returns one that ran on all of them.
func testNodesOfRuns(t *testing.T, ctx context.Context, u users) (whole string) {
	operator, nodes := u.operator, len(env.nodes)
	t.Run("kubectl wait waits for an execution", func(t *testing.T) {
		whole = operator.begin(t, ctx, "run", "disk")
		operator.kubectl(t, ctx, "wait", "execution/"+whole, "--for=condition=Complete", "--timeout=3m")
		wantText(t, operator.kubectl(t, ctx, "get", "ncje", whole), "NODECRONJOB", "OK", "BAD", "RUNNING", "DURATION", "Manual", "Closed")
	})
	t.Run("run --dry-run says on which nodes it would run, and creates nothing", func(t *testing.T) {
		before := operator.executionsOf(t, ctx, "disk")
		if !slices.Equal(before, []string{whole}) {
			t.Fatalf("there are the executions %v, want %s", before, whole)
		}
		wantText(t, u.admin.run(t, ctx, 0, "run", "disk", "--dry-run"), fmt.Sprintf("it would run on %d nodes: %s.", nodes, strings.Join(env.nodes, ", ")))
		wantText(t, u.admin.run(t, ctx, 0, "run", "disk", "--dry-run", "--nodes", env.nodes[1]), "it would run on 1 node: "+env.nodes[1]+".")
		wantText(t, operator.run(t, ctx, 0, "run", "disk", "--dry-run"), "Which nodes would take part is not known", "verb list on resource nodes")
		if after := operator.executionsOf(t, ctx, "disk"); !slices.Equal(before, after) {
			t.Errorf("there are the executions %v, want %v", after, before)
		}
	})
	t.Run("run -l runs on the nodes with these labels", func(t *testing.T) {
		text := operator.run(t, ctx, 0, "run", "disk", "-l", "kubernetes.io/hostname="+env.nodes[0], "--wait", "--timeout", "3m")
		wantText(t, text, "1 of 1 nodes succeeded")
		if last := operator.kubectl(t, ctx, "get", "ncj", "disk", "-o", "jsonpath={.status.lastExecution.name} {.status.lastExecution.counts.nodes}"); last != fmt.Sprintf("%s %d", whole, nodes) {
			t.Errorf("the last execution is %s, want %s over %d nodes", last, whole, nodes)
		}
	})
	t.Run("rerun --states runs those in these states", func(t *testing.T) {
		wantText(t, operator.run(t, ctx, 0, "rerun", whole, "--states", "succeeded", "--yes", "--wait", "--timeout", "3m"), fmt.Sprintf("%d of %d nodes succeeded", nodes, nodes))
		wantText(t, operator.run(t, ctx, 0, "rerun", whole, "--states", "failed", "--yes"), "there is nothing to run again")
	})
	t.Run("an execution on a node that does not exist is rejected, and says so", func(t *testing.T) {
		wantText(t, operator.run(t, ctx, 4, "run", "disk", "--nodes", "nowhere"), "was rejected", "there is no node nowhere")
		wantText(t, operator.kubectl(t, ctx, "get", "executions"), "Rejected")
		operator.waitForEvent(t, ctx, "ExecutionRejected", "nowhere")
	})
	t.Run("kubectl explains and names the resources", func(t *testing.T) {
		wantText(t, u.editor.kubectl(t, ctx, "explain", "ncj.spec.concurrencyPolicy"), "Forbid", "Queue", "Replace")
		wantText(t, u.editor.kubectl(t, ctx, "explain", "execution.spec.cancel"), "Drain", "Stop")
		wantText(t, u.editor.kubectl(t, ctx, "get", "batch-job-controller", "-o", "name"), "nodecronjob.batch-job-controller.io/disk", whole)
		wantText(t, operator.run(t, ctx, 0, "__complete", "-n", operator.namespace, "rerun", ""), whole)
	})
	return whole
}

// testWhatCannotBeChanged is about what is immutable, and about who may not change what.
func testWhatCannotBeChanged(t *testing.T, ctx context.Context, u users, execution string) {
	editor, operator := u.editor, u.operator
	t.Run("of an execution, only paused and cancel can be changed", func(t *testing.T) {
		for _, change := range []string{`{"reason":"another"}`, `{"nodes":{"names":["nowhere"]}}`, `{"nodeCronJobName":"slow"}`} {
			if _, err := editor.tryKubectl(t, ctx, "patch", "execution", execution, "--type", "merge", "-p", `{"spec":`+change+`}`); err == nil || !strings.Contains(err.Error(), "immutable") {
				t.Errorf("%s: got %v, want that it is immutable", change, err)
			}
		}
	})
	t.Run("a user who may run what is defined can neither change nor delete it", func(t *testing.T) {
		state := func() string {
			return editor.kubectl(t, ctx, "get", "ncj", "-o", "jsonpath={range .items[*]}{.metadata.uid} {.metadata.generation} {.metadata.deletionTimestamp}{end}")
		}
		before := state()
		for _, args := range [][]string{
			{"suspend", "disk"},
			{"apply", "-f", operator.write(t, "hourly.yaml", definition(t, "disk", "0 * * * *", "true"))},
		} {
			wantText(t, operator.run(t, ctx, 4, args...), "missing permission: verb patch on resource nodecronjobs.batch-job-controller.io")
		}
		for _, args := range [][]string{
			{"patch", "ncj", "disk", "--type", "merge", "-p", `{"spec":{"suspend":true}}`},
			{"delete", "ncj", "disk", "--wait=false"},
			{"delete", "ncj", "--all", "--wait=false"},
		} {
			if _, err := operator.tryKubectl(t, ctx, args...); err == nil || !strings.Contains(err.Error(), "forbidden") {
				t.Errorf("%v: got %v, want that it is forbidden", args, err)
			}
		}
		if after := state(); after != before {
			t.Errorf("the definitions were changed: %s, before %s", after, before)
		}
	})
}

// testCancel is about executions that end early.
func testCancel(t *testing.T, ctx context.Context, u users) {
	editor, operator, nodes := u.editor, u.operator, len(env.nodes)
	open, reached := "", ""
	t.Run("with Forbid, a second execution is a conflict that says how to end the first", func(t *testing.T) {
		open = operator.begin(t, ctx, "run", "slow", "--pool-size", "1")
		wantText(t, operator.run(t, ctx, 5, "run", "slow"), open, "--queue")
		operator.kubectl(t, ctx, "wait", "ncj/slow", "--for=jsonpath={.status.activeExecution.name}="+open, "--timeout=1m")
		wantText(t, operator.run(t, ctx, 5, "run", "slow"), open, "--queue", "cancel "+open)
	})
	t.Run("cancel drains: what runs goes on, what waits is canceled", func(t *testing.T) {
		pods := operator.waitPods(t, ctx, open, 1)
		reached = operator.nodesOf(t, ctx, pods)[0]
		operator.run(t, ctx, 0, "cancel", open)
		within(t, ctx, soon, func() error {
			if canceled := operator.of(t, ctx, open, ".status.counts.canceled"); canceled != fmt.Sprint(nodes-1) {
				return fmt.Errorf("%s nodes are canceled, not %d", canceled, nodes-1)
			}
			return nil
		})
		editor.letGo(t, ctx, pods)
		wantText(t, operator.run(t, ctx, 6, "wait", open, "--timeout", "3m"), fmt.Sprintf("1 of %d nodes succeeded", nodes), "canceled")
		wantText(t, operator.run(t, ctx, 5, "pause", open), "closed")
	})
	t.Run("rerun --states canceled runs on the nodes that were never reached", func(t *testing.T) {
		again := operator.begin(t, ctx, "rerun", open, "--states", "canceled", "--yes")
		pods := operator.waitPods(t, ctx, again, nodes-1)
		want := slices.DeleteFunc(slices.Clone(env.nodes), func(node string) bool { return node == reached })
		if got := slices.Sorted(slices.Values(operator.nodesOf(t, ctx, pods))); !slices.Equal(got, want) {
			t.Errorf("it runs on %v, want %v: %s was reached before", got, want, reached)
		}
		editor.letGo(t, ctx, pods)
		wantText(t, operator.run(t, ctx, 0, "wait", again, "--timeout", "3m"), fmt.Sprintf("%d of %d nodes succeeded", nodes-1, nodes-1))
	})
	t.Run("overrides are of one execution", func(t *testing.T) {
		wantText(t, operator.run(t, ctx, 1, "run", "slow", "--job-timeout", "5s", "--wait", "--timeout", "5m"), fmt.Sprintf("%d failed", nodes), "JobTimeout")
	})
}

// oneAtATime is an Execution that a user writes.
const oneAtATime = `apiVersion: batch-job-controller.io/v1alpha1
kind: Execution
metadata:
  generateName: slow-
spec:
  nodeCronJobName: slow
  overrides:
    podPoolSize: 1
`

// testPause is about an execution that a user creates with kubectl, and pauses.
func testPause(t *testing.T, ctx context.Context, u users) {
	editor, operator, nodes := u.editor, u.operator, len(env.nodes)
	open := ""
	var pods []string
	t.Run("an Execution that a user creates with kubectl runs", func(t *testing.T) {
		open = operator.create(t, ctx, oneAtATime)
		pods = operator.waitPods(t, ctx, open, 1)
		if generation := operator.waitObserved(t, ctx, open); generation != "1" {
			t.Errorf("got generation %s, want 1", generation)
		}
	})
	t.Run("a paused execution starts no pods, and those that run go on", func(t *testing.T) {
		operator.run(t, ctx, 0, "pause", open)
		operator.kubectl(t, ctx, "wait", "execution/"+open, `--for=jsonpath={.status.conditions[?(@.type=="Complete")].reason}=Paused`, "--timeout=1m")
		if generation := operator.waitObserved(t, ctx, open); generation != "2" {
			t.Errorf("got generation %s, want 2", generation)
		}
		jobs := operator.jobsOf(t, ctx, open)
		if len(jobs) != 1 {
			t.Errorf("it has the Jobs %v, want one", jobs)
		}
		editor.letGo(t, ctx, pods)
		operator.kubectl(t, ctx, "wait", "execution/"+open, "--for=jsonpath={.status.counts.ok}=1", "--timeout=2m")
		want := fmt.Sprintf("Open: 1 ok, %d pending, 0 running", nodes-1)
		stays(t, ctx, 10*time.Second, func() error {
			if now := operator.jobsOf(t, ctx, open); !slices.Equal(now, jobs) {
				return fmt.Errorf("it is paused, and has the Jobs %v, before %v", now, jobs)
			}
			got := operator.kubectl(t, ctx, "get", "execution", open, "-o",
				"jsonpath={.status.phase}: {.status.counts.ok} ok, {.status.counts.pending} pending, {.status.counts.running} running")
			if got != want {
				return fmt.Errorf("it is paused, and %s; want %s", got, want)
			}
			return nil
		})
	})
	t.Run("a resumed execution goes on where it was", func(t *testing.T) {
		operator.run(t, ctx, 0, "resume", open)
		if generation := operator.waitObserved(t, ctx, open); generation != "3" {
			t.Errorf("got generation %s, want 3", generation)
		}
		editor.letEachGo(t, ctx, open)
		wantText(t, operator.run(t, ctx, 0, "wait", open, "--timeout", "3m"), fmt.Sprintf("%d of %d nodes succeeded", nodes, nodes))
	})
}
