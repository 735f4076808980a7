//go:build e2e

package suite

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// testOrder is about executions that begin while another one is open.
func testOrder(t *testing.T, ctx context.Context, u users) {
	t.Run("with Queue, executions open in the order in which they were created", func(t *testing.T) { testQueue(t, ctx, u) })
	t.Run("an execution that waits for longer than startingDeadline is rejected, and says so", func(t *testing.T) { testTooLate(t, ctx, u) })
	t.Run("with Replace, the newer one opens after the older one was stopped", func(t *testing.T) {
		u.editor.define(t, ctx, "replace", definition(t, "replace", never, untilLetGo, object{"concurrencyPolicy": "Replace"}))
		first := u.operator.begin(t, ctx, "run", "replace")
		u.operator.waitPods(t, ctx, first, len(env.nodes))
		second := u.operator.begin(t, ctx, "run", "replace")
		u.operator.run(t, ctx, 6, "wait", first, "--timeout", "3m")
		u.editor.letGo(t, ctx, u.operator.waitPods(t, ctx, second, len(env.nodes)))
		u.operator.run(t, ctx, 0, "wait", second, "--timeout", "3m")
		u.operator.waitEventAbout(t, ctx, first, "ExecutionReplaced", second)
	})
}

// testQueue lets two executions wait, whose names are not in the order in which they are created.
func testQueue(t *testing.T, ctx context.Context, u users) {
	editor, operator, nodes := u.editor, u.operator, len(env.nodes)
	editor.define(t, ctx, "queue", definition(t, "queue", never, untilLetGo, object{"concurrencyPolicy": "Queue"}))
	create := func(name string) string {
		return operator.create(t, ctx, "apiVersion: batch-job-controller.io/v1alpha1\nkind: Execution\nmetadata: {name: "+name+"}\nspec: {nodeCronJobName: queue}\n")
	}
	first := operator.begin(t, ctx, "run", "queue")
	pods := operator.waitPods(t, ctx, first, nodes)
	second := create("queue-z")
	operator.waitUntilOlder(t, ctx, second)
	third := create("queue-a")
	wantQueued := func(execution string) {
		t.Helper()
		operator.kubectl(t, ctx, "wait", "execution/"+execution, "--for=jsonpath={.status.phase}=Queued", "--timeout=1m")
	}
	wantQueued(second)
	wantQueued(third)
	editor.letGo(t, ctx, pods)
	pods = operator.waitPods(t, ctx, second, nodes)
	if phase := operator.of(t, ctx, third, ".status.phase"); phase != "Queued" {
		t.Errorf("the third one is %s while the second one is open, want Queued", phase)
	}
	editor.letGo(t, ctx, pods)
	editor.letGo(t, ctx, operator.waitPods(t, ctx, third, nodes))
	operator.run(t, ctx, 0, "wait", first, second, third, "--timeout", "3m")
}

// waitUntilOlder waits until an execution is older than one that is created now: the API server
// notes only in which second that was.
func (c commandLine) waitUntilOlder(t *testing.T, ctx context.Context, execution string) {
	t.Helper()
	created := c.timeOf(t, ctx, execution, ".metadata.creationTimestamp")
	within(t, ctx, soon, func() error {
		if time.Since(created) < 1500*time.Millisecond {
			return errors.New("it may still be the same second")
		}
		return nil
	})
}

func (c commandLine) timeOf(t *testing.T, ctx context.Context, execution, path string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, c.of(t, ctx, execution, path))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// testTooLate lets an execution wait behind one that runs for longer than its startingDeadline.
func testTooLate(t *testing.T, ctx context.Context, u users) {
	const deadline = 5 * time.Second
	editor, operator, nodes := u.editor, u.operator, len(env.nodes)
	editor.define(t, ctx, "late", definition(t, "late", never, untilLetGo, object{"concurrencyPolicy": "Queue", "startingDeadline": deadline.String()}))
	open := operator.begin(t, ctx, "run", "late")
	pods := operator.waitPods(t, ctx, open, nodes)
	late := operator.begin(t, ctx, "run", "late")
	operator.kubectl(t, ctx, "wait", "execution/"+late, "--for=condition=Rejected", "--timeout=1m")
	if reason := operator.of(t, ctx, late, `.status.conditions[?(@.type=="Rejected")].reason`); reason != "StartingDeadlineExceeded" {
		t.Errorf("it was rejected for the reason %q, want StartingDeadlineExceeded", reason)
	}
	if waited := operator.timeOf(t, ctx, late, ".status.closeTime").Sub(operator.timeOf(t, ctx, late, ".metadata.creationTimestamp")); waited < deadline-time.Second {
		t.Errorf("it was rejected after %s, want %s", waited, deadline)
	}
	operator.waitEventAbout(t, ctx, late, "ExecutionRejected", "StartingDeadlineExceeded", deadline.String(), open)
	wantText(t, operator.run(t, ctx, 4, "wait", late, "--timeout", "1m"), "StartingDeadlineExceeded")
	editor.letGo(t, ctx, pods)
	wantText(t, operator.run(t, ctx, 0, "wait", open, "--timeout", "3m"), fmt.Sprintf("%d of %d nodes succeeded", nodes, nodes))
	if id := operator.of(t, ctx, late, ".status.executionID"); id != "" {
		t.Errorf("it was opened as %s after all", id)
	}
}
