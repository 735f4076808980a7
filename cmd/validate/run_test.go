package validate

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	update = flag.Bool("update", false, "write the golden files anew")
	now    = time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC)
)

const (
	goodConfig = `name: check
cronExpression: "42 3 * * *"
callbackServiceName: check
metrics:
  prefix: check
  gauges:
    free_bytes: {help: Free bytes., labels: [path]}
`
	goodTemplate = `apiVersion: v1
kind: Pod
spec:
  containers:
    - name: check
      image: registry.example.com/check:1.2.3
      args: ["$(CALLBACK_SERVICE_RESULT_URL)"]
      resources: {requests: {cpu: 10m, memory: 16Mi}}
`
)

// withoutService is valid only for a controller that has POD_IP.
var withoutService = strings.ReplaceAll(goodConfig, "callbackServiceName: check\n", "")

// controllerWith is the Deployment of a controller that reads a ConfigMap, beside
// another one.
func controllerWith(configMap, env string) string {
	return fmt.Sprintf(`---
apiVersion: apps/v1
kind: Deployment
metadata: {name: dashboard, namespace: checks}
spec: {template: {spec: {containers: [{name: dashboard, env: [{name: POD_IP, value: 10.0.0.9}]}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: controller, namespace: checks}
spec:
  template:
    spec:
      containers:
        - name: controller
          env:
            - {name: CONFIG_MAP_NAME, value: %s}
            - {name: NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
            - %s
`, configMap, env)
}

// manifest is what kubectl kustomize makes of the two, among other things.
func manifestOf(config, template string) string {
	indented := func(text string) string { return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") }
	return fmt.Sprintf(`apiVersion: v1
kind: ServiceAccount
metadata: {name: check}
---
apiVersion: v1
data:
  config.yaml: |
%s
  pod-template.yaml: |
%s
kind: ConfigMap
metadata:
  name: check
  namespace: checks
`, indented(config), indented(template))
}

// Each case is a directory's worth of files, and its golden file is all that
// is written.
func TestRun(t *testing.T) {
	sources, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	replaced := strings.NewReplacer
	tests := map[string]struct {
		config     string // instead of the good one
		template   string // instead of the good one
		stdin      string
		args       []string
		wantStatus int
	}{
		"a good configuration": {},
		"a zone in which the clocks change": {
			config: goodConfig + "timeZone: Europe/Zurich\n",
			args:   []string{"-nodes", "20"},
		},
		"a time that does not exist and one that comes twice": {
			config: replaced("42 3", "30 2").Replace(goodConfig) + "timeZone: Europe/Zurich\n",
		},
		"a schedule that counts from now": {config: replaced("42 3 * * *", "@every 6h").Replace(goodConfig)},
		"a pod with a long grace": {
			template: replaced("  containers", "  terminationGracePeriodSeconds: 600\n  containers").Replace(goodTemplate),
		},
		"a schedule that is too close": {config: replaced("42 3 * * *", "*/15 * * * *").Replace(goodConfig) + "backoffLimit: 2\n"},
		"a selector and cordoned nodes": {
			config: goodConfig + "jobNodeSelector: {zone: a, disk: ssd}\nrunOnUnscheduledNodes: true\n",
		},
		"the Job of a node": {args: []string{"-o", "job", "-node", "worker-1", "-namespace", "jobs"}},
		"a Job with TLS and POD_IP": {
			config: replaced("callbackServiceName: check\n", "callback: {tls: selfSigned, auth: serviceAccountToken}\n").Replace(goodConfig),
			args:   []string{"-o", "job", "-pod-ip", "10.0.0.1"},
		},
		"a volume with room":         {args: []string{"-nodes", "500", "-volume", "20Gi"}},
		"a volume without room":      {args: []string{"-nodes", "500", "-volume", "20Gi", "-report", "2Mi"}},
		"a small volume":             {args: []string{"-nodes", "20", "-volume", "500Mi"}},
		"a volume below the reserve": {args: []string{"-nodes", "20", "-volume", "50Mi", "-report", "1Mi"}},
		"a pool beyond the nodes":    {config: goodConfig + "podPoolSize: 50\n", args: []string{"-nodes", "3"}},
		"a pool beyond the cap":      {config: goodConfig + "podPoolSize: 50\nmaxPods: 30\n"},
		"a template that excludes nodes": {
			template: goodTemplate + "  nodeSelector: {disk: ssd, owner: \"{{ .NodeName }}\"}\n  os: {name: linux}\n  nodeName: worker-1\n" +
				"  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: Exists}]}]}}}\n",
		},
		"a result that is optional": {config: goodConfig + "result: Optional\n"},
		"a manifest on stdin":       {stdin: manifestOf(goodConfig, goodTemplate), args: []string{"-f", "-"}},
		"a wrong manifest on stdin": {
			stdin: manifestOf(goodConfig+"podPoolSize: 0\n", goodTemplate+"  restartPolcy: Never\n"), args: []string{"-f", "-"}, wantStatus: exitInvalid,
		},
		"a manifest with a controller that has POD_IP": {
			stdin: manifestOf(withoutService, goodTemplate) + controllerWith("check", "{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}"),
			args:  []string{"-f", "-"},
		},
		"a manifest with a controller and its settings": {
			stdin: manifestOf(withoutService, goodTemplate) + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: address}\ndata: {ip: 10.0.0.1}\n" +
				controllerWith("check", "{name: POD_IP, valueFrom: {configMapKeyRef: {name: address, key: ip}}}"),
			args: []string{"-f", "-"},
		},
		"a manifest whose controller reads another ConfigMap": {
			stdin: manifestOf(withoutService, goodTemplate) + controllerWith("other", "{name: POD_IP, value: 10.0.0.1}"), args: []string{"-f", "-"}, wantStatus: exitInvalid,
		},
		"a List without a template": {
			stdin:      "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  data:\n    config.yaml: |\n      name: check\n      cronExpression: '@daily'\n",
			args:       []string{"-f", "-"},
			wantStatus: exitInvalid,
		},
		"only the settings of the controller": {
			stdin:      "apiVersion: v1\nkind: ConfigMap\ndata:\n  config.yaml: |\n    name: check\n    callbackServiceName: check\n    podPoolSize: 5\n",
			args:       []string{"-f", "-"},
			wantStatus: exitValid,
		},
		"a manifest in quotes": {
			stdin:      `{"apiVersion": "v1", "kind": "ConfigMap",` + "\n" + `"data": {"config.yaml": "name: A\ncronExpression: '@daily'",` + "\n" + `"pod-template.yaml": "{{"}}`,
			args:       []string{"-f", "-"},
			wantStatus: exitInvalid,
		},
		"everything is wrong": {
			config: `name: Foo_Bar
podPoolSize: "10"
cronExpression: "60 * * * *"
timeZone: Mars/Base
startupDelay: 5
savePodLogs: true
custom: {a: 1}
metrics:
  prefix: a-b
  gauges:
    pods: {labels: [l, l, 1x]}
    nothing:
    a_total: {}
callback:
  limits:
    fileSize: 1MiB
`,
			template:   replaced("image:", "imag:", "args:", "arg:").Replace(goodTemplate),
			wantStatus: exitInvalid,
		},
		"a key twice and a tab": {config: goodConfig + "name: other\n", template: replaced("      image", "\timage").Replace(goodTemplate), wantStatus: exitInvalid},
		"a syntax error":        {config: goodConfig + "custom: [a\n", template: goodTemplate + "# {{\n", wantStatus: exitInvalid},
		"a template with an unknown name": {
			template: replaced("1.2.3", "{{ .Version }}").Replace(goodTemplate), wantStatus: exitInvalid,
		},
		"a wrong line behind lines that are left out": {
			template:   replaced("  containers", "  {{- if false }}\n  hostNetwork: true\n  {{- end }}\n  containers", "cpu: 10m", "cpu: lots").Replace(goodTemplate) + "  nodeNam: x\n",
			wantStatus: exitInvalid,
		},
		"a container without a name and an image": {
			template: replaced("name: check", "command: [x]", "image: registry.example.com/check:1.2.3", "env: []").Replace(goodTemplate), wantStatus: exitInvalid,
		},
		"a type that is wrong": {template: replaced(`["$(CALLBACK_SERVICE_RESULT_URL)"]`, "5").Replace(goodTemplate), wantStatus: exitInvalid},
		"no containers":        {template: "kind: Pod\nspec:\n  containers: []\n", wantStatus: exitInvalid},
		"a template that fails for the node": {
			template:   "# {{ if ne .NodeName \"sample-node\" }}{{ index .NodeName 99 }}{{ end }}\n" + goodTemplate,
			args:       []string{"-node", "worker-1"},
			wantStatus: exitInvalid,
		},
		"advice on the template": {
			config: replaced("  gauges:\n    free_bytes: {help: Free bytes., labels: [path]}\n", "").Replace(goodConfig) + "jobServiceAccount: job\ncallback: {auth: none}\njobHistory: 50\n",
			template: `apiVersion: v1
kind: Pod
spec:
  restartPolicy: OnFailure
  serviceAccountName: mine
  activeDeadlineSeconds: 7200
  initContainers:
    - name: prepare
      image: registry.example.com:5000/prepare
      args: [-c, 'curl "$CALLBACK_SERVICE_FILES_URL"']
  containers:
    - name: check
      image: check:latest
      env: [{name: NODE_NAME, value: x}]
      args:
        - |
          curl -H "Authorization: Bearer $CALLBACK_TOKEN" "${CALLBACK_SERVICE_RESULT_URL}" "$(CALLBACK_SERVICE_RESULT)"
`,
		},
		"a script that is right": {
			template: goodTemplate + `    - name: other
      image: other@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
      resources: {limits: {memory: 16Mi}}
      env: [{name: CALLBACK_OWN, value: x}]
      args:
        - |
          # CALLBACK_COMMENT is mentioned here
          CALLBACK_MINE=1; echo "$CALLBACK_MINE $CALLBACK_OWN ${CALLBACK_MAYBE:-x} $CALLBACK_COMMENT $CALLBACK_TOKEN"
          curl "$CALLBACK_SERVICE_HOST:$CALLBACK_PORT_8090_TCP_PORT" "${CALLBACK_SERVICE_EVENT_URL}" "$(CALLBACK_SERVICE_FILE_URL)"
    - name: third
      image: registry.example.com:5000/third:1
      resources: {limits: {memory: 16Mi}}
      envFrom: [{configMapRef: {name: more}}]
      args: ["$(CALLBACK_ANYTHING)"]
`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "config.yaml", tt.config, goodConfig)
			write(t, "pod-template.yaml", tt.template, goodTemplate)
			var stdout, stderr bytes.Buffer
			status := run(tt.args, strings.NewReader(tt.stdin), &stdout, &stderr, now)
			if status != tt.wantStatus {
				t.Errorf("status: got %d, want %d", status, tt.wantStatus)
			}
			golden(t, filepath.Join(sources, "testdata", strings.ReplaceAll(name, " ", "-")+".golden"), fmt.Sprintf("--- stderr\n%s--- stdout\n%s", stderr.String(), stdout.String()))
		})
	}
}

// writeFirstCheck takes what README.md shows.
func writeFirstCheck(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) != 1 {
		t.Fatalf("README.md shows %d files, want 1", len(blocks))
	}
	write(t, file, string(blocks[0][1]), "")
}

func write(t *testing.T, name, text, otherwise string) {
	t.Helper()
	if text == "" {
		text = otherwise
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWhatWeShowAndShipHasNoFindings(t *testing.T) {
	files, err := filepath.Glob("../../manifests/testdata/*.golden.yaml") // the overlays as they are rendered
	if err != nil || len(files) < 5 {
		t.Fatalf("got only %q: %v", files, err)
	}
	first := filepath.Join(t.TempDir(), "disk-check.yaml")
	writeFirstCheck(t, first)
	for _, file := range append(files, first, "../../manifests/config.yaml") {
		t.Run(file, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := run([]string{"-f", file}, nil, &stdout, &stderr, now); status != exitValid || stderr.Len() > 0 {
				t.Errorf("status %d\n%s", status, &stderr)
			}
		})
	}
}
