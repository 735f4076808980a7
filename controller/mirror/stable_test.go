package mirror

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

const (
	namespace   = "jobs"
	podTemplate = "kind: Pod\nspec:\n  containers:\n    - name: check\n      image: check:1\n"
)

// decode returns the configuration of a ConfigMap.
func decode(text, template string) (config.Config, error) {
	cfg, _, err := config.Decode(map[string]string{config.ConfigKey: text, config.PodTemplateKey: template},
		config.Env{Namespace: namespace, PodIP: "192.0.2.1"}, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	return cfg, err
}

// configOf returns a configuration with some keys more than those that are required.
func configOf(t *testing.T, text string) config.Config {
	t.Helper()
	cfg, err := decode("name: check\ncronExpression: \"0 3 * * *\"\nmetrics: {prefix: check}\n"+text, podTemplate)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// withoutDefinition returns the configuration of a ConfigMap whose definition has left.
func withoutDefinition(t *testing.T) config.Config {
	t.Helper()
	cfg := configOf(t, "")
	return config.Config{Controller: cfg.Controller, Hash: "without"}
}

// stored returns an object as the API server stores and returns it.
func stored(t *testing.T, n *v1alpha1.NodeCronJob) *v1alpha1.NodeCronJob {
	t.Helper()
	n = n.DeepCopy()
	if err := fake.PrepareCreate(n); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	var read v1alpha1.NodeCronJob
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	return &read
}

// checkStable checks that what was written differs neither from what is wanted nor from what
// would be written next.
func checkStable(t *testing.T, cfg config.Config) {
	t.Helper()
	w := WantedOf(cfg, "settings")
	n := stored(t, Decide(w, nil, false).Object)
	if d := Decide(w, n, false); d.Do != Nothing {
		t.Errorf("after it was created: %s %v", d.Do, d.Paths)
	}
	n.Spec = v1alpha1.NodeCronJobSpec{Suspend: true, Priority: 3, ConcurrencyPolicy: v1alpha1.QueueConcurrent}
	d := Decide(w, n, false)
	if d.Do != Restore {
		t.Fatalf("got %s of an empty spec", d.Do)
	}
	if d := Decide(w, stored(t, d.Object), false); d.Do != Nothing {
		t.Errorf("after it was restored: %s %v", d.Do, d.Paths)
	}
}

// unusual has what the API server may write in another form.
const unusual = `
jobNodeSelector: {a: b, c: ""}
imagePullSecrets: [{name: a}]
startupDelay: 10000000000
jobTimeout: 1h0m0.000000001s
result: Optional
callback: {limits: {labelSize: 0.5Ki, bytesPerTask: 1048576, bytesPerExecution: 1000Ti, eventInterval: 90s}}
latestMetricsLabel: true
custom: {a: -0.0, b: 1e20, c: 9007199254740993, d: [{}, [], null, "<\u2028>"], e: 1.50, f: 9223372036854775808}
`

func TestWhatIsWrittenIsWhatIsWanted(t *testing.T) {
	checkStable(t, configOf(t, unusual))
	files, err := filepath.Glob("../../*/*/*/config.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("got only %q, %v", files, err)
	}
	for _, name := range append(files, "../../manifests/config.yaml") {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := decode(string(text), podTemplate)
			if err != nil {
				t.Fatal(err)
			}
			checkStable(t, cfg)
		})
	}
}

func FuzzWhatIsWrittenIsWhatIsWanted(f *testing.F) {
	required := "name: check\ncronExpression: \"0 3 * * *\"\nmetrics: {prefix: check}\n"
	f.Add(required+unusual, podTemplate)
	f.Add(required+"custom: {}\njobNodeSelector: {}\n", "\ufeff"+podTemplate)
	f.Add(required+"custom: {\"\": {\"\": 0.1e-7}}\nreportHistory: 1\n", podTemplate)
	f.Fuzz(func(t *testing.T, text, template string) {
		if cfg, err := decode(text, template); err == nil {
			checkStable(t, cfg)
		}
	})
}
