package jobspec

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

var templatePath = field.NewPath("data").Key("pod-template.yaml")

func TestValidateAccepts(t *testing.T) {
	cases := map[string]struct {
		template     string
		wantWarnings []string // in order, a part of each
	}{
		"a plain template":      {template: plainTemplate},
		"comments and a marker": {template: "# the check\n---\n" + plainTemplate},
		"JSON":                  {template: `{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a", "image": "b"}]}}`},
		"no labels":             {template: strings.Replace(plainTemplate, "spec:", "metadata:\n  labels: null\n  annotations:\nspec:", 1)},
		"a name of its own":     {template: strings.Replace(plainTemplate, "spec:", "metadata:\n  name: check\nspec:", 1)},
		"functions and conditions": {
			template: plainTemplate + `      args: [{{ printf "%q" .NodeName }}{{ if eq .Namespace "x" }}, more{{ end }}]`,
		},
		"a definition that is used": {
			template: `{{ define "image" }}check:{{ .ExecutionID }}{{ end }}` +
				strings.Replace(plainTemplate, "registry.example.com/check:1.0", `{{ template "image" . }}`, 1),
		},
		"numbers where text is meant": {template: plainTemplate + "      env: [{name: RUN, value: {{ .ExecutionID }}}]"},
		"aliases":                     {template: strings.Replace(plainTemplate, "spec:", "metadata:\n  labels: &l {a: b}\n  annotations: *l\nspec:", 1)},
		"a variable of the controller": {
			template: plainTemplate + `      env: [{name: OWN, value: x}, {name: NODE_NAME, value: x}]
  initContainers:
    - {name: prepare, image: x, env: [{name: CALLBACK_SERVICE_EVENT_URL, value: x}]}`,
			wantWarnings: []string{
				"data[pod-template.yaml].spec.initContainers[0].env[0]: CALLBACK_SERVICE_EVENT_URL is set by the controller",
				"data[pod-template.yaml].spec.containers[0].env[1]: NODE_NAME is set by the controller",
			},
		},
		"what the controller decides": {
			template: strings.Replace(plainTemplate, "spec:", `metadata:
  generateName: mine-
  finalizers: [example.com/wait]
  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: a, uid: b}]
spec:
  nodeName: worker-1
  restartPolicy: Always`, 1),
			wantWarnings: []string{
				"metadata.generateName: not used", "metadata.ownerReferences: not used", "metadata.finalizers: not used",
				"spec.nodeName: selects only node worker-1", "spec.restartPolicy: not used: it is always Never",
			},
		},
		"the node's own name": {
			template:     plainTemplate + "  nodeName: {{ .NodeName }}",
			wantWarnings: []string{"spec.nodeName: not used: each node gets its own pod"},
		},
		"restart on failure": {
			template:     plainTemplate + "  restartPolicy: OnFailure",
			wantWarnings: []string{"spec.restartPolicy: not used"},
		},
		"containers that are started again in place": {
			template: plainTemplate + `      restartPolicy: OnFailure
    - {name: second, image: x, restartPolicy: Never, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]}
    - {name: third, image: x, restartPolicy: Always}
    - {name: fourth, image: x, restartPolicy: Never}
  initContainers:
    - {name: ship, image: x, restartPolicy: Always}
    - {name: prepare, image: x, restartPolicy: OnFailure}`,
			wantWarnings: []string{
				"spec.initContainers[1].restartPolicy: not used: containers are never restarted, so that nothing runs twice",
				"spec.containers[0].restartPolicy: not used",
				"spec.containers[1].restartPolicyRules: not used",
				"spec.containers[2].restartPolicy: not used",
			},
		},
		"never to restart": {template: plainTemplate + "  restartPolicy: Never"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			warnings, errs := Validate(tc.template, templatePath)
			if len(errs) > 0 {
				t.Fatal(errs.ToAggregate())
			}
			if len(warnings) != len(tc.wantWarnings) {
				t.Fatalf("warnings %q, want %q", warnings, tc.wantWarnings)
			}
			for i, want := range tc.wantWarnings {
				if !strings.Contains(warnings[i], want) {
					t.Errorf("warning %q, want %q", warnings[i], want)
				}
			}
			if _, err := renderFor(planWith(tc.template), nodeOf("worker-1"), options()); err != nil {
				t.Errorf("valid, and yet not to be rendered: %v", err)
			}
		})
	}
}

func TestValidateRefuses(t *testing.T) {
	with := func(more string) string { return plainTemplate + more }
	cases := map[string]struct {
		template string
		want     []string // in order, a part of each
	}{
		"nothing":                      {template: "", want: []string{"must be of apiVersion v1, kind Pod"}},
		"null":                         {template: "null", want: []string{"must be of apiVersion v1, kind Pod"}},
		"a list":                       {template: "- a", want: []string{"is a list: must be a mapping"}},
		"no YAML":                      {template: "a: b: c", want: []string{"mapping values are not allowed"}},
		"a tab":                        {template: "spec:\n\tcontainers: []", want: []string{"yaml: "}},
		"a Deployment":                 {template: "apiVersion: apps/v1\nkind: Deployment\nspec: {}", want: []string{`"apps/v1", "Deployment"`}},
		"a field of a Deployment":      {template: "apiVersion: v1\nkind: Pod\nspec: {replicas: 1}", want: []string{`unknown field "spec.replicas"`}},
		"a Pod of another version":     {template: strings.Replace(plainTemplate, "v1", "v2", 1), want: []string{`"v2", "Pod"`}},
		"no containers":                {template: "apiVersion: v1\nkind: Pod\nspec: {containers: []}", want: []string{"at least one container"}},
		"no spec":                      {template: "apiVersion: v1\nkind: Pod", want: []string{"at least one container"}},
		"a misspelt field":             {template: with("      imagePullPolcy: Always"), want: []string{`unknown field "spec.containers[0].imagePullPolcy"`}},
		"a field in the wrong case":    {template: with("      Command: [x]"), want: []string{`unknown field "spec.containers[0].Command"`}},
		"two misspelt fields":          {template: with("      a: 1\n      b: 2"), want: []string{`spec.containers[0].a`, `spec.containers[0].b`}},
		"a key twice":                  {template: with("      image: other"), want: []string{`key "image" already set`}},
		"text where a number is meant": {template: with("      ports: [{containerPort: http}]"), want: []string{`.spec.containers[0].ports[0].containerPort: Invalid value: "http": is text: must be a whole number`}},
		"a quantity that is none":      {template: with("      resources: {limits: {cpu: lots}}"), want: []string{`.spec.containers[0].resources.limits.cpu: Invalid value: "lots": quantities must match`}},
		"several values that do not fit": {
			template: strings.Replace(with("      args: {a: b}\n      stdin: 1.5\n      ports: [{containerPort: 1}, {containerPort: 1.5}]\n      resources: {limits: {cpu: lots, memory: more}, requests: [a]}"), "spec:", "metadata: x\nspec:\n  nope: {such: [key]}\n  activeDeadlineSeconds: soon", 1),
			want: []string{
				`].metadata: Invalid value: "x": is text: must be a mapping`,
				`activeDeadlineSeconds: Invalid value: "soon": is text: must be a whole number`,
				`containers[0].args: Invalid value: is a mapping: must be a list`,
				`containers[0].ports[1].containerPort: Invalid value: 1.5: is a number: must be a whole number`,
				`limits.cpu: Invalid value: "lots": quantities`,
				`limits.memory: Invalid value: "more": quantities`,
				`requests: Invalid value: is a list: must be a mapping`,
				`stdin: Invalid value: 1.5: is a number: must be true or false`,
				`unknown field "spec.nope"`,
			},
		},
		"an unknown name":                  {template: with("  hostname: {{ .Nope }}"), want: []string{`template: pod-template.yaml:8:15: executing "pod-template.yaml" at <.Nope>: map has no entry for key "Nope": there are .Namespace, .ExecutionID and .NodeName`}},
		"an unknown function":              {template: with("  hostname: {{ lower .NodeName }}"), want: []string{`function "lower" not defined`}},
		"an action that is not closed":     {template: with("  hostname: {{ .NodeName"), want: []string{"unclosed action"}},
		"a condition without its end":      {template: with("  {{ if .NodeName }}"), want: []string{"unexpected EOF"}},
		"a template that includes itself":  {template: `{{ define "a" }}x{{ template "a" }}{{ end }}{{ template "a" }}`, want: []string{"steps"}},
		"a template that writes for ever":  {template: `{{ range 1000000000000 }}x{{ end }}`, want: []string{"steps"}},
		"a template that makes a long one": {template: with(`  hostname: {{ printf "%1000000d" 1 }}`), want: []string{"makes a text of more than"}},
		"a template that is too long":      {template: with("# " + strings.Repeat("x", maxTemplate)), want: []string{"Too long"}},
		"aliases that grow": {
			template: "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n" +
				"e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n",
			want: []string{"excessive aliasing"},
		},
		"containers without a name or an image": {
			template: "apiVersion: v1\nkind: Pod\nspec:\n  initContainers: [{name: a}]\n  containers: [{image: b}, {}]",
			want: []string{
				"data[pod-template.yaml].spec.initContainers[0].image: Required", "spec.containers[0].name: Required",
				"spec.containers[1].name: Required", "spec.containers[1].image: Required",
			},
		},
		"too many variables": {
			template: with("      env:\n" + manyVariables(maxEnv+1)),
			want:     []string{"data[pod-template.yaml].spec.containers[0].env: Too many"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, errs := Validate(tc.template, templatePath)
			if len(errs) != len(tc.want) {
				t.Fatalf("errors %v, want %q", errs.ToAggregate(), tc.want)
			}
			for i, want := range tc.want {
				if text := errs[i].Error(); !strings.Contains(text, want) || !strings.HasPrefix(text, "data[pod-template.yaml]") {
					t.Errorf("error %q, want %q", text, want)
				}
				if len(errs[i].Error()) > 2000 {
					t.Errorf("error of %d bytes", len(errs[i].Error()))
				}
			}
		})
	}
}

func manyVariables(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "        - {name: V%d, value: x}\n", i)
	}
	return b.String()
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		"", "null", "[]", "{{", plainTemplate, plainTemplate + "  hostname: {{ .Nope }}", "a: &a [*a]", "? {a: b}\n: c", "!!binary x", "<<: 1",
		"metadata: {labels: null}\nkind: Pod\napiVersion: v1\nspec: {containers: [null]}", `{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}`,
		"kind: Pod\napiVersion: v1\nspec: {containers: [{name: 1e3, image: 0x1f, env: [{name: NODE_NAME, value: 0.1}]}], affinity: {nodeAffinity: {}}}",
		"kind: Pod\napiVersion: v1\nmetadata: {creationTimestamp: 1}\nspec: {containers: [{resources: {limits: {a: 1e999}}}]}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, errs := Validate(text, templatePath)
		if len(errs) > 0 {
			return
		}
		p := planWith(text)
		job, err := renderFor(p, nodeOf("sample-node"), options())
		if err != nil {
			return // it depends on the node or the execution
		}
		if got, ok := KeyOf(&job.Spec.Template); !ok || got.Node != "sample-node" {
			t.Errorf("key %v, %t", got, ok)
		}
	})
}
