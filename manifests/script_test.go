package manifests

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// callbacks are the bodies that a script has sent, by path and query.
type callbacks struct {
	mu     sync.Mutex
	bodies map[string][]byte
}

func (c *callbacks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost {
		http.Error(w, "want a POST", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies[r.URL.String()] = body
}

// runScript runs the command of the job's container on this machine.
func runScript(t *testing.T, objects []runtime.Object, url string) ([]byte, error) {
	t.Helper()
	if _, err := os.Stat("/proc/meminfo"); err != nil {
		t.Skip("this machine lacks /proc/meminfo")
	}
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("this machine lacks %s", program)
		}
	}
	command := jobPod(t, objects, execution.TokenAuth).Containers[0].Command
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(),
		"NODE_NAME=node-1", "EXECUTION_ID=20261005120000", "no_proxy=127.0.0.1",
		"CALLBACK_SERVICE_RESULT_URL="+url+"/result",
		"CALLBACK_SERVICE_FILE_URL="+url+"/file",
		"CALLBACK_SERVICE_EVENT_URL="+url+"/event")
	return cmd.CombinedOutput()
}

func TestScriptsSendWhatIsConfigured(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		received := &callbacks{bodies: map[string][]byte{}}
		server := httptest.NewServer(received)
		defer server.Close()
		if out, err := runScript(t, objects, server.URL); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		checkResult(t, decodeConfig(t, objects).Metrics, received.bodies["/result"])
	})
}

// checkResult checks that a result has values of every gauge, with its labels.
func checkResult(t *testing.T, metrics config.Metrics, body []byte) {
	t.Helper()
	var result map[string][]struct {
		Value  float64
		Labels map[string]string
	}
	if err := json.Unmarshal(body, &result); err != nil {
		t.Fatalf("result: %v in %s", err, body)
	}
	for name, gauge := range metrics.Gauges {
		if len(result[name]) == 0 {
			t.Errorf("no value for the gauge %s", name)
		}
		for _, sample := range result[name] {
			var names []string
			for label := range sample.Labels {
				names = append(names, label)
			}
			slices.Sort(names)
			if diff := cmp.Diff(gauge.Labels, names); diff != "" {
				t.Errorf("labels of %s (-want +got):\n%s", name, diff)
			}
		}
	}
	if len(result) != len(metrics.Gauges) {
		t.Errorf("%d gauges in the result, %d in the configuration", len(result), len(metrics.Gauges))
	}
}

func TestDemoScriptSendsFileAndEvent(t *testing.T) {
	received := &callbacks{bodies: map[string][]byte{}}
	server := httptest.NewServer(received)
	defer server.Close()
	out, err := runScript(t, render(t, "demo"), server.URL)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if file := received.bodies["/file?name=meminfo.txt"]; !strings.Contains(string(file), "MemTotal:") {
		t.Errorf("the file is %q", file)
	}
	var event struct {
		Reason, Message string
		Args            []string
	}
	if err := json.Unmarshal(received.bodies["/event"], &event); err != nil {
		t.Fatalf("event: %v in %s", err, received.bodies["/event"])
	}
	if event.Reason == "" || strings.Count(event.Message, "%s") != len(event.Args) {
		t.Errorf("the event is %+v", event)
	}
	if !strings.Contains(string(out), "node-1") {
		t.Errorf("nothing for the pod's log: %q", out)
	}
}

func TestScriptsFailVisibly(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		server := httptest.NewServer(http.NotFoundHandler())
		defer server.Close()
		out, err := runScript(t, objects, server.URL)
		if err == nil || !strings.Contains(string(out), "404") {
			t.Errorf("got %v, %q", err, out)
		}
	})
}
