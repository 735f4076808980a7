package controller

import (
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// A replica with another configuration continues an execution with the settings that it
// began with, and begins the next one with its own.
func TestExecutionGoesOnWithItsOwnSettings(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		nodes := []string{"a", "b", "c", "d"}
		c := newCluster(t, nodes...)
		for _, node := range nodes {
			c.behave(node, behaviour{runFor: 10 * time.Second})
		}
		c.behave("d", behaviour{hangs: true})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig(func(c *config.Config) { c.JobTimeout = 2 * time.Minute }))
		time.Sleep(5 * time.Second)
		r.kill()
		changed := func(c *config.Config) {
			c.Hash, c.PodPoolSize, c.JobTimeout, c.JobNodeSelector = "beef", 4, time.Hour, map[string]string{"pool": "other"}
			c.CronExpression = "*/10 * * * *"
		}
		r = startReplica(t, c, store, testConfig(changed)) // F-06
		defer r.kill()
		time.Sleep(5 * time.Minute)
		c.wantOutcomes(map[string]execution.Outcome{"a": succeeded, "b": succeeded, "c": succeeded, "d": failedWith(execution.JobTimeout)})
		if c.podsAtOnce() > 2 {
			t.Errorf("pods at once: got %d, want at most the 2 of the old configuration", c.podsAtOnce())
		}
		time.Sleep(10 * time.Minute)
		all := c.records()
		if len(all) != 2 || len(all[1].Plan.Nodes) != 0 || all[1].Plan.ConfigHash != "beef" || all[0].Plan.ConfigHash != "cafe" {
			t.Errorf("executions: got %d, want a second one, with no nodes and another hash", len(all))
		}
	})
}
