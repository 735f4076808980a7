//go:build e2e

package suite

import (
	"context"
	"encoding/json"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

type labels = map[string]string

// testResults checks the file and the gauges of the example result.
func testResults(t *testing.T, ctx context.Context, tour tour) {
	metrics, err := tour.Metrics(ctx)
	if err != nil {
		t.Fatal(err)
	}
	id := string(tour.execution.ID)

	t.Run("the result is stored as the node's JSON", func(t *testing.T) {
		var want, got any
		if err := json.Unmarshal([]byte(tourFile(t, "result.json")), &want); err != nil {
			t.Fatal(err)
		}
		for _, node := range env.nodes {
			stored := tour.uploaded(t, ctx, tour.execution.ID, node+".json")
			if err := json.Unmarshal([]byte(stored), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("node %s (-want +got):\n%s", node, diff)
			}
		}
	})
	t.Run("each value is a gauge with its labels, the node and the execution", func(t *testing.T) {
		for _, node := range env.nodes {
			wantResult(t, metrics, node, id)
		}
	})
	t.Run("latestMetricsLabel repeats it with executionID latest", func(t *testing.T) {
		for _, node := range env.nodes {
			wantResult(t, metrics, node, "latest")
		}
	})
	t.Run("a gauge has exactly these lines", func(t *testing.T) {
		if got, want := len(metrics.Samples("foo_e2e_test", nil)), 2*2*len(env.nodes); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	})
	t.Run("metrics.prefix and the gauge's key make its name, help is its help", func(t *testing.T) {
		if got := metrics.Help("foo_e2e_test"); got != "help ..." {
			t.Errorf("got help %q", got)
		}
	})
	t.Run("the controller's own metrics have the prefix too", func(t *testing.T) {
		for _, node := range env.nodes {
			for _, executionID := range []string{id, "latest"} {
				on := labels{"node": node, "executionID": executionID}
				wantValue(t, metrics, "foo_e2e_processing", on, 0)
				if ms, err := metrics.Value("foo_e2e_duration", on); err != nil || ms < 1000 {
					t.Errorf("foo_e2e_duration: got %v milliseconds, %v", ms, err)
				}
			}
		}
		wantValue(t, metrics, "foo_e2e_pods", labels{}, float64(len(env.nodes)))
		wantValue(t, metrics, "foo_e2e_current_execution_id", labels{}, tour.execution.ID.Number())
	})
}

// wantResult checks both label sets of the example.
func wantResult(t *testing.T, metrics deploy.Metrics, node, executionID string) {
	t.Helper()
	own := labels{"node": node, "executionID": executionID}
	for _, example := range []struct {
		labels labels
		value  float64
	}{
		{labels{"label_a": "AAA", "label_b": "BBB"}, 1.0},
		{labels{"label_a": "AAA2", "label_b": "BBB2"}, 2.554},
	} {
		all := maps.Clone(own)
		maps.Copy(all, example.labels)
		wantValue(t, metrics, "foo_e2e_test", all, example.value)
	}
}

func wantValue(t *testing.T, metrics deploy.Metrics, name string, labels labels, want float64) {
	t.Helper()
	if got, err := metrics.Value(name, labels); err != nil || got != want {
		t.Errorf("%s%v: got %v, %v, want %v", name, labels, got, err, want)
	}
}
