//go:build e2e

package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// The exported metrics are a cache like all memory: a killed server exports the same metrics
// when it leads again. Two executions are closed. The open one has a task in every state:
// ended with a result, ended without a result, running with a result, waiting for its pod,
// and skipped.
func TestMetricsAreTheSameAfterAKill(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 4, RunFor: untilEnded, Keys: map[string]any{"latestMetricsLabel": true}})
	nodes := site.AddNodes(2)
	reports, silent := nodes[0], nodes[1]
	server := site.NewServer(1).WithLease(rig.ShortLease())
	for n := range 2 {
		server.Start()
		endOne(t, site, reports, 20+n)
		endOne(t, site, silent, 0)
		ids := waitAllClosed(t, site, n+1)
		server.Kill()
		// An execution of the same second counts as the execution of the server's start.
		<-time.After(time.Until(ids[n].Time().Add(time.Second)))
	}
	runs, waits, cordoned := site.Namespace+"-runs", site.Namespace+"-waits", site.Namespace+"-cordoned"
	site.AddDeadNode(runs)
	site.AddDeadNode(waits)
	site.AddNodesNamed(cordoned)
	cordon(t, site, cordoned)
	server.Start()
	endOne(t, site, reports, 30)
	endOne(t, site, silent, 0)
	run(t, site, runs)
	post(t, site.Env(waitRunning(t, site, runs))[jobspec.EnvResultURL], resultBody(40))
	server.WaitMetrics(patience, "two tasks have ended", func(m rig.Metrics) bool {
		return m.Sum("batch_job_controller_tasks_in_flight") == 2
	})
	waitLive(t, site, runs, waits)

	compareAfterKill(t, server, "with an open execution")
	for _, node := range []string{runs, waits} {
		if err := site.Client.CoreV1().Nodes().Delete(t.Context(), node, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	checkReport(t, site.Report(waitAllClosed(t, site, 3)[2]), map[string]execution.Outcome{
		reports:  succeeded(),
		silent:   succeeded(),
		runs:     {State: execution.Lost, Reason: execution.NodeGone},
		waits:    {State: execution.Lost, Reason: execution.NodeGone},
		cordoned: {State: execution.Skipped, Reason: execution.NodeUnschedulable},
	})
	site.Configure(map[string]any{"runOnStartup": false})
	compareAfterKill(t, server, "with closed executions only")
}

// endOne posts a value for the pod of a node, unless the value is 0, and ends the pod.
func endOne(t *testing.T, site *rig.Site, node string, value int) {
	t.Helper()
	pod := waitRunning(t, site, node)
	if value != 0 {
		post(t, site.Env(pod)[jobspec.EnvResultURL], resultBody(value))
	}
	if err := site.EndPod(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	site.Audit.Until(patience, "the pod on "+node+" has ended", func(state *audit.State) bool { return audit.Ended(state.Pods[pod.UID]) })
}

func cordon(t *testing.T, site *rig.Site, name string) {
	t.Helper()
	node, err := site.Client.CoreV1().Nodes().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	node.Spec.Unschedulable = true
	if _, err := site.Client.CoreV1().Nodes().Update(t.Context(), node, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// run replaces the kubelet of a dead node: it sets the pod to running.
func run(t *testing.T, site *rig.Site, node string) {
	t.Helper()
	waitLive(t, site, node)
	var pod *corev1.Pod
	site.Audit.Read(func(state *audit.State) { pod = state.Live(node).DeepCopy() })
	now := metav1.Now()
	pod.Status.Phase, pod.Status.StartTime = corev1.PodRunning, &now
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: pod.Spec.Containers[0].Name, Ready: true,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
	}}
	if _, err := site.Client.CoreV1().Pods(site.Namespace).UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func waitLive(t *testing.T, site *rig.Site, nodes ...string) {
	t.Helper()
	site.Audit.Until(patience, fmt.Sprintf("pods are on %v", nodes), func(state *audit.State) bool {
		return !slices.ContainsFunc(nodes, func(node string) bool { return state.Live(node) == nil })
	})
}

// compareAfterKill kills the server, restarts it, and compares the metrics.
func compareAfterKill(t *testing.T, server *rig.Server, when string) {
	t.Helper()
	before := lasting(server.Metrics())
	server.Kill()
	server.Start()
	waitLeader(t, server)
	if len(before) < 20 {
		t.Errorf("%s: only %d series are compared: %v", when, len(before), before)
	}
	diff := ""
	t.Cleanup(func() {
		if diff != "" {
			t.Logf("%s, before (-) and after the kill (+):\n%s", when, diff)
		}
	})
	eventually(t, when+": the metrics after the kill are those before it", func() bool {
		after, err := server.Scrape()
		diff = cmp.Diff(before, lasting(after))
		return err == nil && diff == ""
	})
}

// lasting returns the series that outlast a process. It omits the metrics of the process and
// the machine, and counters and histograms, which restart at 0 with each process, as
// Prometheus expects.
func lasting(m rig.Metrics) []string {
	passing := []string{"go_", "process_", "promhttp_", "rest_client_", "workqueue_",
		// Metrics of client-go and component-base depend on the history of a process.
		"leader_election_slowpath_total", "registered_metrics_total", "hidden_metrics_total", "disabled_metrics_total",
		"batch_job_controller_report_store_free_bytes", "batch_job_controller_config_last_reload_success_timestamp_seconds"}
	var lines []string
	for _, series := range slices.Sorted(maps.Keys(m)) {
		name, _, _ := strings.Cut(series, "{")
		isOwn := strings.HasPrefix(name, "batch_job_controller_")
		counts := slices.ContainsFunc([]string{"_total", "_bucket", "_sum", "_count"}, func(suffix string) bool { return strings.HasSuffix(name, suffix) })
		if slices.ContainsFunc(passing, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) || (isOwn && counts) {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s %v", series, m[series]))
	}
	return lines
}
