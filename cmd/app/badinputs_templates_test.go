package app

import (
	"fmt"
	"strings"
)

// badTemplates are the pod templates.
func badTemplates() badInputs {
	long := goodTemplate + "# " + strings.Repeat("x", 256<<10)
	var variables strings.Builder
	for i := range 1001 {
		fmt.Fprintf(&variables, "{name: V%d}, ", i)
	}
	withEnv := func(env string) string {
		return strings.Replace(goodTemplate, `image: "check:1"`, `image: "check:1", env: [`+env+"]", 1)
	}
	decided := strings.Replace(goodTemplate, "spec:", `metadata:
  generateName: mine-
  finalizers: [example.com/wait]
  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: a, uid: b}]
spec:
  nodeName: worker-1
  restartPolicy: Always`, 1)
	return badInputs{
		"C48": {
			"missing": badConfig{data: map[string]string{"config.yaml": "name: bad\ncronExpression: '@daily'\n"}, refused: []string{"pod-template.yaml: Required value: the ConfigMap has no such key"}},
			"empty":   refuseTemplate("\n", "is empty: must be the template of a Pod"),
		},
		"C49": {
			"an action that is not closed": refuseTemplate(goodTemplate+"# {{", "unclosed action"),
			"an unknown name":              refuseTemplate(goodTemplate+"# {{ .Nope }}", "at <.Nope>", "there are .Namespace, .ExecutionID and .NodeName"),
			"a text without end":           refuseTemplate("{{ range 1000000000000 }}x{{ end }}", "takes more than 200000 steps"),
			"a loop that writes nothing":   refuseTemplate("{{ range 1000000000000 }}{{ end }}", "pod-template.yaml:1:9", "takes more than 200000 steps"),
			"a text that doubles":          refuseTemplate(`{{ $x := "0123456789" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}`, "makes a text of more than 524288 bytes"),
		},
		"C50": {
			"a Deployment":     refuseTemplate("apiVersion: apps/v1\nkind: Deployment\nspec: {}", "must be of apiVersion v1, kind Pod"),
			"a misspelt field": refuseTemplate(goodTemplate+"  restartPolcy: Never\n", `unknown field "spec.restartPolcy"`),
		},
		"C51": {"no containers": refuseTemplate("kind: Pod\nspec: {containers: []}", "at least one container")},
		"C52": {"labels of null": takeTemplate(strings.Replace(goodTemplate, "spec:", "metadata: {labels: null}\nspec:", 1))},
		"C53": {"a variable of the controller": takeTemplate(withEnv("{name: NODE_NAME, value: x}"), "NODE_NAME is set by the controller: the value of the template is not used")},
		"C54": {"what the controller decides": takeTemplate(decided,
			"metadata.generateName: not used", "metadata.ownerReferences: not used", "metadata.finalizers: not used",
			"spec.nodeName: selects only node worker-1", "spec.restartPolicy: not used")},
		"C55": {"restart on failure": takeTemplate(goodTemplate+"  restartPolicy: OnFailure\n", "spec.restartPolicy: not used: it is always Never")},
		"C56": {
			"more than 256 KiB": refuseTemplate(long, "Too long", "262144"),
			"1001 variables":    refuseTemplate(withEnv(variables.String()), "Too many", "1000"),
		},
		"C57": {"the API server refuses it": badConfig{api: badAPI{refuses: "nothing-fits"}, refused: []string{"pod-template.yaml: the API server rejects the Job", "nothing-fits"}}},
	}
}
