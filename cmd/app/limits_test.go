package app

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/callback"
	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// quotas are the limits that the controller takes from the configuration
// itself.
var quotas = []string{
	"FilesPerTask", "BytesPerTask", "ResultsPerTask", "EventsPerTask", "EventBurst", "EventInterval", "EventsPerSecond", "BytesPerExecution",
}

// limitsOf returns the limits of a configuration: those of the server, and those of its
// executions.
func limitsOf(cfg *config.Config) []reflect.Value {
	return []reflect.Value{reflect.ValueOf(&cfg.Callback.Limits).Elem(), reflect.ValueOf(&cfg.Intake).Elem()}
}

func TestEveryLimitGetsWhereItBelongs(t *testing.T) {
	own := metrics.New(prometheus.NewRegistry())
	set := func(cfg config.Config) string {
		a := &app{log: slog.New(slog.DiscardHandler), config: cfg}
		callbacks, reports := a.callbackServer(own), a.reportServer(own)
		return fmt.Sprintf("%+v", []any{
			callbackLimits(cfg.Callback.Limits), resultLimits(cfg), storeOptions(cfg.Callback.Limits),
			callbacks.MaxConnections, callbacks.HeaderDeadline, reports.MaxConnections,
		})
	}
	without := set(config.Config{})
	for group, limits := range limitsOf(&config.Config{}) {
		for i := range limits.NumField() {
			name := limits.Type().Field(i).Name
			if slices.Contains(quotas, name) {
				continue
			}
			var cfg config.Config
			limitsOf(&cfg)[group].Field(i).SetInt(int64(123 * time.Second))
			if set(cfg) == without {
				t.Errorf("%s changes nothing", name)
			}
		}
	}
}

// The configuration documents the defaults of limits; each is applied where its limit
// is enforced.
func TestDefaultsOfLimitsAreTheDocumentedOnes(t *testing.T) {
	cfg := documentedLimits(t)
	l, in := cfg.Callback.Limits, cfg.Intake
	applied := []any{
		callback.Limits{}.WithDefaults(), metrics.Limits{}.WithDefaults(), report.Options{}.WithDefaults(), plan.BudgetLimits{}.WithDefaults(),
		httpserver.DefaultMaxConnections, httpserver.DefaultHeaderDeadline, someConnections,
	}
	documented := []any{
		callbackLimits(l).WithDefaults(), resultLimits(cfg), storeOptions(l), plan.BudgetLimits{
			Files: in.FilesPerTask, Bytes: in.BytesPerTask, Results: in.ResultsPerTask, Events: in.EventsPerTask,
			EventBurst: in.EventBurst, EventInterval: in.EventInterval, EventsPerSecond: l.EventsPerSecond, ExecutionBytes: in.BytesPerExecution,
		},
		l.Connections, l.HeaderDeadline, l.ReportConnections,
	}
	if diff := cmp.Diff(documented, applied); diff != "" {
		t.Errorf("-documented +applied:\n%s", diff)
	}
}

// documentedLimits returns a configuration that sets each limit to the default in the
// schema.
func documentedLimits(t *testing.T) config.Config {
	t.Helper()
	text, err := os.ReadFile("../../docs/config.schema.json")
	testkit.Must(t, err)
	type object struct {
		Default    any
		Properties map[string]object
	}
	var schema object
	testkit.Must(t, json.Unmarshal(text, &schema))
	defaults := map[string]any{}
	for key, limit := range schema.Properties["callback"].Properties["limits"].Properties {
		defaults[key] = limit.Default
	}
	document, err := json.Marshal(map[string]any{
		"name": "check", "cronExpression": "@daily", "callbackServiceName": "check", "metrics": map[string]any{"prefix": "check"},
		"callback": map[string]any{"limits": defaults},
	})
	testkit.Must(t, err)
	cfg, _, err := config.Decode(map[string]string{
		config.ConfigKey:      string(document),
		config.PodTemplateKey: "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: main, image: test}]}",
	}, config.Env{Namespace: "test"}, time.Now())
	testkit.Must(t, err)
	for _, limits := range limitsOf(&cfg) {
		for i := range limits.NumField() {
			if limits.Field(i).IsZero() {
				t.Errorf("%s has no default in the schema", limits.Type().Field(i).Name)
			}
		}
	}
	return cfg
}
