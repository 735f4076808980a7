//go:build e2e

package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// Each kill follows the creation of a Job, when the server is about to create others, or to
// record that it created them.
func TestNothingRunsTwiceWhenTheServerIsKilled(t *testing.T) {
	const kills, between = 5, 17
	site := rig.NewSite(t, shared, rig.Config{Pool: 10, RunFor: time.Second})
	nodes := site.AddNodes(100)
	server := site.NewServer(1)
	for i := range kills {
		server.Start()
		enough := 1 + i*between
		site.Audit.Until(patience, fmt.Sprintf("%d Jobs are created", enough), func(state *audit.State) bool {
			return len(state.Jobs) >= enough
		})
		server.Kill()
	}
	server.Start()

	report := waitClosed(t, site)
	checkOnce(t, site, nodes)
	checkReport(t, report, all(nodes, succeeded()))
}
