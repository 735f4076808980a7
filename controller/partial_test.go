package controller

import (
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// An execution over some nodes only looks nowhere as if the other nodes were missing.
func TestAPartialExecutionIsNotTheLastOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		for _, node := range []string{"a", "b"} {
			c.behave(node, behaviour{runFor: 5 * time.Second})
		}
		store := newMemoryStore()
		cfg := testConfig(func(c *config.Config) { c.Result, c.LatestMetricsLabel = config.ResultOptional, true })
		r := startReplica(t, c, store, cfg)
		time.Sleep(time.Minute)
		r.kill()
		cfg.RunOnStartup = false
		whole := c.records()[0].Plan

		c.behave("b", behaviour{runFor: 5 * time.Second, exitCode: 1})
		r = startReplica(t, c, store, cfg)
		c.ask("again", onNodes(named("b")), func(e *v1alpha1.Execution) { e.Spec.Reason, e.Spec.RequestedBy = "disk replaced", "ada" })
		time.Sleep(time.Minute)
		partial := c.records()[1].Plan
		check := func(r *replica, when string) {
			t.Helper()
			got := r.lastingMetrics()
			for _, want := range []string{
				"foo_pods 2\n",
				`foo_processing{executionID="` + string(partial.ID) + `",node="b"} 1`,
				`foo_processing{executionID="latest",node="b"} 1`,
				`batch_job_controller_last_execution_nodes{nodecronjob="check",outcome="succeeded"} 2`,
				`batch_job_controller_last_execution_nodes{nodecronjob="check",outcome="failed"} 0`,
			} {
				if !strings.Contains(got, want) {
					t.Errorf("%s: no %s in\n%s", when, want, got)
				}
			}
			for _, name := range []string{"foo_current_execution_id", "batch_job_controller_last_execution_id"} {
				if got := r.metric(name); got != whole.ID.Number() {
					t.Errorf("%s: %s is %.0f, want %s", when, name, got, whole.ID)
				}
			}
			if got := r.metric("batch_job_controller_last_execution_timestamp_seconds", "result=failed"); got != 0 {
				t.Errorf("%s: an execution has failed at %v", when, got)
			}
		}
		check(r, "after it has closed")
		if got := r.metric("batch_job_controller_executions_closed_total", "result=failed"); got != 1 {
			t.Errorf("%v executions have closed and failed, want 1", got)
		}
		r, _ = restart(r, c, store, cfg)
		defer r.kill()
		check(r, "after a restart")

		if about := store.abouts[whole.ID]; !about.Latest || about.Partial || about.NodeCronJob != testName {
			t.Errorf("the whole one is %+v", about)
		}
		if about := store.abouts[partial.ID]; about.Latest || !about.Partial || about.NodeCronJob != testName || about.Reason != "disk replaced" || about.RequestedBy != "ada" {
			t.Errorf("the partial one is %+v", about)
		}
		report := store.reports[partial.ID]
		if !report.Partial || report.NodeCronJob != testName || report.Reason != "disk replaced" || report.RequestedBy != "ada" || report.Execution.UID == "" {
			t.Errorf("its report is %+v", report)
		}
	})
}
