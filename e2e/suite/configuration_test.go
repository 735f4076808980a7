//go:build e2e

package suite

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

type object = map[string]any

// configuration returns a config.yaml that runs once on every real node, as soon as the
// controller has started. keys override its keys; nil removes one.
func configuration(t *testing.T, name string, keys object) string {
	t.Helper()
	config := object{
		"name":                  name,
		"jobNodeSelector":       object{"kubernetes.io/os": "linux"},
		"runOnUnscheduledNodes": true,
		"cronExpression":        "42 3 * * *",
		"runOnStartup":          true,
		"startupDelay":          "1s",
		"callbackServiceName":   "callback",
		"metrics":               object{"prefix": "e2e", "gauges": object{"test": object{"help": "help ..."}}},
	}
	maps.Copy(config, keys)
	maps.DeleteFunc(config, func(_ string, value any) bool { return value == nil })
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatalf("configuration: %v", err)
	}
	return string(text)
}

// podTemplate returns a pod-template.yaml that runs a script.
func podTemplate(script string) string {
	quoted, err := json.Marshal(script)
	if err != nil {
		panic(err) // a string can always be encoded
	}
	return strings.NewReplacer("IMAGE", env.provider.JobImage(), "SCRIPT", string(quoted)).Replace(plainPod)
}

const plainPod = `apiVersion: v1
kind: Pod
spec:
  terminationGracePeriodSeconds: 1
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    seccompProfile: { type: RuntimeDefault }
  containers:
    - name: job
      image: IMAGE
      imagePullPolicy: IfNotPresent
      command: [ sh, -euc ]
      args: [ SCRIPT ]
      securityContext:
        allowPrivilegeEscalation: false
        capabilities: { drop: [ ALL ] }
`

// waitForService waits until the node forwards to the Service, for scripts that do not retry.
const waitForService = `until curl -s -o /dev/null "${CALLBACK_SERVICE_RESULT_URL%/t/*}/"; do sleep 1; done
`

// reportScript sends a result and the environment. It retries, because soon after the start not
// every node forwards to the Service.
const reportScript = `env >/tmp/env.txt
curl -fsS --retry 5 --retry-connrefused --data-binary @/tmp/env.txt "$CALLBACK_SERVICE_FILE_URL?name=env.txt"
curl -fsS -d '{"test": [{"value": 1}]}' "$CALLBACK_SERVICE_RESULT_URL"
`
