package app

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/util/workqueue"

	"github.com/batch-job-controller/batch-job-controller/controller/config/gauge"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

// broken is a collector that fails.
type broken struct{ desc *prometheus.Desc }

func (b broken) Describe(ch chan<- *prometheus.Desc) { ch <- b.desc }

func (b broken) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.NewInvalidMetric(b.desc, errors.New("it cannot be read"))
}

func TestAMetricThatFailsTakesNoOtherWithIt(t *testing.T) {
	var log strings.Builder
	a := &app{registry: prometheus.NewRegistry(), log: slog.New(slog.NewTextHandler(&log, nil))}
	a.registry.MustRegister(broken{prometheus.NewDesc("foo_broken", "Broken.", nil, nil)})
	// The same name as another gatherer's, with another help.
	twice := prometheus.NewGauge(prometheus.GaugeOpts{Name: "go_goroutines", Help: "Reported by a job."})
	whole := prometheus.NewGauge(prometheus.GaugeOpts{Name: "foo_whole", Help: "Whole."})
	a.registry.MustRegister(twice, whole)
	var text string
	for range 2 { // the second response has the errors that the first has counted
		w := httptest.NewRecorder()
		a.metrics().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
		if text = w.Body.String(); w.Code != http.StatusOK {
			t.Fatalf("got %d %.300s", w.Code, text)
		}
	}
	for _, want := range []string{"foo_whole 0", "go_threads ", `promhttp_metric_handler_errors_total{cause="gathering"} 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the metrics", want)
		}
	}
	if !strings.Contains(log.String(), "it cannot be read") {
		t.Errorf("the log does not say what failed: %s", log.String())
	}
}

// Every name in /metrics is reserved before the first result sets a gauge.
func TestTheNamesOfAllOtherMetricsAreTaken(t *testing.T) {
	a := &app{registry: prometheus.NewRegistry(), log: slog.New(slog.DiscardHandler)}
	own := metrics.New(a.registry).Of("check")
	own.JobCreateFailed("none")
	a.registry.MustRegister(metrics.NewResults(metrics.ResultOptions{Prefix: "foo"}))
	queue := workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[string]{Name: "test"})
	defer queue.ShutDown()
	queue.Add("x")
	a.metrics()
	families, err := a.gatherers().Gather()
	if err != nil {
		t.Fatal(err)
	}
	if len(families) < 50 {
		t.Errorf("%d metrics, want more", len(families))
	}
	for _, family := range families {
		if name := family.GetName(); !gauge.IsForeign(name) {
			t.Errorf("a gauge may have the name %s", name)
		}
	}
}
