//go:build e2e

package suite

import (
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// secureScript is a script without options for certificates.
const secureScript = reportScript + `
echo "$CALLBACK_SERVICE_RESULT_URL" | cut -d: -f1 >/tmp/scheme.txt
curl -fsS --data-binary @/tmp/scheme.txt "$CALLBACK_SERVICE_FILE_URL?name=scheme.txt"
curl -fsS -d '{"reason": "Told", "message": "over TLS"}' "$CALLBACK_SERVICE_EVENT_URL"
`

// TestSelfSigned lets unchanged scripts report over TLS, with a certificate of the controller's
// own authority, to two replicas, of which the standby forwards callbacks.
func TestSelfSigned(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace:   newNamespace(t, "tls"),
		Config:      configuration(t, "tls", object{"callback": object{"tls": "selfSigned"}}),
		PodTemplate: podTemplate(secureScript),
		Service:     "callback",
		Components:  []string{"tls"},
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range env.nodes {
		wantOutcome(t, e, node, execution.Succeeded, "")
		if !s.taskReport(t, ctx, e.ID, node).Reported {
			t.Errorf("node %s has not reported", node)
		}
		if got := strings.TrimSpace(s.uploaded(t, ctx, e.ID, node+"-scheme.txt")); got != "https" {
			t.Errorf("node %s reported over %q", node, got)
		}
	}
}

// serviceAccountScript sends callbacks with the token of the pod's service account, and without.
const serviceAccountScript = `
token=$(cat "$CALLBACK_TOKEN_FILE")
post() { curl -sS -o /dev/null -w '%{http_code}\n' --retry 5 --retry-connrefused -d '{"test":[{"value":1}]}' "$@"; }
echo "without $(post "$CALLBACK_SERVICE_RESULT_URL")" > /tmp/statuses.txt
echo "with $(post -H "Authorization: Bearer $token" "$CALLBACK_SERVICE_RESULT_URL")" >> /tmp/statuses.txt
for other in NODES; do
  if [ "$other" != "$NODE_NAME" ]; then
    echo "neighbour $(post -H "Authorization: Bearer $token" "$(echo "$CALLBACK_SERVICE_RESULT_URL" | sed "s#/report/$NODE_NAME/#/report/$other/#")")" >> /tmp/statuses.txt
  fi
done
curl -fsS -H "Authorization: Bearer $token" --data-binary @/tmp/statuses.txt "$CALLBACK_SERVICE_FILE_URL?name=statuses.txt"
echo "my token is $token"
`

// TestServiceAccountToken lets pods authenticate with the token of their service account, which a
// real kubelet binds to the pod and a real API server reviews.
func TestServiceAccountToken(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace:   newNamespace(t, "service-account"),
		Config:      configuration(t, "service-account", object{"savePodLog": true, "callback": object{"auth": "serviceAccountToken"}}),
		PodTemplate: podTemplate(strings.Replace(serviceAccountScript, "NODES", strings.Join(env.nodes, " "), 1)),
		Service:     "callback",
		Components:  []string{"report-auth"},
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range env.nodes {
		wantOutcome(t, e, node, execution.Succeeded, "")
		statuses := s.uploaded(t, ctx, e.ID, node+"-statuses.txt")
		for _, want := range []string{"without 401\n", "with 200\n"} {
			if !strings.Contains(statuses, want) {
				t.Errorf("node %s: want %q, got\n%s", node, want, statuses)
			}
		}
		if strings.Count(statuses, "neighbour 403\n") != len(env.nodes)-1 {
			t.Errorf("node %s: want 403 for every other node, got\n%s", node, statuses)
		}
		log := s.uploaded(t, ctx, e.ID, node+"-container-job.log")
		if _, token, _ := strings.Cut(log, "my token is "); !strings.Contains(token, "****") || strings.Count(token, ".") > 1 {
			t.Errorf("node %s: the token is in the log: %s", node, log)
		}
	}
}
