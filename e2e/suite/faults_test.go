//go:build e2e

package suite

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

const (
	// faultsStartDeadline is long enough for another pod to run on a busy machine.
	faultsStartDeadline = 90 * time.Second
	// faultsJobTimeout begins when the pod is on the node. It is longer, so
	// that the kubelet does not end pods that do not start before startDeadline.
	faultsJobTimeout = 95 * time.Second
)

// faults has the names of nodes by their fault. Nodes run in the order of their names; the
// simulated ones are the last.
type faults struct {
	good, badImage, endless       string
	notReady, goneLate, goneEarly string
}

// TestFaults runs an execution in which all nodes except the first fail, each in a different
// way.
func TestFaults(t *testing.T) {
	t.Parallel()
	if len(env.nodes) < 3 {
		t.Skipf("this cluster has %d nodes, three are needed", len(env.nodes))
	}
	ctx := scenarioContext(t)
	namespace := newNamespace(t, "faults")
	f := faults{
		good: env.nodes[0], badImage: env.nodes[1], endless: env.nodes[2],
		notReady: "zzz-not-ready", goneLate: "zzz-1-gone-late", goneEarly: "zzz-2-gone-early",
	}
	newGhost(t, ctx, f.notReady, false)
	newGhost(t, ctx, f.goneLate, true)
	newGhost(t, ctx, f.goneEarly, true)
	s := begin(t, ctx, deploy.Overlay{
		Namespace: namespace,
		Config: configuration(t, "faults", object{
			"jobNodeSelector": object{},
			"podPoolSize":     2,
			"startDeadline":   faultsStartDeadline.String(),
			"jobTimeout":      faultsJobTimeout.String(),
		}),
		PodTemplate: faultsTemplate(f),
		Service:     "callback",
	})
	e := runFaults(t, ctx, s, f)
	testFaults(t, ctx, s, e, f)
}

// faultsTemplate has an image that does not exist for one node, and a script that never ends for
// another.
func faultsTemplate(f faults) string {
	template := podTemplate(reportScript + `if [ "$NODE_NAME" = "` + f.endless + `" ]; then sleep 1000; fi`)
	image := "image: " + env.provider.JobImage()
	return strings.Replace(template, image,
		fmt.Sprintf(`image: '{{ if eq .NodeName %q }}localhost/absent:1{{ else }}%s{{ end }}'`, f.badImage, env.provider.JobImage()), 1)
}

// runFaults deletes one node before its turn, and another one that has a Job.
func runFaults(t *testing.T, ctx context.Context, s scenario, f faults) deploy.Execution {
	t.Helper()
	open, err := s.WaitForExecution(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := deleteNode(ctx, f.goneEarly); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, func() error {
		pods, err := s.JobPods(ctx, open.ID)
		if err != nil {
			return err
		}
		if pods[f.goneLate].Spec.NodeName != f.goneLate {
			return fmt.Errorf("no pod was placed on %s", f.goneLate)
		}
		return nil
	})
	if err := deleteNode(ctx, f.goneLate); err != nil {
		t.Fatal(err)
	}
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func testFaults(t *testing.T, ctx context.Context, s scenario, e deploy.Execution, f faults) {
	t.Run("an empty jobNodeSelector selects all nodes", func(t *testing.T) {
		if got, want := len(e.Nodes)+len(e.Skipped), len(env.nodes)+3; got < want {
			t.Errorf("got %d nodes, want %d", got, want)
		}
	})
	t.Run("a node that is not ready is skipped", func(t *testing.T) {
		wantOutcome(t, e, f.notReady, execution.Skipped, execution.NodeNotReady)
	})
	t.Run("a node that is deleted before its turn is skipped", func(t *testing.T) {
		wantOutcome(t, e, f.goneEarly, execution.Skipped, execution.NodeGone)
	})
	t.Run("a node that is deleted while its Job is in flight is lost", func(t *testing.T) {
		wantOutcome(t, e, f.goneLate, execution.Lost, execution.NodeGone)
	})
	t.Run("a pod that cannot start ends at startDeadline with its own reason", func(t *testing.T) {
		wantOutcome(t, e, f.badImage, execution.Failed, "ImagePullBackOff", "ErrImagePull")
		report := s.taskReport(t, ctx, e.ID, f.badImage)
		job := s.jobOf(t, ctx, e.ID, f.badImage)
		if after := report.Finished.Sub(job.CreationTimestamp.Time); after < faultsStartDeadline-time.Second {
			t.Errorf("it ended %s after its Job was created, want %s", after, faultsStartDeadline)
		}
	})
	t.Run("a pod that cannot start does not hold up other nodes", func(t *testing.T) {
		wantOutcome(t, e, f.good, execution.Succeeded, "")
		ended := s.taskReport(t, ctx, e.ID, f.badImage).Finished
		if began := s.taskReport(t, ctx, e.ID, f.endless).Started; !began.Before(ended) {
			t.Errorf("the next node began at %s, and the one before had held a slot until %s", began, ended)
		}
	})
	t.Run("a pod that never ends is ended at jobTimeout", func(t *testing.T) {
		wantOutcome(t, e, f.endless, execution.Failed, execution.JobTimeout)
		report := s.taskReport(t, ctx, e.ID, f.endless)
		pods, err := s.JobPods(ctx, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		if had := report.Finished.Sub(pods[f.endless].Status.StartTime.Time); had < faultsJobTimeout-time.Second {
			t.Errorf("its pod had %s, want %s", had, faultsJobTimeout)
		}
	})
	t.Run("the gauge processing is 1 for the nodes that failed and 0 for the others", func(t *testing.T) {
		metrics, err := s.Metrics(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for node, want := range map[string]float64{f.good: 0, f.badImage: 1, f.endless: 1} {
			wantValue(t, metrics, "e2e_processing", labels{"node": node, "executionID": string(e.ID)}, want)
		}
	})
	t.Run("the end of an execution with failures is a warning", func(t *testing.T) {
		events, err := s.Events(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range events {
			if event.Reason == "ExecutionClosed" && event.InvolvedObject.Name == e.Record.Name {
				if event.Type != corev1.EventTypeWarning {
					t.Errorf("got %s", event.Type)
				}
				return
			}
		}
		t.Errorf("there is none among %d events", len(events))
	})
}
