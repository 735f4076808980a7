//go:build e2e

package suite

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// begin begins an execution, and returns its name.
func (c commandLine) begin(t *testing.T, ctx context.Context, args ...string) string {
	t.Helper()
	out := c.run(t, ctx, 0, append(args, "-o", "name")...)
	_, name, _ := strings.Cut(strings.Fields(out)[0], "/")
	return name
}

// of returns a field of an execution.
func (c commandLine) of(t *testing.T, ctx context.Context, execution, path string) string {
	t.Helper()
	return c.kubectl(t, ctx, "get", "execution", execution, "-o", "jsonpath={"+path+"}")
}

// waitPods waits until so many pods of an execution run.
func (c commandLine) waitPods(t *testing.T, ctx context.Context, execution string, number int) (names []string) {
	t.Helper()
	eventually(t, ctx, func() error {
		id := c.of(t, ctx, execution, ".status.executionID")
		if id == "" {
			return fmt.Errorf("%s has not been opened", execution)
		}
		names = strings.Fields(c.kubectl(t, ctx, "get", "pods", "--field-selector", "status.phase=Running",
			"-l", jobspec.ExecutionLabel+"="+id, "-o", "jsonpath={.items[*].metadata.name}"))
		if len(names) != number {
			return fmt.Errorf("%d pods of %s run, not %d", len(names), execution, number)
		}
		return nil
	})
	return names
}

// letGo lets pods that wait go on.
func (c commandLine) letGo(t *testing.T, ctx context.Context, pods []string) {
	t.Helper()
	for _, pod := range pods {
		c.kubectl(t, ctx, "exec", pod, "--container", "job", "--", "touch", "/tmp/go")
	}
}

// TestSteeringOfUsers is how users steer executions who have no rights but in their namespace.
func TestSteeringOfUsers(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	u := newUsers(t, ctx, "steer")
	editor, operator := u.editor, u.operator
	nodes := len(env.nodes)
	editor.define(t, ctx, "disk", definition(t, "disk", never, "true"))
	editor.define(t, ctx, "slow", definition(t, "slow", never, untilLetGo))

	t.Run("run --dry-run creates nothing", func(t *testing.T) {
		operator.run(t, ctx, 0, "run", "disk", "--dry-run")
		if left := operator.kubectl(t, ctx, "get", "executions", "-o", "name", "-l", "batch-job-controller.io/nodecronjob=disk"); left != "" {
			t.Errorf("there is %s", left)
		}
	})
	whole := ""
	t.Run("kubectl wait waits for an execution", func(t *testing.T) {
		whole = operator.begin(t, ctx, "run", "disk", "--reason", "for kubectl")
		operator.kubectl(t, ctx, "wait", "execution/"+whole, "--for=condition=Complete", "--timeout=3m")
		wantText(t, operator.kubectl(t, ctx, "get", "ncje", whole), "NODECRONJOB", "OK", "BAD", "RUNNING", "DURATION", "Manual", "Closed")
		wantText(t, operator.run(t, ctx, 0, "status", whole), "for kubectl", "operator")
	})
	t.Run("a partial execution is not the last one over all nodes", func(t *testing.T) {
		operator.run(t, ctx, 0, "run", "disk", "-l", "kubernetes.io/hostname="+env.nodes[0], "--wait", "--timeout", "3m")
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
	t.Run("of an execution, only paused and cancel can be changed", func(t *testing.T) {
		for _, change := range []string{`{"reason":"another"}`, `{"nodes":{"names":["nowhere"]}}`, `{"nodeCronJobName":"slow"}`} {
			if _, err := editor.tryKubectl(t, ctx, "patch", "execution", whole, "--type", "merge", "-p", `{"spec":`+change+`}`); err == nil || !strings.Contains(err.Error(), "immutable") {
				t.Errorf("%s: got %v, want that it is immutable", change, err)
			}
		}
	})
	t.Run("kubectl explains and names the resources", func(t *testing.T) {
		wantText(t, editor.kubectl(t, ctx, "explain", "ncj.spec.concurrencyPolicy"), "Forbid", "Queue", "Replace")
		wantText(t, editor.kubectl(t, ctx, "explain", "execution.spec.cancel"), "Drain", "Stop")
		wantText(t, editor.kubectl(t, ctx, "get", "batch-job-controller", "-o", "name"), "nodecronjob.batch-job-controller.io/disk", whole)
		wantText(t, operator.run(t, ctx, 0, "__complete", "-n", operator.namespace, "rerun", ""), whole)
	})
	open := ""
	t.Run("with Forbid, a second execution is a conflict that says how to end the first", func(t *testing.T) {
		open = operator.begin(t, ctx, "run", "slow", "--pool-size", "1")
		wantText(t, operator.run(t, ctx, 5, "run", "slow"), open, "--queue")
		operator.kubectl(t, ctx, "wait", "ncj/slow", "--for=jsonpath={.status.activeExecution.name}="+open, "--timeout=1m")
		wantText(t, operator.run(t, ctx, 5, "run", "slow"), open, "--queue", "cancel "+open)
	})
	t.Run("cancel drains: what runs goes on, what waits is canceled", func(t *testing.T) {
		pods := operator.waitPods(t, ctx, open, 1)
		operator.run(t, ctx, 0, "cancel", open)
		eventually(t, ctx, func() error {
			if canceled := operator.of(t, ctx, open, ".status.counts.canceled"); canceled != fmt.Sprint(nodes-1) {
				return fmt.Errorf("%s nodes are canceled, not %d", canceled, nodes-1)
			}
			return nil
		})
		editor.letGo(t, ctx, pods)
		wantText(t, operator.run(t, ctx, 6, "wait", open, "--timeout", "3m"), fmt.Sprintf("1 of %d nodes succeeded", nodes), "canceled")
		wantText(t, operator.run(t, ctx, 5, "pause", open), "closed")
	})
	t.Run("overrides are of one execution", func(t *testing.T) {
		wantText(t, operator.run(t, ctx, 1, "run", "slow", "--job-timeout", "5s", "--wait", "--timeout", "5m"), fmt.Sprintf("%d failed", nodes), "JobTimeout")
	})
	t.Run("a paused execution starts no pods, and goes on where it was", func(t *testing.T) {
		open := operator.begin(t, ctx, "run", "slow", "--pool-size", "1")
		pods := operator.waitPods(t, ctx, open, 1)
		operator.run(t, ctx, 0, "pause", open)
		operator.kubectl(t, ctx, "wait", "execution/"+open, `--for=jsonpath={.status.conditions[?(@.type=="Complete")].reason}=Paused`, "--timeout=1m")
		editor.letGo(t, ctx, pods)
		operator.kubectl(t, ctx, "wait", "execution/"+open, "--for=jsonpath={.status.counts.ok}=1", "--timeout=2m")
		operator.waitPods(t, ctx, open, 0)
		operator.run(t, ctx, 0, "resume", open)
		for range nodes - 1 {
			editor.letGo(t, ctx, operator.waitPods(t, ctx, open, 1))
			operator.waitPods(t, ctx, open, 0)
		}
		wantText(t, operator.run(t, ctx, 0, "wait", open, "--timeout", "3m"), fmt.Sprintf("%d of %d nodes succeeded", nodes, nodes))
	})
	t.Run("with Queue, executions open in the order in which they were created", func(t *testing.T) {
		editor.define(t, ctx, "queue", definition(t, "queue", never, untilLetGo, object{"concurrencyPolicy": "Queue"}))
		first, second := operator.begin(t, ctx, "run", "queue"), operator.begin(t, ctx, "run", "queue")
		pods := operator.waitPods(t, ctx, first, nodes)
		operator.kubectl(t, ctx, "wait", "execution/"+second, "--for=jsonpath={.status.phase}=Queued", "--timeout=1m")
		editor.letGo(t, ctx, pods)
		editor.letGo(t, ctx, operator.waitPods(t, ctx, second, nodes))
		operator.run(t, ctx, 0, "wait", first, second, "--timeout", "3m")
	})
	t.Run("with Replace, the newer one opens after the older one was stopped", func(t *testing.T) {
		editor.define(t, ctx, "replace", definition(t, "replace", never, untilLetGo, object{"concurrencyPolicy": "Replace"}))
		first := operator.begin(t, ctx, "run", "replace")
		operator.waitPods(t, ctx, first, nodes)
		second := operator.begin(t, ctx, "run", "replace")
		operator.run(t, ctx, 6, "wait", first, "--timeout", "3m")
		editor.letGo(t, ctx, operator.waitPods(t, ctx, second, nodes))
		operator.run(t, ctx, 0, "wait", second, "--timeout", "3m")
	})
	t.Run("the younger of two definitions with the same metric is not accepted, and says why", func(t *testing.T) {
		gauges := object{"metrics": object{"prefix": "same", "gauges": object{"free": object{"help": "Free bytes."}}}}
		editor.define(t, ctx, "older", definition(t, "older", never, "true", gauges))
		editor.kubectl(t, ctx, "apply", "-f", editor.path(t, "younger.yaml", definition(t, "younger", never, "true", gauges)))
		wantText(t, editor.notAccepted(t, ctx, "younger"), "MetricConflict", "NodeCronJob older exports")
	})
	t.Run("a definition that is wrong holds up no other", func(t *testing.T) {
		editor.kubectl(t, ctx, "apply", "-f", editor.path(t, "wrong.yaml", definition(t, "wrong", "61 * * * *", "true")))
		wantText(t, editor.notAccepted(t, ctx, "wrong"), "Invalid", "61")
		operator.run(t, ctx, 0, "run", "disk", "--wait", "--timeout", "3m")
	})
	t.Run("with --cascade=orphan, an open execution ends after its definition was deleted", func(t *testing.T) {
		open := operator.begin(t, ctx, "run", "slow")
		pods := operator.waitPods(t, ctx, open, nodes)
		editor.kubectl(t, ctx, "delete", "ncj", "slow", "--cascade=orphan")
		editor.letGo(t, ctx, pods)
		wantText(t, operator.run(t, ctx, 0, "wait", open, "--timeout", "3m"), fmt.Sprintf("%d of %d nodes succeeded", nodes, nodes))
	})
	t.Run("the definitions of resources stay as long as they are used", func(t *testing.T) {
		wantText(t, u.admin.run(t, ctx, 0, "uninstall"), "Kept: ", "nodecronjobs.batch-job-controller.io")
		wantText(t, u.admin.kubectl(t, ctx, "get", "ncj", "disk"), never)
	})
}

// path writes a file and returns its path, for kubectl, which runs elsewhere.
func (c commandLine) path(t *testing.T, name, text string) string {
	t.Helper()
	return c.dir + "/" + c.write(t, name, text)
}

// notAccepted waits until a definition is not accepted, and returns why.
func (c commandLine) notAccepted(t *testing.T, ctx context.Context, name string) string {
	t.Helper()
	c.kubectl(t, ctx, "wait", "ncj/"+name, "--for=condition=Accepted=False", "--timeout=1m")
	return c.kubectl(t, ctx, "get", "ncj", name, "-o", `jsonpath={range .status.conditions[?(@.type=="Accepted")]}{.reason}: {.message}{end}`)
}
