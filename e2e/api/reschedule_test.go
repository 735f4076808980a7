//go:build e2e

package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// The schedule changes together with a restart. The new schedule would have had a tick half an
// hour ago, before the change: that tick neither runs nor counts as missed, and the start has
// its execution.
func TestAScheduleThatChangesOverARestart(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 2, RunFor: untilEnded})
	site.AddNodes(2)
	server := site.NewServer(1).WithLease(rig.ShortLease())
	playPods(t, site, atOnce, server)
	server.Start()
	waitAllClosed(t, site, 1)
	server.Stop()

	client := site.Client.CoreV1().ConfigMaps(site.Namespace)
	state, err := client.Get(t.Context(), jobspec.StateName(rig.Name), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// <definition> <UID> <last tick> <UID of its Execution> <last opening> <schedule>
	line := strings.Fields(state.Data["ticks"])
	if got, want := strings.Join(line[min(len(line), 5):], " "), "CRON_TZ=UTC 0 0 29 2 *"; got != want {
		t.Fatalf("schedule in the state: got %q, want %q", got, want)
	}
	line[2] = time.Now().Add(-3 * time.Hour).UTC().Format(time.RFC3339)
	state.Data["ticks"] = strings.Join(line, " ") + "\n"
	if _, err := client.Update(t.Context(), state, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	site.Configure(map[string]any{"cronExpression": fmt.Sprintf("%d * * * *", time.Now().Add(-30*time.Minute).UTC().Minute())})
	nextSecond()
	server.Start()
	for _, id := range waitAllClosed(t, site, 2) {
		if report := site.Report(id); report.Trigger != execution.Startup {
			t.Errorf("execution %s: got trigger %s, want startup", id, report.Trigger)
		}
	}
	if missed := waitLeader(t, server).Metrics().Sum("batch_job_controller_ticks_missed_total"); missed != 0 {
		t.Errorf("%v ticks were missed, want none", missed)
	}
	site.Audit.Read(func(state *audit.State) {
		if events := state.EventsOf("TicksMissed"); len(events) > 0 {
			t.Errorf("%d events TicksMissed, want none", len(events))
		}
	})
}
