//go:build e2e

package suite

import (
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// TestUnscheduled runs executions with and without runOnUnscheduledNodes on a cordoned node.
func TestUnscheduled(t *testing.T) {
	t.Parallel()
	if len(env.nodes) < 2 {
		t.Skip("this cluster has only one node, which has to run the controller too")
	}
	cordoned := env.nodes[len(env.nodes)-1]
	cordon(t, t.Context(), cordoned)
	// Parallel subtests wait until the others let them run, for longer than a scenario may last:
	// each has a context of its own.
	t.Run("runOnUnscheduledNodes", func(t *testing.T) {
		t.Run("on", func(t *testing.T) {
			t.Parallel()
			testUnscheduledOn(t, cordoned)
		})
		t.Run("off", func(t *testing.T) {
			t.Parallel()
			testUnscheduledOff(t, cordoned)
		})
	})
}

// testUnscheduledOn sets POD_IP, so that it needs no Service.
func testUnscheduledOn(t *testing.T, cordoned string) {
	ctx := scenarioContext(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace: newNamespace(t, "unscheduled-on"),
		Config: configuration(t, "unscheduled-on", object{
			"runOnUnscheduledNodes": true,
			"callbackServiceName":   nil,
			"startupDelay":          nil,
		}),
		PodTemplate: podTemplate(reportScript),
		PodIP:       true,
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("cordoned nodes take part", func(t *testing.T) {
		wantOutcome(t, e, cordoned, execution.Succeeded, "")
		pods, err := s.JobPods(ctx, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got := pods[cordoned].Spec.NodeName; got != cordoned {
			t.Errorf("the pod meant for %s ran on %q", cordoned, got)
		}
	})
	t.Run("POD_IP is the host of the callback URLs", func(t *testing.T) {
		pod, err := s.Pod(ctx)
		if err != nil {
			t.Fatal(err)
		}
		address := pod.Status.PodIP
		for _, node := range env.nodes {
			seen := s.uploadedEnvironment(t, ctx, e.ID, node+"-env.txt")
			if got := seen["CALLBACK_SERVICE_NAME"]; got != address {
				t.Errorf("got %q, want %q", got, address)
			}
			want := "http://" + address + ":8090/report/" + node + "/" + string(e.ID) + "/result"
			if got := withoutToken(seen["CALLBACK_SERVICE_RESULT_URL"]); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
	t.Run("startupDelay is 10s if it is not set", func(t *testing.T) {
		wantStartupDelay(t, ctx, s, e, 10*time.Second)
	})
}

// testUnscheduledOff has a headless callback Service, which has only a name.
func testUnscheduledOff(t *testing.T, cordoned string) {
	ctx := scenarioContext(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace: newNamespace(t, "unscheduled-off"),
		Config: configuration(t, "unscheduled-off", object{
			"runOnUnscheduledNodes": false,
			"callbackServiceName":   "reports",
		}),
		PodTemplate: podTemplate(reportScript),
		Service:     "reports",
		Headless:    true,
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("cordoned nodes are skipped", func(t *testing.T) {
		wantOutcome(t, e, cordoned, execution.Skipped, execution.NodeUnschedulable)
		wantOutcome(t, e, env.nodes[0], execution.Succeeded, "")
		pods, err := s.JobPods(ctx, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		if pod, ok := pods[cordoned]; ok {
			t.Errorf("there is pod %s for %s", pod.Name, cordoned)
		}
	})
	seen := s.uploadedEnvironment(t, ctx, e.ID, env.nodes[0]+"-env.txt")
	t.Run("callbackServiceName is what pods report to", func(t *testing.T) {
		if got, want := seen["CALLBACK_SERVICE_NAME"], "reports."+s.namespace+".svc"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("callbackServicePort is 8090 if it is not set", func(t *testing.T) {
		if got := seen["CALLBACK_SERVICE_PORT"]; got != "8090" {
			t.Errorf("got %q", got)
		}
	})
}
