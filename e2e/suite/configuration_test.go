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

// configuration returns a config.yaml that runs once on every real node, as
// soon as the controller has started, with some keys set otherwise or, if nil,
// left out.
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
		panic(err) // it is a string
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

// waitForService waits until the node knows where the Service leads, for scripts
// that try nothing again.
const waitForService = `until curl -s -o /dev/null "${CALLBACK_SERVICE_RESULT_URL%/t/*}/"; do sleep 1; done
`

// reportScript hands in a result and what the environment was. It tries again:
// so soon after the start not every node knows where the Service leads.
const reportScript = `env >/tmp/env.txt
curl -fsS --retry 5 --retry-connrefused --data-binary @/tmp/env.txt "$CALLBACK_SERVICE_FILE_URL?name=env.txt"
curl -fsS -d '{"test": [{"value": 1}]}' "$CALLBACK_SERVICE_RESULT_URL"
`
