//go:build e2e

package suite

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// TestPatientPods runs pods that ignore SIGTERM and have a grace period of ten minutes, one at a
// time. The first runs beyond jobTimeout, and the Job of the second is deleted: both run for
// longer than a minute after that.
func TestPatientPods(t *testing.T) {
	t.Parallel()
	if len(env.nodes) < 3 {
		t.Skipf("this cluster has %d nodes, three are needed", len(env.nodes))
	}
	ctx := scenarioContext(t)
	late, jobless := env.nodes[0], env.nodes[1]
	const jobTimeout = 15 * time.Second
	namespace := newNamespace(t, "patient")
	running := watchPool(t, ctx, namespace)
	s := begin(t, ctx, deploy.Overlay{
		Namespace: namespace,
		Config: configuration(t, "patient", object{
			"podPoolSize":    1,
			"jobTimeout":     jobTimeout.String(),
			"cronExpression": "* * * * *",
		}),
		PodTemplate: patientTemplate(late, 150*time.Second, jobless, 75*time.Second),
		Service:     "callback",
	})
	first, err := s.WaitForExecution(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.waitRunning(t, ctx, first.ID, jobless)
	deleteJob(t, ctx, s.namespace, s.jobOf(t, ctx, first.ID, jobless).Name)
	next := s.waitForNext(t, ctx, first.ID)
	s.waitRunning(t, ctx, next.ID, late)
	if most := running.stop(); most != 1 {
		t.Errorf("%d pods were in flight at one time, and the pool has 1", most)
	}
	all, err := s.Executions(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.ID == first.ID {
			wantOutcome(t, e, late, execution.Failed, execution.JobTimeout)
			wantOutcome(t, e, jobless, execution.Lost, execution.JobDeleted)
			wantOutcome(t, e, env.nodes[2], execution.Succeeded, "")
		}
	}
	if report := s.taskReport(t, ctx, first.ID, late); !strings.Contains(report.Message, "container job") {
		t.Errorf("the message does not name the container that ran: %q", report.Message)
	}
}

// waitForNext waits for the execution after another.
func (s scenario) waitForNext(t *testing.T, ctx context.Context, after execution.ID) (next deploy.Execution) {
	t.Helper()
	eventually(t, ctx, func() error {
		all, err := s.Executions(ctx)
		if err != nil {
			return err
		}
		for _, e := range all {
			if e.ID > after {
				next = e
				return nil
			}
		}
		return fmt.Errorf("no execution after %s", after)
	})
	return next
}

// patientTemplate returns a pod template in which the pods of two nodes ignore SIGTERM and run
// for the given durations.
func patientTemplate(one string, oneFor time.Duration, two string, twoFor time.Duration) string {
	script := fmt.Sprintf(`trap '' TERM
case $NODE_NAME in
%s) last=%d ;;
%s) last=%d ;;
*) last=0 ;;
esac
`, one, int(oneFor.Seconds()), two, int(twoFor.Seconds())) + reportScript + `n=0
while [ $n -lt $last ]; do sleep 1; n=$((n + 1)); done
`
	return strings.Replace(podTemplate(script), "terminationGracePeriodSeconds: 1", "terminationGracePeriodSeconds: 600", 1)
}
