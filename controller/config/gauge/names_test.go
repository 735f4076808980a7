package gauge_test

import (
	"fmt"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/gauge"
	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
)

func TestNamesThatAreTaken(t *testing.T) {
	tests := map[string]struct {
		prefix, name string
		want         []string // fields with a problem
	}{
		"a name of its own":                  {"disks", "free", nil},
		"no prefix, which is another error":  {"", "go_goroutines", nil},
		"the prefix of Go":                   {"go", "free", []string{"metrics.prefix"}},
		"the beginning of that of a library": {"rest_client", "requests", []string{"metrics.prefix"}},
		"the predecessor's prefix":           {"batch_job_controller", "disks", nil},
		"a metric of the controller":         {"batch_job_controller", "leader", []string{"metrics.gauges[leader]"}},
		"a metric of a library":              {"registered", "metrics_total", []string{"metrics.gauges[metrics_total]"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := problems(tt.prefix, map[string]gauge.Gauge{tt.name: {}}); !slices.Equal(got, tt.want) {
				t.Errorf("got problems of %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTooManyGauges(t *testing.T) {
	gauges := map[string]gauge.Gauge{}
	for i := range gauge.Max {
		gauges[fmt.Sprint("disk", i)] = gauge.Gauge{}
	}
	if got := problems("disks", gauges); len(got) > 0 {
		t.Errorf("as many as there may be: got problems of %q", got)
	}
	gauges["one more"] = gauge.Gauge{}
	if got := problems("disks", gauges); !slices.Equal(got, []string{"metrics.gauges"}) {
		t.Errorf("one more: got problems of %q", got)
	}
}

func problems(prefix string, gauges map[string]gauge.Gauge) (fields []string) {
	f := &schema.Findings{}
	gauge.Check(f, field.NewPath("metrics"), prefix, gauges)
	for _, p := range f.Problems {
		fields = append(fields, p.Field)
	}
	return fields
}
