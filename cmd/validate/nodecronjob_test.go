package validate

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

const (
	aNodeCronJob = `apiVersion: batch-job-controller.io/v1alpha1
kind: NodeCronJob
metadata: {name: check, namespace: checks}
spec:
  cronExpression: "42 3 * * *"
  metrics: {prefix: check, gauges: {free_bytes: {help: Free bytes., labels: [path]}}}
  template:
    spec:
      containers:
        - name: check
          image: registry.example.com/check:1.2.3
          args: ["$(CALLBACK_SERVICE_RESULT_URL)"]
          resources: {requests: {cpu: 10m, memory: 16Mi}}
`
	textNodeCronJob = `apiVersion: batch-job-controller.io/v1alpha1
kind: NodeCronJob
metadata: {name: text}
spec:
  cronExpression: "42 3 * * *"
  metrics: {prefix: text, gauges: {free_bytes: {help: Free bytes., labels: [path]}}}
  podTemplate: |
    kind: Pod
    spec:
      containers:
        - name: check
          image: registry.example.com/check:1.2.3
          args: ["$(CALLBACK_SERVICE_RESULT_URL)"]
          resources: {requests: {cpu: 10m, memory: 16Mi}}
`
)

// NodeCronJobs are checked as the configuration of a controller is.
func TestRunOnNodeCronJobs(t *testing.T) {
	replaced := strings.NewReplacer
	tests := map[string]struct {
		stdin      string
		args       []string
		wantStatus int
	}{
		"a NodeCronJob": {stdin: aNodeCronJob, args: []string{"-f", "-", "-nodes", "20", "-volume", "500Mi"}},
		"the Jobs of two NodeCronJobs": {
			stdin: aNodeCronJob + "---\n" + strings.ReplaceAll(textNodeCronJob, "name: text", "name: text, namespace: other"), args: []string{"-f", "-", "-o", "job"},
		},
		"a NodeCronJob beside a configuration": {stdin: manifestOf(goodConfig, goodTemplate) + "---\n" + aNodeCronJob, args: []string{"-f", "-"}},
		"advice on a NodeCronJob":              {stdin: replaced("42 3 * * *", "* * * * *", ":1.2.3", "").Replace(textNodeCronJob), args: []string{"-f", "-", "-nodes", "1"}},
		"a NodeCronJob with all that is wrong": {
			stdin: "# first\n" + manifestOf(goodConfig, goodTemplate) + "---\n" + `apiVersion: batch-job-controller.io/v1alpha1
kind: NodeCronJob
metadata: {name: Check}
spec:
  cronExpression: 5
  timeZone: Mars/Base
  podPoolSize: many
  podPoolSise: 3
  startDeadline: soon
  suspend: yes please
  metrics: {prefix: check, prefix: other, gauges: {free: {labels: path}}}
  template:
    spec:
      containers:
        - name: check
          resources: {requests: {cpu: lots}}
          imag: x
`, args: []string{"-f", "-"}, wantStatus: exitInvalid,
		},
		"a NodeCronJob with a wrong text": {
			stdin:      replaced("image:", "imag:", "args:", "arg:").Replace(textNodeCronJob) + "status: {phase: x}\n",
			args:       []string{"-f", "-"},
			wantStatus: exitInvalid,
		},
		"NodeCronJobs of which one is wrong": {
			stdin: aNodeCronJob + "---\n" + replaced("v1alpha1", "v1").Replace(aNodeCronJob) + "---\n" + replaced("spec:", "spec: here #").Replace(aNodeCronJob[:strings.Index(aNodeCronJob, "  cron")]),
			args:  []string{"-f", "-"}, wantStatus: exitInvalid,
		},
		"a NodeCronJob whose template fails for the node": {
			stdin: replaced("kind: Pod", "kind: Pod # {{ if ne .NodeName \"sample-node\" }}{{ index .NodeName 99 }}{{ end }}").Replace(textNodeCronJob),
			args:  []string{"-f", "-", "-node", "worker-1"}, wantStatus: exitInvalid,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := run(tt.args, strings.NewReader(tt.stdin), &stdout, &stderr, now); status != tt.wantStatus {
				t.Errorf("status: got %d, want %d", status, tt.wantStatus)
			}
			golden(t, filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".golden"), fmt.Sprintf("--- stderr\n%s--- stdout\n%s", stderr.String(), stdout.String()))
		})
	}
}
