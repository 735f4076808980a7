//go:build e2e

package api

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// The standby has its own, empty report directory: it serves the leader's reports, and forwards
// callbacks to the leader.
func TestAStandbyServesWhatTheLeaderHas(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 2, RunFor: untilEnded})
	nodes := site.AddNodes(2)
	leader, standby := site.NewServer(1), site.NewServer(2).WithEnv("REPORT_DIRECTORY="+t.TempDir())
	leader.Start()
	leader.WaitMetrics(patience, "it leads", func(m rig.Metrics) bool { return m.Sum("batch_job_controller_leader") == 1 })
	standby.Start()
	standby.WaitReady(patience)
	for i, node := range nodes {
		url := site.Env(waitRunning(t, site, node))[jobspec.EnvResultURL]
		through := strings.Replace(url, leader.Host, standby.Host, 1)
		if through == url {
			t.Fatalf("%s does not have the host of the leader, %s", url, leader.Host)
		}
		post(t, through, fmt.Sprintf(`{"temperature":[{"value":%d}]}`, i))
	}
	if n := standby.Metrics().Sum("batch_job_controller_callbacks_forwarded_total", `outcome="answered"`); n != float64(len(nodes)) {
		t.Errorf("the standby forwarded %v callbacks, want %d", n, len(nodes))
	}
	endPods(t, site, atOnce)
	report := waitClosed(t, site)
	checkReport(t, report, all(nodes, succeeded()))
	for _, path := range []string{"/", "/latest/", "/latest/" + nodes[0] + ".json", "/" + string(report.ID) + "/execution.json", "/latest/nothing"} {
		want, got := page(t, leader.ReportURL(path)), page(t, standby.ReportURL(path))
		if got != want {
			t.Errorf("%s: the standby has\n%s\nand the leader\n%s", path, got, want)
		}
	}
}

// page returns the status and the body, which must not be empty.
func page(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || len(body) == 0 {
		t.Fatalf("GET %s: %d bytes, %v", url, len(body), err)
	}
	return response.Status + "\n" + string(body)
}
