//go:build e2e

package suite

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// impostorScript tries to report for each other node, prints its environment, and waits, so that
// the test can read its token.
const impostorScript = `
try() {
  what=$1; shift
  echo "$what $(curl -sS -o /dev/null -w '%{http_code}' -d '{"test":[{"value":666}]}' "$@")" >> /tmp/statuses.txt
}
bare="http://$CALLBACK_SERVICE_NAME:$CALLBACK_SERVICE_PORT/report/$NODE_NAME/$EXECUTION_ID/result"
curl -fsS --retry 5 --retry-connrefused -d '{"test":[{"value":1}]}' "$CALLBACK_SERVICE_RESULT_URL"
for other in NODES; do
  if [ "$other" != "$NODE_NAME" ]; then
    try neighbour "$(echo "$CALLBACK_SERVICE_RESULT_URL" | sed "s#/report/$NODE_NAME/#/report/$other/#")"
    try neighbour-as-bearer -H "Authorization: Bearer $CALLBACK_TOKEN" "http://$CALLBACK_SERVICE_NAME:$CALLBACK_SERVICE_PORT/report/$other/$EXECUTION_ID/result"
  fi
done
try nothing "$bare"
try wrong -H "Authorization: Bearer x$CALLBACK_TOKEN" "$bare"
try bearer -H "Authorization: Bearer $CALLBACK_TOKEN" "$bare"
try password -u "bjc:$CALLBACK_TOKEN" "$bare"
curl -fsS -d '{"test":[{"value":1}]}' "$CALLBACK_SERVICE_RESULT_URL"
env | curl -fsS --data-binary @- "$CALLBACK_SERVICE_FILE_URL?name=env.txt"
curl -fsS --data-binary @/tmp/statuses.txt "$CALLBACK_SERVICE_FILE_URL?name=statuses.txt"
curl -fsS -d "{\"reason\": \"Told\", \"message\": \"$CALLBACK_TOKEN\"}" "$CALLBACK_SERVICE_EVENT_URL"
env
curl -sv -u "bjc:$CALLBACK_TOKEN" -o /dev/null "$bare" 2>&1
` + untilLetGo

// TestImpostor lets every pod try to report for the other nodes.
func TestImpostor(t *testing.T) {
	t.Parallel()
	if len(env.nodes) < 2 {
		t.Skipf("this cluster has %d node, two are needed", len(env.nodes))
	}
	ctx := scenarioContext(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace:   newNamespace(t, "impostor"),
		Config:      configuration(t, "impostor", object{"savePodLog": true, "podPoolSize": len(env.nodes)}),
		PodTemplate: podTemplate(strings.Replace(impostorScript, "NODES", strings.Join(env.nodes, " "), 1)),
		Service:     "callback",
	})
	tokens := s.tokens(t, ctx)
	open, err := s.WaitForExecution(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range env.nodes {
		s.letGo(t, ctx, open.ID, node)
	}
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]string{
		"neighbour": "403", "neighbour-as-bearer": "403", "nothing": "401", "wrong": "401", "bearer": "200", "password": "200",
	} {
		t.Run(what+" is answered "+want, func(t *testing.T) {
			for _, node := range env.nodes {
				if got := s.uploaded(t, ctx, e.ID, node+"-statuses.txt"); !strings.Contains(got, what+" "+want+"\n") {
					t.Errorf("node %s: got\n%s", node, got)
				}
			}
		})
	}
	t.Run("no result is another node's", func(t *testing.T) {
		for _, node := range env.nodes {
			if got := s.uploaded(t, ctx, e.ID, node+".json"); strings.Contains(got, "666") {
				t.Errorf("node %s: %s", node, got)
			}
		}
	})
	t.Run("it is counted", func(t *testing.T) {
		metrics, err := s.Metrics(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for reason, want := range map[string]int{"other_task": 2 * (len(env.nodes) - 1), "missing": 1, "malformed": 1} {
			got, err := metrics.Value("batch_job_controller_callback_denied_total", map[string]string{"reason": reason})
			if err != nil || int(got) < want*len(env.nodes) {
				t.Errorf("%s: got %v, %v, want %d", reason, got, err, want*len(env.nodes))
			}
		}
	})
	t.Run("a Warning event names the pod that tried", func(t *testing.T) { s.wantDenials(t, ctx) })
	t.Run("no token is in a result, a log or an event", func(t *testing.T) {
		texts := s.everything(t, ctx, e)
		for _, node := range env.nodes {
			delete(texts, node+"-env.txt") // files are stored unchanged
		}
		for _, token := range tokens {
			for name, text := range texts {
				if strings.Contains(text, token[len(token)-43:]) {
					t.Errorf("%s: %s", name, text)
				}
			}
		}
	})
	t.Run("the Secrets with the tokens are gone", func(t *testing.T) {
		eventually(t, ctx, func() error { return s.noTokens(ctx) })
	})
}

// tokens returns all tokens of the open execution.
func (s scenario) tokens(t *testing.T, ctx context.Context) []string {
	t.Helper()
	var tokens []string
	eventually(t, ctx, func() error {
		var err error
		tokens, err = s.listTokens(ctx)
		return err
	})
	return tokens
}

func (s scenario) wantDenials(t *testing.T, ctx context.Context) {
	t.Helper()
	events, err := env.cluster.CoreV1().Events(s.namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=CallbackDenied"})
	if err != nil {
		t.Fatal(err)
	}
	about := map[string]bool{}
	for _, event := range events.Items {
		if event.Type != corev1.EventTypeWarning || event.InvolvedObject.Kind != "Pod" {
			t.Errorf("event %s about %v: %s", event.Type, event.InvolvedObject, event.Message)
		}
		about[event.InvolvedObject.Name] = true
	}
	if len(about) != len(env.nodes) {
		t.Errorf("events about %v, want one pod of each of %d nodes", about, len(env.nodes))
	}
}
