//go:build e2e

package api

import (
	"testing"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

func TestEveryNodeRunsOnceAndThePoolIsNeverExceeded(t *testing.T) {
	site := rig.NewSite(t, shared, rig.Config{Pool: 20, RunFor: untilEnded})
	nodes := site.AddNodes(200)
	site.NewServer(1).Start()
	site.Audit.Until(patience, "the pool is full", func(state *audit.State) bool { return state.MostLive == site.Config.Pool })
	endPods(t, site, atOnce)

	report := waitClosed(t, site)
	checkOnce(t, site, nodes)
	checkReport(t, report, all(nodes, succeeded()))
}
