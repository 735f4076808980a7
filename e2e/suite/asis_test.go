//go:build e2e

package suite

import (
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// Values that look like credentials, but are not credentials of the controller: a JSON web token
// of another issuer, and a forged callback token.
const (
	foreignJWT  = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwczovL2V4YW1wbGUuY29tIiwic3ViIjoiMSJ9.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl"
	madeUpToken = "v1.0a1b2c3d.20261128034200.node-1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

// asIsScript sends both values in a raw file and in a form, sends its own token in another file,
// and prints all of them.
const asIsScript = `printf 'jwt JWT\nmade up MADEUP\n' >/tmp/both.txt
printf 'jwt JWT\nmade up MADEUP\nown %s.\n' "$CALLBACK_TOKEN" >/tmp/own.txt
send() { curl -fsS --retry 5 --retry-connrefused "$@"; }
send --data-binary @/tmp/both.txt "$CALLBACK_SERVICE_FILE_URL?name=raw-03%3A42%3A00.txt"
send -F "file=@/tmp/both.txt;filename=my form.txt" "$CALLBACK_SERVICE_FILE_URL"
send --data-binary @/tmp/own.txt "$CALLBACK_SERVICE_FILE_URL?name=own.txt"
send -d '{"test":[{"value":1}]}' "$CALLBACK_SERVICE_RESULT_URL"
cat /tmp/own.txt
`

// TestUploadsComeOutAsTheyWentIn sends and prints values that look like credentials: files are
// stored unchanged, and in logs only the controller's own tokens are redacted.
func TestUploadsComeOutAsTheyWentIn(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace:   newNamespace(t, "as-is"),
		Config:      configuration(t, "as-is", object{"savePodLog": true}),
		PodTemplate: podTemplate(strings.NewReplacer("JWT", foreignJWT, "MADEUP", madeUpToken).Replace(asIsScript)),
		Service:     "callback",
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	both := "jwt " + foreignJWT + "\nmade up " + madeUpToken + "\n"
	for _, node := range env.nodes {
		wantOutcome(t, e, node, execution.Succeeded, "")
		for name, path := range map[string]string{"raw": "-raw-03%253A42%253A00.txt", "in a form": "-my%20form.txt"} {
			if got := s.uploaded(t, ctx, e.ID, node+path); got != both {
				t.Errorf("node %s, %s: got\n%s\nwant\n%s", node, name, got, both)
			}
		}
		own := s.uploaded(t, ctx, e.ID, node+"-own.txt")
		token, isThere := strings.CutPrefix(own, both+"own v1.")
		if !isThere || strings.Contains(token, "*") {
			t.Errorf("node %s: the file with its own token is not as it was sent:\n%s", node, own)
		}
		log := s.uploaded(t, ctx, e.ID, node+"-container-job.log")
		if !strings.Contains(log, both) {
			t.Errorf("node %s: the log lacks the values that are not credentials of the controller:\n%s", node, log)
		}
		if _, token, _ := strings.Cut(log, "own v1."); !strings.Contains(token, "."+strings.Repeat("*", 43)+".\n") {
			t.Errorf("node %s: the token of the pod is in its log", node)
		}
	}
}
