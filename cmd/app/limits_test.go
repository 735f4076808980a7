package app

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
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
