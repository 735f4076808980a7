package controller

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

type runtimeObject = runtime.Object

const podTemplate = `apiVersion: v1
kind: Pod
spec:
  containers:
  - name: main
    image: check:1
`

func testConfig(mutate ...func(*config.Config)) config.Config {
	cfg := config.Config{
		Name:                testName,
		CronExpression:      "0 0 1 1 *",
		TimeZone:            "UTC",
		ReportHistory:       30,
		JobHistory:          3,
		PodPoolSize:         2,
		RunOnStartup:        true,
		StartupDelay:        time.Second,
		StartDeadline:       10 * time.Minute,
		JobTimeout:          time.Hour,
		CallbackServiceName: testName,
		CallbackServicePort: 8090,
		PodTemplate:         podTemplate,
		Hash:                "cafe",
	}
	for _, f := range mutate {
		f(&cfg)
	}
	return cfg
}

// replica is one controller process.
type replica struct {
	t *testing.T
	*Controller
	registry *prometheus.Registry
	stop     context.CancelFunc
	done     chan struct{}
}

// startReplica runs a controller as its leader.
func startReplica(t *testing.T, c *cluster, store Store, cfg config.Config) *replica {
	t.Helper()
	registry := prometheus.NewRegistry()
	results := metrics.NewResults(metrics.ResultOptions{
		Prefix: "foo", Gauges: []metrics.Gauge{{Name: "test", Help: "A test.", Labels: []string{"label"}}}, Latest: cfg.LatestMetricsLabel,
	})
	registry.MustRegister(results)
	controller, err := New(Options{
		Config:    cfg,
		Namespace: testNamespace,
		Instance:  "replica",
		Client:    c.client,
		Store:     store,
		Results:   results,
		Metrics:   metrics.New(registry),
		Clock:     clock.RealClock{},
		Log:       slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	r := &replica{t: t, Controller: controller, registry: registry, stop: stop, done: make(chan struct{})}
	controller.Watch(ctx)
	go func() {
		defer close(r.done)
		if err := controller.Run(ctx, func() error { return nil }); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	return r
}

// kill ends the replica, and with it its memory.
func (r *replica) kill() {
	r.stop()
	<-r.done
}

// inBubble runs a test in virtual time.
func inBubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// records returns all execution records, the oldest first.
func (c *cluster) records() []record {
	c.t.Helper()
	all, err := records{client: c.client.CoreV1().ConfigMaps(testNamespace), controller: testName}.list(c.ctx)
	must(c.t, err)
	return all
}

// outcomes returns how each node's task of a record ended.
func outcomes(r record) map[string]execution.Outcome {
	all := map[string]execution.Outcome{}
	for outcome, indexes := range r.account.Outcomes {
		for i := range indexes.All() {
			all[r.plan.Nodes[i].Name] = outcome
		}
	}
	return all
}

// eventReasons returns the reasons of all events.
func (c *cluster) eventReasons() string {
	c.t.Helper()
	list, err := c.client.CoreV1().Events(testNamespace).List(c.ctx, metav1.ListOptions{})
	must(c.t, err)
	var reasons []string
	for _, e := range list.Items {
		reasons = append(reasons, e.Type+"/"+e.Reason)
	}
	return strings.Join(reasons, " ")
}

// metric returns the value of a metric, summed over its series that have the
// labels.
func (r *replica) metric(name string, labels ...string) float64 {
	r.t.Helper()
	families, err := r.registry.Gather()
	must(r.t, err)
	sum := 0.0
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			have := ""
			for _, l := range m.GetLabel() {
				have += l.GetName() + "=" + l.GetValue() + ","
			}
			matches := true
			for _, want := range labels {
				matches = matches && strings.Contains(have, want+",")
			}
			if matches {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

var (
	succeeded = execution.Outcome{State: execution.Succeeded}
	cordoned  = func(n *corev1.Node) { n.Spec.Unschedulable = true }
)

func failedWith(reason execution.Reason) execution.Outcome {
	return execution.Outcome{State: execution.Failed, Reason: reason}
}

func lostBy(reason execution.Reason) execution.Outcome {
	return execution.Outcome{State: execution.Lost, Reason: reason}
}

func contains(s, part string) bool { return strings.Contains(s, part) }

func jobName(at time.Time, node string) string {
	return jobspec.JobName(testName, execution.Key{Execution: execution.NewID(at), Node: node})
}

func (c *cluster) jobsOfNode(node string) []batchv1.Job {
	c.t.Helper()
	list, err := c.client.BatchV1().Jobs(testNamespace).List(c.ctx, metav1.ListOptions{})
	must(c.t, err)
	return slices.DeleteFunc(list.Items, func(j batchv1.Job) bool { return j.Annotations[jobspec.NodeAnnotation] != node })
}

// jobsByExecution counts the Jobs that the records which still exist own.
func (r *replica) jobsByExecution(c *cluster) map[string]int {
	c.t.Helper()
	list, err := c.client.BatchV1().Jobs(testNamespace).List(c.ctx, metav1.ListOptions{})
	must(c.t, err)
	kept := map[string]bool{}
	for _, rec := range c.records() {
		kept[rec.object.Name] = true
	}
	count := map[string]int{}
	for _, job := range list.Items {
		if owner := job.OwnerReferences[0].Name; kept[owner] { // the fake collects no garbage
			count[owner]++
		}
	}
	return count
}

func (c *cluster) failingFor(node string, err error) clienttesting.ReactionFunc {
	return func(action clienttesting.Action) (bool, runtimeObject, error) {
		job := action.(clienttesting.CreateAction).GetObject().(*batchv1.Job)
		if job.Annotations[jobspec.NodeAnnotation] == node {
			return true, nil, err
		}
		return false, nil, nil
	}
}
