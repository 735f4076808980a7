package callback

import (
	"context"
	"crypto/tls"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/callback/httpserver/servertest"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

func openTLS(t *testing.T, h http.Handler, secure *tls.Config) string {
	t.Helper()
	server := httpserver.New("127.0.0.1:0", h, httpserver.Options{TLS: secure})
	if err := server.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = server.Close(ctx)
	})
	return server.Addr()
}

// Job scripts need no change: curl finds the trusted certificates by its environment.
func TestAnUnchangedCurlReportsWithTLS(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("this machine lacks the command curl")
	}
	ours, other := servertest.NewAuthority(t), servertest.NewAuthority(t)
	tests := map[string]struct {
		trusted servertest.Authority
		wantErr bool
		want    string
	}{
		"the authority that is mounted": {trusted: ours, want: `result of node-1.zone-a at 20261124034200: {"a":[{"value":1}]}`},
		"another authority":             {trusted: other, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			recorder := &fakeRecorder{}
			address := openTLS(t, NewHandler(recorder, Options{}), ours.Server(t, "svc.ns.svc"))
			bundle := filepath.Join(t.TempDir(), "ca.crt")
			if err := os.WriteFile(bundle, tt.trusted.Bundle, 0o600); err != nil {
				t.Fatal(err)
			}
			url := "https" + strings.TrimPrefix(callbackURL(t, address, route.Result), "http")
			command := exec.CommandContext(t.Context(), "sh", "-c", `"$0" -fsS -H "Content-Type: application/json" -d '{"a":[{"value":1}]}' "$CALLBACK_SERVICE_RESULT_URL"`, curl)
			command.Env = []string{"CURL_CA_BUNDLE=" + bundle, "CALLBACK_SERVICE_RESULT_URL=" + url, "PATH=" + os.Getenv("PATH")}
			output, err := command.CombinedOutput()
			if (err != nil) != tt.wantErr || recorder.called() != tt.want {
				t.Errorf("curl: %v\n%s\nrecorded %q, want %q", err, output, recorder.called(), tt.want)
			}
		})
	}
}
