//go:build e2e

package api

import (
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

func TestEveryNodeRunsOnceAndThePoolIsNeverExceeded(t *testing.T) {
	site := rig.NewSite(t, shared, rig.Config{Pool: 20, RunFor: 500 * time.Millisecond})
	nodes := site.AddNodes(200)
	site.NewServer(1).Start()

	report := waitClosed(t, site)
	checkOnce(t, site, nodes)
	checkReport(t, report, all(nodes, succeeded()))
	site.Audit.Read(func(state *rig.State) {
		if state.MostLive < site.Config.Pool/2 {
			t.Errorf("never more than %d pods were live, podPoolSize is %d", state.MostLive, site.Config.Pool)
		}
	})
}
