package controller

import (
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// The ConfigMap need not have a definition, and gets and loses one without a restart.
func TestAConfigMapWithoutADefinition(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		bare := without()
		r := startReplica(t, c, newMemoryStore(), bare)
		defer r.kill()
		c.define("disk")
		time.Sleep(time.Second)
		c.ask("by-hand") // of the definition that there is not
		time.Sleep(61 * time.Minute)
		if got := c.executionsOf("disk"); got["disk-20000101010000"] != v1alpha1.Closed {
			t.Errorf("executions of the NodeCronJob: got %v", got)
		}
		if got := rejectedAs(c.asked("by-hand")); got != v1alpha1.ReasonNodeCronJobNotFound {
			t.Errorf("the execution of the ConfigMap's definition: rejected as %q", got)
		}
		with := testConfig(everyTenMinutes, func(c *config.Config) { c.RunOnStartup = true })
		r.Reconfigure(with)
		time.Sleep(14 * time.Minute)
		if got := c.executionsByTick(); len(got) != 1 || got["01:10"] != execution.Closed {
			t.Errorf("executions of the new definition: got %v, want that of its first tick", got)
		}
		r.Reconfigure(bare)
		time.Sleep(time.Hour)
		if got := c.executionsByTick(); len(got) != 0 {
			t.Errorf("executions after it was removed: got %v, want that they went with it", got)
		}
	})
}
