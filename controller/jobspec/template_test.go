package jobspec

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/podtext"
)

// structured returns a plan with the structured form of its template for a node.
func structured(t *testing.T, p execution.Plan, node execution.Node) execution.Plan {
	t.Helper()
	pod, err := podtext.Pod(p.Settings.PodTemplate, podtext.Data{Namespace: options().Namespace, ExecutionID: string(p.ID), NodeName: node.Name})
	if err != nil {
		t.Fatal(err)
	}
	return withTemplate(t, p, &corev1.PodTemplateSpec{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec})
}

// withTemplate returns a plan as the API server or a record has it.
func withTemplate(t *testing.T, p execution.Plan, template *corev1.PodTemplateSpec) execution.Plan {
	t.Helper()
	var err error
	if p.Settings.Template, err = json.Marshal(template); err != nil {
		t.Fatal(err)
	}
	p.Settings.PodTemplate = ""
	stored, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var read execution.Plan
	if err := json.Unmarshal(stored, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p.Settings, read.Settings); diff != "" {
		t.Errorf("the stored settings differ (-want +got):\n%s", diff)
	}
	return read
}

// templateFrom reads what a user writes below spec.template.
func templateFrom(t *testing.T, text string) *corev1.PodTemplateSpec {
	t.Helper()
	template := &corev1.PodTemplateSpec{}
	if err := yaml.UnmarshalStrict([]byte(text), template); err != nil {
		t.Fatal(err)
	}
	return template
}

const variablesInTemplate = `
metadata:
  labels: {team: storage}
  annotations: {example.com/for: $(NODE_NAME)}
spec:
  initContainers:
    - name: prepare
      image: prepare
      args: [$(NODE_NAME)]
  containers:
    - name: check
      image: check
      command: [check, --node=$(NODE_NAME), --run=$(EXECUTION_ID), $$(NODE_NAME), $(OWN), $(UNKNOWN)]
      args: [$(CALLBACK_SERVICE_RESULT_URL)]
      env:
        - {name: OWN, value: /data/$(NAMESPACE)/$(NODE_NAME)/$(EXECUTION_ID)}
        - {name: HTTPS_PROXY, value: "http://proxy:3128/$(NODE_NAME)"}
        - {name: NODE_NAME, value: mine}
`

// The controller's variables come first, so that the kubelet knows them in what follows.
func TestVariablesAreExpandedInBothForms(t *testing.T) {
	text := "kind: Pod\n" + variablesInTemplate
	plans := map[string]execution.Plan{
		"text":       planWith(text),
		"structured": withTemplate(t, planWith(""), templateFrom(t, variablesInTemplate)),
	}
	for form, p := range plans {
		t.Run(form, func(t *testing.T) {
			p.Settings.CallbackAuth, p.Settings.TokensPerSecret = execution.TokenAuth, 50
			job, err := renderFor(p, nodeOf("worker-1"), options())
			if err != nil {
				t.Fatal(err)
			}
			pod := job.Spec.Template
			c, env := pod.Spec.Containers[0], expandedEnv(pod.Spec.Containers[0])
			const url = "http://10.96.0.7:8090/t/TOKEN/report/worker-1/20260304050000/result"
			want := []string{
				"check", "--node=worker-1", "--run=20260304050000", "$(NODE_NAME)", "/data/checks/worker-1/20260304050000", "$(UNKNOWN)", url,
			}
			var got []string
			for _, arg := range append(c.Command, c.Args...) {
				got = append(got, expand(arg, env))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the command that runs (-want +got):\n%s", diff)
			}
			if got := env["HTTPS_PROXY"]; got != "http://proxy:3128/worker-1" {
				t.Errorf("the proxy is %s", got)
			}
			prepare := pod.Spec.InitContainers[0]
			if got := expand(prepare.Args[0], expandedEnv(prepare)); got != "worker-1" {
				t.Errorf("the init container gets %s", got)
			}
			if pod.Labels["team"] != "storage" || pod.Annotations["example.com/for"] != "$(NODE_NAME)" {
				t.Errorf("labels %v, annotations %v", pod.Labels, pod.Annotations)
			}
		})
	}
}

// expandedEnv returns the environment as the kubelet computes it: in order, and each value
// may refer to those before.
func expandedEnv(c corev1.Container) map[string]string {
	env := map[string]string{}
	for _, v := range c.Env {
		if v.ValueFrom != nil {
			env[v.Name] = "TOKEN"
			continue
		}
		env[v.Name] = expand(v.Value, env)
	}
	return env
}

var reference = regexp.MustCompile(`\$\$|\$\(([^()]*)\)`)

func expand(text string, env map[string]string) string {
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		if found == "$$" {
			return "$"
		}
		if value, ok := env[reference.FindStringSubmatch(found)[1]]; ok {
			return value
		}
		return found
	})
}

func TestJobsShareNothingWithTheTemplate(t *testing.T) {
	template := Template{Structured: templateFrom(t, variablesInTemplate)}
	want := template.Structured.DeepCopy()
	pod, err := template.pod(podtext.Sample())
	if err != nil {
		t.Fatal(err)
	}
	pod.Labels["team"], pod.Annotations["new"], pod.Spec.Containers[0].Env[0].Value = "other", "x", "x"
	pinToNode(&pod.Spec, nodeOf("worker-1"), true)
	if diff := cmp.Diff(want, template.Structured); diff != "" {
		t.Errorf("the template was changed (-want +got):\n%s", diff)
	}
}

func TestPodSpecsOfAStructuredTemplateAreConstant(t *testing.T) {
	template := templateFrom(t, variablesInTemplate)
	specs := NewPodSpecs(Template{Structured: template}, "jobs", "20260304050000")
	for _, node := range []string{"worker-1", "worker-2"} {
		if spec, err := specs.Of(node); err != nil || spec != &template.Spec {
			t.Errorf("node %s: %v, %v, want the template's own spec", node, spec, err)
		}
	}
}

func TestRenderRefusesADamagedTemplate(t *testing.T) {
	for template, want := range map[string]string{
		`{"spec": {"containers": [{"name": "a"}], "nope": 1}}`: `unknown field "spec.nope"`,
		`{"spec": {"containers": [{"Name": "a"}]}}`:            `unknown field "spec.containers[0].Name"`,
		`{"spec": {"containers": "a"}}`:                        "cannot unmarshal string",
		`{"spec": {"containers": []}}`:                         "node worker-1: spec.containers: must have at least one container",
		`null`:                                                 "node worker-1: spec.containers: must have at least one container",
	} {
		p := planWith("")
		p.Settings.Template = json.RawMessage(template)
		if _, err := renderFor(p, nodeOf("worker-1"), options()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", template, err, want)
		}
	}
}
