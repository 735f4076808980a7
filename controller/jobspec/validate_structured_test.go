package jobspec

import (
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var structuredPath = field.NewPath("spec", "template")

const plainStructured = `
spec:
  containers:
    - name: check
      image: registry.example.com/check:1.0
`

func TestValidateStructuredAccepts(t *testing.T) {
	cases := map[string]struct {
		template     string
		wantWarnings []string // in order, a part of each
	}{
		"a plain template":  {template: plainStructured},
		"labels and a name": {template: "metadata: {name: check, labels: {a: b}, annotations: {c: d}}" + plainStructured},
		"variables":         {template: plainStructured + "      args: [$(NODE_NAME)]"},
		"variables of the controller": {
			template:     plainStructured + "      env: [{name: OWN, value: x}, {name: NODE_NAME, value: x}]",
			wantWarnings: []string{"spec.template.spec.containers[0].env[1]: NODE_NAME is set by the controller"},
		},
		"what the controller decides": {
			template: "metadata: {generateName: mine-, finalizers: [example.com/wait]}" + plainStructured + `      restartPolicy: Always
  nodeName: sample-node
  restartPolicy: Always
  initContainers:
    - {name: ship, image: x, restartPolicy: Always}
    - {name: prepare, image: x, restartPolicy: OnFailure}`,
			wantWarnings: []string{
				"spec.template.spec.initContainers[1].restartPolicy: not used",
				"spec.template.spec.containers[0].restartPolicy: not used",
				"spec.template.metadata.generateName: not used", "spec.template.metadata.finalizers: not used",
				"spec.template.spec.nodeName: selects only node sample-node", "spec.template.spec.restartPolicy: not used",
			},
		},
		"an action of the other form": {
			template:     plainStructured + "      args: [a, '--node={{ .NodeName }}']\n  hostname: '{{ .NodeName }}'",
			wantWarnings: []string{"spec.template.spec.containers[0].args[1]: {{ .NodeName }} is not replaced: use variables such as $(NODE_NAME)"},
		},
		"an action with a function":   {template: "metadata: {labels: {a: '{{printf \"%s\" $.ExecutionID}}'}}" + plainStructured, wantWarnings: []string{"spec.template.metadata.labels.a: {{printf"}},
		"a format of another program": {template: plainStructured + "      args: [docker, ps, --format, '{{ .Names }}']"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			warnings, errs := ValidateStructured(templateFrom(t, tc.template), structuredPath)
			if len(errs) > 0 {
				t.Fatal(errs.ToAggregate())
			}
			if len(warnings) != len(tc.wantWarnings) {
				t.Fatalf("warnings %q, want %q", warnings, tc.wantWarnings)
			}
			for i, want := range tc.wantWarnings {
				if !strings.HasPrefix(warnings[i], want) {
					t.Errorf("warning %q, want %q", warnings[i], want)
				}
			}
		})
	}
}

func TestValidateStructuredRefuses(t *testing.T) {
	cases := map[string]struct {
		template string
		want     []string // in order, the beginning of each
	}{
		"nothing":       {template: "{}", want: []string{"spec.template.spec.containers: Required"}},
		"no containers": {template: "spec: {initContainers: [{name: a, image: b}]}", want: []string{"spec.template.spec.containers: Required"}},
		"containers without a name or an image": {
			template: "spec:\n  initContainers: [{name: a}]\n  containers: [{image: b}, {}]",
			want: []string{
				"spec.template.spec.initContainers[0].image: Required", "spec.template.spec.containers[0].name: Required",
				"spec.template.spec.containers[1].name: Required", "spec.template.spec.containers[1].image: Required",
			},
		},
		"too many variables": {template: plainStructured + "      env:\n" + manyVariables(maxEnv+1), want: []string{"spec.template.spec.containers[0].env: Too many"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, errs := ValidateStructured(templateFrom(t, tc.template), structuredPath)
			if len(errs) != len(tc.want) {
				t.Fatalf("errors %v, want %q", errs.ToAggregate(), tc.want)
			}
			for i, want := range tc.want {
				if !strings.HasPrefix(errs[i].Error(), want) {
					t.Errorf("error %q, want %q", errs[i], want)
				}
			}
		})
	}
}

// A template is bounded by what an execution keeps of it.
func TestValidateStructuredBoundsTheSize(t *testing.T) {
	sized := func(bytes int) *corev1.PodTemplateSpec {
		template := templateFrom(t, plainStructured)
		template.Annotations = map[string]string{"a": ""}
		text, err := json.Marshal(template)
		if err != nil {
			t.Fatal(err)
		}
		template.Annotations["a"] = strings.Repeat("x", bytes-len(text))
		return template
	}
	if _, errs := ValidateStructured(sized(256<<10), structuredPath); len(errs) > 0 {
		t.Errorf("the largest template: %v", errs)
	}
	_, errs := ValidateStructured(sized(256<<10+1), structuredPath)
	if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), "spec.template: Too long: may not be more than 262144 bytes") {
		t.Errorf("a larger one: %v", errs)
	}
}
