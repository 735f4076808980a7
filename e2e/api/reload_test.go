//go:build e2e

package api

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// The ConfigMap changes while an execution is open. That execution keeps its settings; the next
// one has those of the ConfigMap. All replicas reject an invalid change, and only the leader
// writes an event about it. The server has the permissions of the manifests.
func TestAChangedConfigMapApplies(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 1, RunFor: untilEnded})
	nodes := site.AddNodes(3)
	account := site.ServiceAccount()
	leader, standby := site.NewServer(1), site.NewServer(2)
	for _, server := range []*rig.Server{leader, standby} {
		server.WithKubeconfig(account).WithArgs("--callback-key-secret=batch-job-controller-callback-key")
	}
	leader.Start()
	waitReload(t, leader, 1, 0)
	first := waitAllRunning(t, site, 1)[0]
	standby.Start()
	waitReload(t, standby, 1, 0)

	site.Configure(map[string]any{
		"podPoolSize": 3, "cronExpression": "* * * * *",
		"metrics":  map[string]any{"prefix": "site", "gauges": map[string]any{"humidity": map[string]any{"labels": []string{"sensor"}}}},
		"callback": map[string]any{"limits": map[string]any{"fileSize": "1Mi"}},
	})
	waitEvent(t, site, corev1.EventTypeNormal, "ConfigReloaded", "cronExpression at once; podPoolSize, metrics.gauges from the next execution on")
	waitEvent(t, site, corev1.EventTypeWarning, "ConfigNeedsRestart", "callback.limits.fileSize: stays the default until a restart makes it 1048576")
	for _, server := range []*rig.Server{leader, standby} {
		waitReload(t, server, 1, 1)
	}

	// The open execution still has its pool and its gauges.
	const humidity = `{"humidity":[{"value":1,"labels":{"sensor":"a"}}]}`
	refused(t, site.Env(first)[jobspec.EnvResultURL], humidity)
	for range nodes {
		endOne(t, site, waitAllRunning(t, site, 1)[0].Spec.NodeName, 20)
	}
	opened := waitOldestClosed(t, site, 1)[0]
	checkReport(t, site.Report(opened), all(nodes, succeeded()))
	site.Audit.Read(func(state *audit.State) {
		if state.MostLive != 1 {
			t.Errorf("%d pods were live at one time in the execution that began with a podPoolSize of 1", state.MostLive)
		}
	})

	// The next execution has those of the ConfigMap, and begins by its schedule.
	for _, pod := range waitAllRunning(t, site, 3) {
		refused(t, site.Env(pod)[jobspec.EnvResultURL], resultBody(20))
		post(t, site.Env(pod)[jobspec.EnvResultURL], humidity)
	}
	leader.WaitMetrics(patience, "both executions are exported, each with its gauge", func(m rig.Metrics) bool {
		return len(m.Of("site_temperature", fmt.Sprintf("executionID=%q", opened))) == 3 && len(m.Of("site_humidity")) == 3
	})

	const problem = "podPoolSize: Invalid value: 0: must be a whole number from 1 to 1000"
	site.Configure(map[string]any{"podPoolSize": 0})
	waitEvent(t, site, corev1.EventTypeWarning, "ConfigInvalid", problem)
	for _, server := range []*rig.Server{leader, standby} {
		waitReload(t, server, 0, 1)
		if !bytes.Contains(server.Log(), []byte(problem)) {
			t.Errorf("a log has no %q", problem)
		}
	}
	site.Audit.Read(func(state *audit.State) {
		if events := state.EventsOf("ConfigInvalid"); len(events) != 1 || events[0].Series != nil {
			t.Errorf("%d events ConfigInvalid, want one, written once", len(events))
		}
	})
	site.Configure(map[string]any{"podPoolSize": 2, "callback": nil, "cronExpression": "0 0 29 2 *"})
	waitEvent(t, site, corev1.EventTypeNormal, "ConfigReloaded", "cronExpression at once; podPoolSize from the next execution on")
	for _, server := range []*rig.Server{leader, standby} {
		waitReload(t, server, 1, 0)
		for series := range server.Metrics().Of("rest_client_requests_total", `code="403"`) {
			t.Errorf("the API server refused requests: %s", series)
		}
	}
}

// waitAllRunning waits until n pods run, and returns them.
func waitAllRunning(t *testing.T, site *rig.Site, n int) (pods []*corev1.Pod) {
	t.Helper()
	site.Audit.Until(patience, fmt.Sprintf("%d pods run", n), func(state *audit.State) bool {
		pods = state.AllRunning()
		return len(pods) == n
	})
	return pods
}

// waitEvent waits for an event about the ConfigMap.
func waitEvent(t *testing.T, site *rig.Site, kind, reason, says string) {
	t.Helper()
	site.Audit.Until(patience, fmt.Sprintf("an event %s says %q", reason, says), func(state *audit.State) bool {
		return slices.ContainsFunc(state.EventsOf(reason), func(e *corev1.Event) bool {
			return e.Type == kind && e.InvolvedObject.Kind == "ConfigMap" && strings.Contains(e.Message, says)
		})
	})
}

// waitReload waits until a server exports these values about its configuration.
func waitReload(t *testing.T, server *rig.Server, successful, needsRestart float64) {
	t.Helper()
	server.WaitMetrics(patience, fmt.Sprintf("the configuration is loaded: %v, needs a restart: %v", successful, needsRestart), func(m rig.Metrics) bool {
		return m.Sum("batch_job_controller_config_last_reload_successful") == successful &&
			m.Sum("batch_job_controller_config_needs_restart") == needsRestart &&
			m.Sum("batch_job_controller_config_last_reload_success_timestamp_seconds") > 0
	})
}
