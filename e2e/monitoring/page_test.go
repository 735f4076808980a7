package monitoring

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

const page = "../../docs/metrics.md"

// recorder is a registerer that records the registered metrics, including vectors that
// have no series yet.
type recorder struct {
	prometheus.Registerer
	descs []string
}

func (r *recorder) MustRegister(collectors ...prometheus.Collector) {
	for _, c := range collectors {
		ch := make(chan *prometheus.Desc)
		go func() {
			defer close(ch)
			c.Describe(ch)
		}()
		for desc := range ch {
			r.descs = append(r.descs, desc.String())
		}
	}
}

var described = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)

// The page has the controller's own metrics, each with its labels, and no other.
func TestThePageListsTheControllersOwnMetrics(t *testing.T) {
	var registered recorder
	metrics.New(&registered)
	metrics.WatchStore(&registered, nil)
	var want []string
	for _, desc := range registered.descs {
		match := described.FindStringSubmatch(desc)
		if match == nil {
			t.Fatalf("cannot be parsed: %s", desc)
		}
		if slices.Contains(Pending(), match[1]) {
			t.Errorf("%s is registered: remove it from Pending", match[1])
		}
		want = append(want, match[1]+"{"+match[2]+"}")
	}

	entries, err := ReadPage(page)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name, "batch_job_controller_") && !slices.Contains(Pending(), e.Name) {
			got = append(got, e.Name+"{"+strings.Join(e.Labels, ",")+"}")
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("registered metrics (-) and metrics of %s (+):\n%s", page, diff)
	}
}

// foreign are the metrics of client libraries that panels show.
var foreign = []string{"process_cpu_seconds_total", "process_resident_memory_bytes", "rest_client_requests_total"}

func TestAlertsAndPanelsNameMetricsOfThePage(t *testing.T) {
	entries, err := ReadPage(page)
	if err != nil {
		t.Fatal(err)
	}
	known := slices.Clone(foreign)
	for _, e := range entries {
		known = append(known, e.Name)
		if strings.HasSuffix(e.Name, "_seconds") {
			known = append(known, e.Name+"_bucket") // TestThePageIsWhatIsExported in e2e/api tests whether it has buckets
		}
	}
	all, err := Expressions()
	if err != nil {
		t.Fatal(err)
	}
	for where, exprs := range all {
		for _, expr := range exprs {
			names := Names(expr)
			if len(names) == 0 {
				t.Errorf("%s: no metric in %s", where, expr)
			}
			for _, name := range names {
				if !slices.Contains(known, name) {
					t.Errorf("%s: %s is not in %s", where, name, page)
				}
			}
		}
	}
}

// A row without a metric is an error, because no test would cover it.
func TestAMetricThatThePageDoesNotBeginWithIsAnError(t *testing.T) {
	path := t.TempDir() + "/metrics.md"
	write(t, path, "| metric | meaning |\n|---|---|\n| `a_total{b,c}` | good |\n| `d`, `_e` | two |\n")
	entries, err := ReadPage(path)
	if err == nil || !strings.Contains(err.Error(), "`d`, `_e`") {
		t.Errorf("got %v, want an error with the row", err)
	}
	if diff := cmp.Diff([]Entry{{Name: "a_total", Labels: []string{"b", "c"}}}, entries); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
