//go:build e2e

package api

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// The server does everything it ever asks the API server for: it opens and
// closes executions, stops a Job, reads logs, writes an event twice, and drops
// the Jobs and then the record of old executions.
func TestTheManifestsGrantWhatTheServerNeeds(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 2, RunFor: 2 * time.Second, Keys: map[string]any{
		"startDeadline": "2s", "savePodLog": true, "jobHistory": 1, "reportHistory": 2,
	}})
	node := site.AddNodes(1)[0]
	dead := node + "-dead"
	site.AddDeadNode(dead)
	server := site.NewServer(1).WithKubeconfig(site.ServiceAccount())
	for run := range 3 {
		server.Start()
		if run == 0 {
			url := site.Env(waitRunning(t, site, node))[jobspec.EnvEventURL]
			for range 2 {
				post(t, url, `{"reason":"Again","message":"and again"}`)
			}
		}
		ids := waitAllClosed(t, site, run+1)
		checkReport(t, site.Report(ids[run]), map[string]execution.Outcome{
			node: succeeded(),
			dead: {State: execution.Failed, Reason: execution.PodNotStarted},
		})
		if run == 2 {
			waitDropped(t, site, ids)
		}
		for series := range server.Metrics().Of("rest_client_requests_total", `code="403"`) {
			t.Errorf("the API server refused requests: %s", series)
		}
		server.Stop()
	}
	if log := server.Log(); bytes.Contains(log, []byte("forbidden")) {
		t.Error(`the server's log has "forbidden"`)
	}
}

// waitDropped waits until of three executions the first is gone with all that
// it had, and of the second the Jobs.
func waitDropped(t *testing.T, site *rig.Site, ids []execution.ID) {
	t.Helper()
	site.Audit.Until(patience, fmt.Sprintf("only execution %s has Jobs, and %s has no record", ids[2], ids[0]), func(state *rig.State) bool {
		for uid := range state.Jobs {
			if job := state.Jobs[uid]; !state.Gone[uid] && job.Labels[jobspec.ExecutionLabel] != string(ids[2]) {
				return false
			}
		}
		return state.Gone[state.Records[ids[0]].UID] && !state.Gone[state.Records[ids[1]].UID]
	})
}
