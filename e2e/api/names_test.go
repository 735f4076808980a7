//go:build e2e

package api

import (
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

func TestNodesWhoseNamesAreLongOrBeginAlike(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("x", 62)
	longest := strings.Join([]string{label, label, label, label}, ".")
	longest += strings.Repeat("y", 253-len(longest)-1)
	nodes := []string{
		longest + "a",
		longest + "b",
		"worker",
		"worker.a.example",
		"worker.b.example",
		"worker-a.example",
		label + "-1.example",
		label + "-2.example",
	}
	site := rig.NewSite(t, shared, rig.Config{Pool: 3, RunFor: time.Second})
	site.AddNodesNamed(nodes...)
	site.NewServer(1).Start()

	report := waitClosed(t, site)
	checkOnce(t, site, nodes)
	checkReport(t, report, all(nodes, succeeded()))
	site.Audit.Read(func(state *audit.State) {
		for _, pod := range state.Pods {
			if want := pod.Annotations["batch-job-controller.io/node-name"]; pod.Spec.NodeName != want {
				t.Errorf("the pod for node %s ran on %s", want, pod.Spec.NodeName)
			}
		}
	})
}
