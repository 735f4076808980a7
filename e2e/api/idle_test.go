//go:build e2e

package api

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// TestIdleNodeCronJobsCostNoRequests has the server follow many NodeCronJobs without ticks. In a
// quiet minute it asks the API server for nothing but its Lease and watches.
func TestIdleNodeCronJobsCostNoRequests(t *testing.T) {
	t.Parallel()
	const definitions = 50
	site := rig.NewSite(t, shared, rig.Config{Pool: 1, RunFor: time.Second, Quiet: true, Keys: map[string]any{"runOnStartup": false}})
	site.AddNodes(1)
	server := site.NewServer(1).WithKubeconfig(site.ServiceAccount()).WithArgs("--callback-key-secret=" + roleKeySecret)
	server.Start()
	for i := range definitions {
		define(t, site, fmt.Sprintf("idle%02d", i))
	}
	for i := range definitions {
		waitCondition(t, site, fmt.Sprintf("idle%02d", i), v1alpha1.ConditionReady, metav1.ConditionTrue)
	}
	asked := func() map[string]int {
		all := map[string]int{}
		for _, r := range site.Requests() {
			if r.Verb != "watch" && r.Resource != "leases" {
				all[r.Verb+" "+r.Resource]++
			}
		}
		return all
	}
	// What follows the start, such as the first prune of each definition, takes half a minute.
	var before map[string]int
	eventually(t, "the server has asked for nothing for ten seconds", func() bool {
		before = asked()
		<-time.After(10 * time.Second)
		return fmt.Sprint(asked()) == fmt.Sprint(before)
	})
	<-time.After(time.Minute)
	for request, n := range asked() {
		if n > before[request] {
			t.Errorf("%d times in a quiet minute: %s", n-before[request], request)
		}
	}
	t.Logf("%d idle NodeCronJobs: the server has used at most %d MiB", definitions, server.Usage().PeakRSS>>20)
}
