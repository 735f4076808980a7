package controller

import (
	"strings"
	"testing"
	"time"
)

// What the next leader exports must not be contradicted by the last one, or an
// alert would go on about nodes that are well by now.
func TestAReplicaThatStandsDownForgetsTheLastExecution(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const lastExecution = "batch_job_controller_last_execution_nodes"
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: 5 * time.Second, exitCode: 1})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		time.Sleep(time.Minute)
		r.kill()
		if n := r.metric(lastExecution, "outcome=failed"); n != 1 {
			t.Errorf("while nobody else leads: %v nodes failed, want 1", n)
		}
		r.ObserveHolder("other_1@10.0.0.2")
		if text := r.lastingMetrics(); strings.Contains(text, lastExecution) {
			t.Errorf("once another replica leads: got\n%s", text)
		}
	})
}
