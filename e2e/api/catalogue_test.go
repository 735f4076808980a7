//go:build e2e

package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
	"github.com/batch-job-controller/batch-job-controller/e2e/monitoring"
)

// A server in which every counted event has happened exports every metric of docs/metrics.md
// with its labels, and no other metrics of its own. The metrics of alerts and panels are
// among them.
func TestThePageIsWhatIsExported(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 2, RunFor: untilEnded, Keys: map[string]any{
		"startDeadline": startDeadline.String(),
		"maxPods":       5,
		"reports":       map[string]any{"tls": "selfSigned"},
	}})
	nodes := site.AddNodes(2)
	site.AddQuota(corev1.ResourceList{"count/jobs.batch": *resource.NewQuantity(1, resource.DecimalSI)})
	server := site.NewServer(1)
	server.Start()
	reports := eitherRuns(t, site, nodes)
	url := site.Env(waitRunning(t, site, reports))[jobspec.EnvResultURL]
	token := site.Env(waitRunning(t, site, reports))[jobspec.EnvToken]
	if status, _ := call(t, http.DefaultClient, http.MethodPost, strings.Replace(url, token, "nobodys", 1), "", resultBody(1)); status != http.StatusUnauthorized {
		t.Errorf("a callback without a good token: got %d", status)
	}
	define(t, site, "disk")
	waitCondition(t, site, "disk", v1alpha1.ConditionAccepted, metav1.ConditionTrue)
	ask(t, site, asItIs)
	server.WaitMetrics(patience, "the person's execution is rejected, because one is open", func(m rig.Metrics) bool {
		return m.Sum("batch_job_controller_executions_rejected_total") == 1
	})
	open := labelsByName(server.Metrics())
	endOne(t, site, reports, 21)
	waitClosed(t, site)
	server.WaitMetrics(patience, "an execution has closed", func(m rig.Metrics) bool {
		return m.Sum("batch_job_controller_executions_closed_total") == 1
	})
	exported := labelsByName(server.Metrics())
	maps.Copy(exported, open) // also what is exported of an open execution only

	entries, err := monitoring.ReadPage("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, e := range entries {
		e = onSite(e)
		listed[e.Name] = true
		if slices.Contains(monitoring.Pending(), e.Name) {
			continue
		}
		labels, ok := exported[e.Name]
		if !ok {
			labels, ok = exported[e.Name+"_count"] // a histogram
		}
		slices.Sort(e.Labels)
		switch {
		case !ok:
			t.Errorf("%s is listed, but not exported", e.Name)
		case !slices.Equal(e.Labels, []string{"..."}) && !slices.Equal(e.Labels, labels):
			t.Errorf("%s: labels %v are listed, %v exported", e.Name, e.Labels, labels)
		}
	}
	for name := range exported {
		histogram := name
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			histogram = strings.TrimSuffix(histogram, suffix)
		}
		if strings.HasPrefix(name, "batch_job_controller_") && !listed[name] && !listed[histogram] {
			t.Errorf("%s is exported, but not listed", name)
		}
	}

	expressions, err := monitoring.Expressions()
	if err != nil {
		t.Fatal(err)
	}
	for where, all := range expressions {
		for _, expr := range all {
			for _, name := range monitoring.Names(expr) {
				if _, ok := exported[name]; !ok && !slices.Contains(monitoring.Pending(), name) {
					t.Errorf("%s: %s is not exported", where, name)
				}
			}
		}
	}
}

// eitherRuns waits until a pod runs on one of the nodes, and returns that node.
func eitherRuns(t *testing.T, site *rig.Site, nodes []string) (node string) {
	t.Helper()
	site.Audit.Until(patience, "a pod runs on one of the nodes", func(state *audit.State) bool {
		i := slices.IndexFunc(nodes, func(n string) bool { return state.Running(n) != nil })
		if i >= 0 {
			node = nodes[i]
		}
		return i >= 0
	})
	return node
}

// labelsByName returns the names of the labels of each metric, without le.
func labelsByName(m rig.Metrics) map[string][]string {
	all := map[string][]string{}
	for series := range m {
		name, rest, _ := strings.Cut(series, "{")
		labels := []string{}
		for rest = strings.TrimSuffix(rest, "}"); rest != ""; {
			label, value, _ := strings.Cut(rest, `="`)
			if label = strings.TrimPrefix(label, ","); label != "le" {
				labels = append(labels, label)
			}
			_, rest, _ = strings.Cut(value, `"`) // no value has a quote
		}
		slices.Sort(labels)
		all[name] = labels
	}
	return all
}

// onSite replaces the placeholders of the page by the prefix, the gauge and the label of a
// site.
func onSite(e monitoring.Entry) monitoring.Entry {
	fill := strings.NewReplacer("<prefix>", "site", "<gauge>", "temperature", "<labels>", "sensor")
	e.Name, e.Labels = fill.Replace(e.Name), slices.Clone(e.Labels)
	for i := range e.Labels {
		e.Labels[i] = fill.Replace(e.Labels[i])
	}
	return e
}

func TestLabelsByName(t *testing.T) {
	got := labelsByName(rig.Metrics{"a": 1, `b_bucket{kind="x",le="+Inf"}`: 2, `c{z="1, 2",node="{}"}`: 3})
	if diff := cmp.Diff(map[string][]string{"a": {}, "b_bucket": {"kind"}, "c": {"node", "z"}}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
