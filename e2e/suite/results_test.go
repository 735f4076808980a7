//go:build e2e

package suite

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// resultsScript sends results one after the other, and logs the status of each.
const resultsScript = waitForService + `send() { curl -sS -o /dev/null -w '%{http_code}\n' -d "$1" "$CALLBACK_SERVICE_RESULT_URL" >>/tmp/statuses.txt; }
send '{"disk": [{"value": 1}]}'
send '{"my_metric": [{"value": 2, "labels": {"label": "a"}}]}'
send '{"my_metric": [{"value": 3, "labels": {"label": "b"}}]}'
curl -fsS --data-binary @/tmp/statuses.txt "$CALLBACK_SERVICE_FILE_URL?name=statuses.txt"
`

// TestResultsOfANode lets each pod send three results of two metrics: none replaces another.
func TestResultsOfANode(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace: newNamespace(t, "results"),
		Config: configuration(t, "results", object{
			"metrics": object{"prefix": "three", "gauges": object{
				"disk":      object{"help": "help ..."},
				"my_metric": object{"help": "help ...", "labels": []string{"label"}},
			}},
		}),
		PodTemplate: podTemplate(resultsScript),
		Service:     "callback",
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := s.Metrics(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range env.nodes {
		t.Run(node, func(t *testing.T) {
			wantOutcome(t, e, node, execution.Succeeded, "")
			statuses := s.uploaded(t, ctx, e.ID, node+"-statuses.txt")
			if want := strings.Repeat("200\n", 3); statuses != want {
				t.Errorf("the statuses are %q, want %q", statuses, want)
			}
			id := string(e.ID)
			wantValue(t, metrics, "three_disk", labels{"node": node, "executionID": id}, 1)
			wantValue(t, metrics, "three_my_metric", labels{"node": node, "executionID": id, "label": "a"}, 2)
			wantValue(t, metrics, "three_my_metric", labels{"node": node, "executionID": id, "label": "b"}, 3)

			stored := s.uploaded(t, ctx, e.ID, node+".json")
			var got any
			if err := json.Unmarshal([]byte(stored), &got); err != nil {
				t.Fatalf("%v: %s", err, stored)
			}
			want := object{
				"disk": []any{object{"value": 1.0}},
				"my_metric": []any{
					object{"value": 2.0, "labels": object{"label": "a"}},
					object{"value": 3.0, "labels": object{"label": "b"}},
				},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s.json (-want +got):\n%s", node, diff)
			}
		})
	}
}
