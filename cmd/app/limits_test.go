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

func TestEveryLimitGetsWhereItBelongs(t *testing.T) {
	own := metrics.New(prometheus.NewRegistry())
	set := func(l config.Limits) string {
		a := &app{log: slog.New(slog.DiscardHandler)}
		a.config.Callback.Limits = l
		callbacks, reports := a.callbackServer(own), a.reportServer(own)
		return fmt.Sprintf("%+v", []any{
			callbackLimits(l), resultLimits(l), storeOptions(l),
			callbacks.MaxConnections, callbacks.HeaderDeadline, reports.MaxConnections,
		})
	}
	without := set(config.Limits{})
	for i := range reflect.TypeFor[config.Limits]().NumField() {
		field := reflect.TypeFor[config.Limits]().Field(i)
		if slices.Contains(quotas, field.Name) {
			continue
		}
		var l config.Limits
		reflect.ValueOf(&l).Elem().Field(i).SetInt(int64(123 * time.Second))
		if set(l) == without {
			t.Errorf("%s changes nothing", field.Name)
		}
	}
}

// The configuration documents the defaults of limits; each is applied where its limit
// is enforced.
func TestDefaultsOfLimitsAreTheDocumentedOnes(t *testing.T) {
	l := documentedLimits(t)
	applied := []any{
		callback.Limits{}.WithDefaults(), metrics.Limits{}.WithDefaults(), report.Options{}.WithDefaults(), plan.BudgetLimits{}.WithDefaults(),
		httpserver.DefaultMaxConnections, httpserver.DefaultHeaderDeadline, someConnections,
	}
	documented := []any{
		callbackLimits(l).WithDefaults(), resultLimits(l), storeOptions(l), plan.BudgetLimits{
			Files: l.FilesPerTask, Bytes: l.BytesPerTask, Results: l.ResultsPerTask, Events: l.EventsPerTask,
			EventBurst: l.EventBurst, EventInterval: l.EventInterval, EventsPerSecond: l.EventsPerSecond, ExecutionBytes: l.BytesPerExecution,
		},
		l.Connections, l.HeaderDeadline, l.ReportConnections,
	}
	if diff := cmp.Diff(documented, applied); diff != "" {
		t.Errorf("-documented +applied:\n%s", diff)
	}
}

// documentedLimits returns the limits of a configuration that sets each of them to the
// default in the schema.
func documentedLimits(t *testing.T) config.Limits {
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
	limits := reflect.ValueOf(cfg.Callback.Limits)
	for i := range limits.NumField() {
		if limits.Field(i).IsZero() {
			t.Errorf("%s has no default in the schema", limits.Type().Field(i).Name)
		}
	}
	return cfg.Callback.Limits
}
