//go:build e2e

package api

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// The simulated pods run nothing: the test sends their callbacks to the URLs in their
// environment.
func TestWhatPodsReportIsExportedAndSurvivesAKill(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 4, RunFor: untilEnded})
	nodes := site.AddNodes(4)
	server := site.NewServer(1)
	server.Start()
	var id string
	for i, node := range nodes {
		pod := waitRunning(t, site, node)
		id = pod.Labels[jobspec.ExecutionLabel]
		env := site.Env(pod)
		post(t, env[jobspec.EnvResultURL], fmt.Sprintf(`{"temperature":[{"value":%d,"labels":{"sensor":"cpu"}}]}`, 20+i))
		post(t, env[jobspec.EnvFileURL]+"?name=notes.txt", "it is warm")
		post(t, env[jobspec.EnvEventURL], `{"warning":true,"reason":"Warm","message":"it is %s degrees","args":["warm"]}`)
	}
	exported := func() bool {
		metrics := server.Metrics()
		for i, node := range nodes {
			labels := []string{`sensor="cpu"`, fmt.Sprintf("node=%q", node), fmt.Sprintf("executionID=%q", id)}
			if got := metrics.Of("site_temperature", labels...); len(got) != 1 || metrics.Sum("site_temperature", labels...) != float64(20+i) {
				t.Errorf("node %s exports %v, want one temperature of %d", node, got, 20+i)
				return false
			}
		}
		return true
	}
	if !exported() {
		t.FailNow()
	}
	server.Kill()
	server.Start()
	endPods(t, site, atOnce)

	report := waitClosed(t, site)
	checkReport(t, report, all(nodes, succeeded()))
	for _, task := range report.Tasks {
		if !task.Reported {
			t.Errorf("the report says that node %s has not reported", task.Node)
		}
	}
	exported()
	checkFiles(t, site, report.ID, nodes)
	site.Audit.Until(patience, "each pod has its event", func(state *audit.State) bool {
		return len(state.EventsOf("Warm")) == len(nodes)
	})
	checkEvents(t, site)
}

func post(t *testing.T, url, body string) {
	t.Helper()
	response, err := http.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("POST %s: %s", url, response.Status)
	}
}

func checkFiles(t *testing.T, site *rig.Site, id execution.ID, nodes []string) {
	t.Helper()
	for _, node := range nodes {
		got, err := os.ReadFile(filepath.Join(site.ReportDir, string(id), node+"-notes.txt"))
		if err != nil || string(got) != "it is warm" {
			t.Errorf("the file of node %s: %q, %v", node, got, err)
		}
	}
}

func checkEvents(t *testing.T, site *rig.Site) {
	t.Helper()
	site.Audit.Read(func(state *audit.State) {
		for _, event := range state.EventsOf("Warm") {
			if event.InvolvedObject.Kind != "Pod" || event.Type != corev1.EventTypeWarning || event.Message != "it is warm degrees" {
				t.Errorf("event %s: %s %s about a %s", event.Name, event.Type, event.Message, event.InvolvedObject.Kind)
			}
		}
	})
}

// refused posts a result that must be rejected.
func refused(t *testing.T, url, body string) {
	t.Helper()
	response, err := http.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode < http.StatusBadRequest || response.StatusCode >= http.StatusInternalServerError {
		t.Errorf("POST %s: %s, want a rejection", url, response.Status)
	}
}
