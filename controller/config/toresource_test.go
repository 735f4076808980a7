package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

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
