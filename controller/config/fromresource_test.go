package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

func resourceOf(spec v1alpha1.NodeCronJobSpec) *v1alpha1.NodeCronJob {
	return &v1alpha1.NodeCronJob{ObjectMeta: metav1.ObjectMeta{Name: "example"}, Spec: spec}
}

// minimalSpec is the spec of a NodeCronJob with only the required fields.
func minimalSpec() v1alpha1.NodeCronJobSpec {
	return v1alpha1.NodeCronJobSpec{CronExpression: "42 3 * * *", Metrics: v1alpha1.Metrics{Prefix: "example"}, PodTemplate: podTemplate}
}

func TestFromResource(t *testing.T) {
	template := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "b"}}}}
	tests := map[string]struct {
		change func(*v1alpha1.NodeCronJobSpec)
		want   func(*Definition)
	}{
		"only what is required has the defaults of the ConfigMap": {func(*v1alpha1.NodeCronJobSpec) {}, func(*Definition) {}},
		"a structured template": {
			func(s *v1alpha1.NodeCronJobSpec) { s.PodTemplate, s.Template = "", template },
			func(d *Definition) { d.PodTemplate, d.Template = "", template },
		},
		"what config.yaml lacks": {
			func(s *v1alpha1.NodeCronJobSpec) {
				s.Suspend, s.ConcurrencyPolicy, s.Priority = true, v1alpha1.ReplaceConcurrent, -5
			},
			func(d *Definition) { d.Suspend, d.ConcurrencyPolicy, d.Priority = true, plan.ReplaceConcurrent, -5 },
		},
		"the default policy": {
			func(s *v1alpha1.NodeCronJobSpec) { s.ConcurrencyPolicy = v1alpha1.ForbidConcurrent },
			func(*Definition) {},
		},
		"durations, sizes, lists and free-form values": {
			func(s *v1alpha1.NodeCronJobSpec) {
				size := resource.MustParse("1.5Ki")
				s.StartingDeadline, s.StartupDelay, s.Callback.Limits.LabelSize = v1alpha1.NewDuration(90*time.Second), v1alpha1.NewDuration(0), &size
				s.JobImagePullSecrets = []corev1.LocalObjectReference{{Name: "a"}, {Name: "b"}}
				s.JobNodeSelector = map[string]v1alpha1.LabelValue{"x": ""}
				s.Metrics.Gauges = map[string]v1alpha1.Gauge{"g": {Help: "h", Labels: []v1alpha1.MetricLabel{"l"}}}
				s.Custom = &runtime.RawExtension{Raw: []byte(`{"a": 1, "b": [1.5]}`)}
			},
			func(d *Definition) {
				d.StartingDeadline, d.StartupDelay, d.Intake.LabelSize = 90*time.Second, 0, 1536
				d.JobImagePullSecrets, d.JobNodeSelector = []string{"a", "b"}, map[string]string{"x": ""}
				d.Metrics.Gauges = map[string]Gauge{"g": {Help: "h", Labels: []string{"l"}}}
				d.Custom = map[string]any{"a": int64(1), "b": []any{1.5}}
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			spec, want := minimalSpec(), minimal().Definition
			tt.change(&spec)
			tt.want(&want)
			got, warnings, problems := FromResource(resourceOf(spec), now)
			if len(problems) > 0 || len(warnings) > 0 {
				t.Fatalf("problems %v, warnings %q", problems, warnings)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestFromResourceReportsEverythingAtOnce(t *testing.T) {
	size := resource.MustParse("5Ki")
	n := resourceOf(v1alpha1.NodeCronJobSpec{
		CronExpression: "60 * * * *", PodPoolSize: 1001, JobTimeout: v1alpha1.NewDuration(-time.Second), ConcurrencyPolicy: "Never", Priority: 1001,
		JobNodeSelector:     map[string]v1alpha1.LabelValue{"a b": "c"},
		JobImagePullSecrets: []corev1.LocalObjectReference{{}},
		Callback:            v1alpha1.Callback{Limits: v1alpha1.CallbackLimits{LabelSize: &size, EventBurst: 1001}},
		Metrics: v1alpha1.Metrics{Prefix: "go", Gauges: map[string]v1alpha1.Gauge{
			"pods": {}, "g": {Labels: []v1alpha1.MetricLabel{"l", "l"}},
		}},
	})
	n.Name = "a.b"
	d, _, problems := FromResource(n, now)
	want := map[string]string{
		"metadata.name":                    "a.b",
		"spec.cronExpression":              "60",
		"spec.podPoolSize":                 "1001: must be a whole number from 1 to 1000",
		"spec.jobTimeout":                  "from 1s",
		"spec.concurrencyPolicy":           `"Forbid", "Queue", "Replace"`,
		"spec.priority":                    "from -1000 to 1000",
		"spec.jobNodeSelector[a b]":        "alphanumeric",
		"spec.jobImagePullSecrets[0].name": "name of a Secret",
		"spec.callback.limits.labelSize":   "from 1 to 4Ki",
		"spec.callback.limits.eventBurst":  "from 1 to 1000",
		"spec.metrics.prefix":              "begin with go_",
		"spec.metrics.gauges[pods]":        "reserved",
		"spec.metrics.gauges[g].labels[1]": "Duplicate",
		"spec.template":                    "template or podTemplate",
	}
	got := problems.Lines()
	for path, says := range want {
		if !hasLine(got, path, says) {
			t.Errorf("no problem at %q says %q", path, says)
		}
	}
	if len(got) != len(want) {
		t.Errorf("want %d problems, got %d:\n%s", len(want), len(got), problems.Error())
	}
	if diff := cmp.Diff(Definition{}, d); diff != "" {
		t.Errorf("a definition comes with the problems: %s", diff)
	}
}

func TestFromResourceRefuses(t *testing.T) {
	tests := map[string]struct {
		change         func(*v1alpha1.NodeCronJobSpec)
		path, wantSays string
	}{
		"both templates":             {func(s *v1alpha1.NodeCronJobSpec) { s.Template = &corev1.PodTemplateSpec{} }, "spec.podTemplate", "together with template"},
		"a text that is no template": {func(s *v1alpha1.NodeCronJobSpec) { s.PodTemplate = "{{" }, "spec.podTemplate", ""},
		"no container in the structure": {func(s *v1alpha1.NodeCronJobSpec) {
			s.PodTemplate, s.Template = "", &corev1.PodTemplateSpec{}
		}, "spec.template.spec.containers", "at least one container"},
		"a container without an image in the structure": {func(s *v1alpha1.NodeCronJobSpec) {
			s.PodTemplate, s.Template = "", &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "b"}, {Name: "c"}}}}
		}, "spec.template.spec.containers[1].image", "must have an image"},
		"a structure that is too large": {func(s *v1alpha1.NodeCronJobSpec) {
			s.PodTemplate, s.Template = "", &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Hostname: strings.Repeat("x", 256<<10)}}
		}, "spec.template", "262144 bytes"},
		"a container without an image": {func(s *v1alpha1.NodeCronJobSpec) {
			s.PodTemplate = strings.Replace(podTemplate, "image: busybox", "args: []", 1)
		}, "spec.podTemplate.spec.containers[0].image", ""},
		"free-form values that are no mapping": {func(s *v1alpha1.NodeCronJobSpec) { s.Custom = &runtime.RawExtension{Raw: []byte("[]")} }, "spec.custom", "mapping"},
		"free-form values that are no JSON":    {func(s *v1alpha1.NodeCronJobSpec) { s.Custom = &runtime.RawExtension{Raw: []byte("{")} }, "spec", "JSON"},
		"a time zone in both places":           {func(s *v1alpha1.NodeCronJobSpec) { s.CronExpression, s.TimeZone = "TZ=UTC @daily", "UTC" }, "spec.cronExpression", "only one"},
		"a time zone that does not exist":      {func(s *v1alpha1.NodeCronJobSpec) { s.TimeZone = "Mars/Base" }, "spec.timeZone", "Mars/Base"},
		"nothing at all":                       {func(s *v1alpha1.NodeCronJobSpec) { *s = v1alpha1.NodeCronJobSpec{} }, "spec.metrics.prefix", "must be set"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			spec := minimalSpec()
			tt.change(&spec)
			_, _, problems := FromResource(resourceOf(spec), now)
			if !hasLine(problems.Lines(), tt.path, tt.wantSays) {
				t.Errorf("no problem at %q says %q:\n%v", tt.path, tt.wantSays, problems)
			}
		})
	}
}

func TestFromResourceWarnsOfWhatTheControllerOverrides(t *testing.T) {
	spec := minimalSpec()
	spec.PodTemplate, spec.Template = "", &corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyAlways, Containers: []corev1.Container{{Name: "a", Image: "b"}},
	}}
	_, warnings, problems := FromResource(resourceOf(spec), now)
	if len(problems) > 0 || len(warnings) != 1 || !strings.HasPrefix(warnings[0], "spec.template.spec.restartPolicy: not used") {
		t.Errorf("problems %v, warnings %q", problems, warnings)
	}
}

// A definition of the ConfigMap is the same as a NodeCronJob.
func TestDefinitionsSurviveAsAResource(t *testing.T) {
	for name, d := range acceptedDefinitions(t) {
		t.Run(name, func(t *testing.T) { checkRoundTrip(t, d) })
	}
}

// What ToResource returns is what the API server stores.
func TestToResourceHasTheDefaultsOfTheAPIServer(t *testing.T) {
	spec := nodeCronJobSpec(t)
	for name, d := range acceptedDefinitions(t) {
		t.Run(name, func(t *testing.T) {
			written := ToResource(d)
			text, err := json.Marshal(written)
			if err != nil {
				t.Fatal(err)
			}
			var fields map[string]any
			decoder := json.NewDecoder(bytes.NewReader(text))
			decoder.UseNumber()
			if err := decoder.Decode(&fields); err != nil {
				t.Fatal(err)
			}
			addDefaults(spec, fields)
			if text, err = json.Marshal(fields); err != nil {
				t.Fatal(err)
			}
			var stored v1alpha1.NodeCronJobSpec
			if err := json.Unmarshal(text, &stored); err != nil {
				t.Fatal(err)
			}
			if !equality.Semantic.DeepEqual(written, stored) {
				t.Errorf("-written +stored:\n%s", cmp.Diff(written, stored))
			}
		})
	}
}

// addDefaults adds the defaults of a schema, as the API server does.
func addDefaults(s fieldSchema, fields map[string]any) {
	for name, property := range s.Properties {
		if _, ok := fields[name]; !ok && property.Default != nil {
			fields[name] = property.Default
		}
		if inner, ok := fields[name].(map[string]any); ok {
			addDefaults(property, inner)
		}
	}
}

func checkRoundTrip(t *testing.T, d Definition) {
	t.Helper()
	text, err := json.Marshal(resourceOf(ToResource(d))) // on its way to the API server and back
	if err != nil {
		t.Fatal(err)
	}
	var n v1alpha1.NodeCronJob
	if err := json.Unmarshal(text, &n); err != nil {
		t.Fatal(err)
	}
	got, _, problems := FromResource(&n, now)
	if len(problems) > 0 {
		t.Fatalf("problems of the resource: %v", problems)
	}
	if diff := cmp.Diff(d, got); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// acceptedDefinitions returns the definitions of all valid configurations of the tests, the
// documentation and the manifests, and one in which nothing is as standard.
func acceptedDefinitions(t *testing.T) map[string]Definition {
	t.Helper()
	definitions := map[string]Definition{"nothing as standard": unusual(t)}
	documents := map[string]string{"the documentation of the predecessor": documented}
	for name, tc := range acceptedTexts() {
		documents[name] = tc.document()
	}
	files, err := filepath.Glob("../../*/*/*/config.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("got only %q, %v", files, err)
	}
	for _, name := range append(files, "../../manifests/config.yaml") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		documents[name] = string(text)
	}
	for name, text := range documents {
		c, _, err := decode(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		definitions[name] = c.Definition
	}
	return definitions
}

// unusual is a definition without any zero value or default: a field that is lost shows.
func unusual(t *testing.T) Definition {
	t.Helper()
	var spec v1alpha1.NodeCronJobSpec
	if err := yaml.UnmarshalStrict([]byte(`
cronExpression: "@hourly"
timeZone: Europe/Zurich
startingDeadline: 5m
suspend: true
concurrencyPolicy: Queue
priority: 7
runOnStartup: true
startupDelay: 1ms
jobNodeSelector: {a: b, c: ""}
runOnUnscheduledNodes: true
tolerateNoExecute: true
podPoolSize: 11
startDeadline: 11s
jobTimeout: 1h0m0.000000001s
backoffLimit: 1
jobServiceAccount: a.b
jobImagePullSecrets: [{name: a}, {name: b}]
reportHistory: 31
jobHistory: 4
savePodLog: true
result: Optional
callback:
  tokensPerSecret: 1
  limits: {samplesPerResult: 1, labelSets: 2, labelSize: 3, filesPerTask: 4, bytesPerTask: 5Ki, resultsPerTask: 6, eventsPerTask: 7, eventBurst: 8, eventInterval: 9s, bytesPerExecution: 1000Ti}
metrics: {prefix: "a:b", gauges: {x: {}, y: {help: "é", labels: [m, l]}}}
latestMetricsLabel: true
custom: {a: {b: [1, 1.5, null, "<é>", 1e300]}}
`), &spec); err != nil {
		t.Fatal(err)
	}
	spec.PodTemplate = "# é\r\n" + podTemplate
	d, _, problems := FromResource(resourceOf(spec), now)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	standard := minimal().Definition
	before, after := map[string]string{}, map[string]string{}
	texts(reflect.ValueOf(standard), "", before)
	texts(reflect.ValueOf(d), "", after)
	for name := range before {
		if before[name] == after[name] && name != "Template" {
			t.Errorf("%s is as standard", name)
		}
	}
	return d
}

// texts collects the fields that are no structs as texts, by name.
func texts(v reflect.Value, name string, into map[string]string) {
	if v.Kind() != reflect.Struct {
		into[name] = fmt.Sprint(v.Interface())
		return
	}
	for i := range v.NumField() {
		texts(v.Field(i), v.Type().Field(i).Name, into)
	}
}

func FuzzDefinitionAsAResource(f *testing.F) {
	for _, tc := range acceptedTexts() {
		f.Add(tc.document(), podTemplate)
	}
	f.Add(documented, "\ufeff\ufeff"+podTemplate)
	f.Add(withDefaults("custom: {a: -0.0, b: 1e20, c: 9223372036854775808, d: [{}, [], null, \"<\\u2028\"]}"), podTemplate)
	f.Add(withDefaults("custom: {}\njobNodeSelector: {}\njobTimeout: 999h59m59.999999999s"), podTemplate)
	f.Fuzz(func(t *testing.T, text, template string) {
		c, _, err := Decode(map[string]string{ConfigKey: text, PodTemplateKey: template}, podEnv, now)
		if err == nil {
			checkRoundTrip(t, c.Definition)
		}
	})
}
