package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

var (
	now    = time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC)
	podEnv = Env{Namespace: "jobs", ConfigMapName: "example", PodIP: "10.0.0.1"}
)

const podTemplate = `apiVersion: v1
kind: Pod
spec:
  containers:
    - name: job
      image: busybox
`

// minimal is the Config of a configuration with only the required keys.
func minimal() Config {
	return Config{
		Controller: Controller{
			Name:                "example",
			ReportDirectory:     "/var/www",
			CallbackServicePort: 8090,
			Callback:            Callback{Auth: execution.TokenAuth, TLS: TLS{Mode: TLSOff}},
			Reports:             Reports{Auth: ReportsNoAuth, TLS: TLS{Mode: TLSOff}},
		},
		Definition: Definition{
			CronExpression:  "42 3 * * *",
			TimeZone:        "UTC",
			ReportHistory:   30,
			JobHistory:      3,
			PodPoolSize:     10,
			StartupDelay:    10 * time.Second,
			StartDeadline:   10 * time.Minute,
			JobTimeout:      time.Hour,
			TokensPerSecret: 50,
			Intake:          standardIntake(),
			Metrics:         Metrics{Prefix: "example"},
			PodTemplate:     podTemplate,
		},
		HasDefinition: true,
	}
}

func standardIntake() Intake {
	return Intake{
		SamplesPerResult: 1000, LabelSets: 100, LabelSize: 128,
		FilesPerTask: 64, BytesPerTask: 128 << 20, ResultsPerTask: 20, EventsPerTask: 30, EventBurst: 10, EventInterval: 30 * time.Second,
		BytesPerExecution: 20 << 30,
	}
}

// documented is the documentation of the predecessor, with the three values
// filled in that it leaves open.
const documented = `
name: "example" # name of the controller; will also be used as prefix for the job pods
jobServiceAccount: "" # service account to be used for the job pods. If empty the default will be used
jobImagePullSecrets: # pull secrets to be used for the job pods for pulling the image
  - name: secret-name
jobNodeSelector: { } # node selector labels to define in which nodes to run the jobs
runOnUnscheduledNodes: true # if true, jobs are also started on nodes that are unschedulable
cronExpression: "42 3 * * *" # the cron expression to trigger the job execution
reportDirectory: "/var/www" # directory to store and serve the reports
reportHistory: 30 # number of execution reports to keep
podPoolSize: 10 # number of concurrent job pods to run
runOnStartup: true # if 'true' the jobs are triggered on startup of the controller
startupDelay: 10s # the delay as duration that is used to start the jobs if runOnStartup is enabled. default is '10s'
callbackServiceName: "" # name of the controller service
callbackServicePort: 8090 # port of the controller callback api service
custom: { } # additional properties that can be used in a custom implementation
latestMetricsLabel: false # if 'true' each result metric is also created with executionID='latest'
leaderElectionResourceLock: "" # type of leader election resource lock to be used.
savePodLog: false # if enabled, pod logs are saved along other with other job files
metrics:
  prefix: "foo" # prefix for the metrics exposed by the controller
  gauges: # metric gauges that will be exposed by the jobs. The key is uses as suffix for the metrics.
    test: # suffix of the metric
      help: "help ..." # help text for the metric
      labels: # list of labels to be used with the metric. node and executionID are automatically added
        - label_a
        - label_b
`

func TestDecodeTakesThePredecessorsDocumentation(t *testing.T) {
	got, warnings, err := decode(documented)
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) > 0 {
		t.Errorf("unwanted warnings: %q", warnings)
	}
	want := minimal()
	want.JobImagePullSecrets = []string{"secret-name"}
	want.RunOnUnscheduledNodes = true
	want.RunOnStartup = true
	want.Custom = map[string]any{}
	want.Metrics = Metrics{Prefix: "foo", Gauges: map[string]Gauge{
		"test": {Help: "help ...", Labels: []string{"label_a", "label_b"}},
	}}
	want.Hash = got.Hash
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDecodeReportsEverythingAtOnce(t *testing.T) {
	text := `
name: Foo_Bar
name: Foo_Bar
podPoolSize: "10"
cronExpression: "60 * * * *"
timeZone: Mars/Base
startupDelay: -5s
reportHistory: 0
savePodLogs: true
metrics:
  prefix: a-b
  gauges:
    pods: {labels: [l, l, 1x]}
    nothing:
`
	_, _, err := Decode(map[string]string{ConfigKey: text, PodTemplateKey: "{{"}, Env{}, now)
	got := lines(t, err)
	want := map[string]string{
		"config.yaml":                    `line 3: key "name" already set`,
		"name":                           `"Foo_Bar"`,
		"podPoolSize":                    "without quotes",
		"cronExpression":                 "60",
		"timeZone":                       "Mars/Base",
		"startupDelay":                   "-5s",
		"reportHistory":                  "from 1",
		"savePodLogs":                    `did you mean "savePodLog"?`,
		"callbackServiceName":            "POD_IP",
		"metrics.prefix":                 "a-b",
		"metrics.gauges[pods]":           "reserved",
		"metrics.gauges[pods].labels[1]": "Duplicate",
		"metrics.gauges[pods].labels[2]": "1x",
		"metrics.gauges[nothing]":        "mapping",
		"pod-template.yaml":              "",
	}
	for path, says := range want {
		if !hasLine(got, path, says) {
			t.Errorf("no problem at %q says %q", path, says)
		}
	}
	if len(got) != len(want) {
		t.Errorf("want %d problems, got %d:\n%s", len(want), len(got), err)
	}
}

func TestDecodeJudgesTheData(t *testing.T) {
	tests := map[string]struct {
		data     map[string]string
		env      Env
		now      time.Time
		wantPath string
		wantSays string
	}{
		"C01 an empty ConfigMap": {
			wantPath: "config.yaml", wantSays: "no such key",
		},
		"C01 another key": {
			data:     map[string]string{"config.yml": "a"},
			wantPath: "config.yaml", wantSays: "only config.yml",
		},
		"C35 no callback service and no address": {
			data:     map[string]string{ConfigKey: withDefaults(""), PodTemplateKey: podTemplate},
			env:      Env{Namespace: "jobs"},
			wantPath: "callbackServiceName", wantSays: "POD_IP",
		},
		"C48 no template": {
			data:     map[string]string{ConfigKey: withDefaults("")},
			wantPath: "pod-template.yaml", wantSays: "no such key",
		},
		"C48 an empty template": {
			data:     map[string]string{ConfigKey: withDefaults(""), PodTemplateKey: " \n"},
			wantPath: "pod-template.yaml", wantSays: "is empty",
		},
		"C10 a template that is no text": {
			data:     map[string]string{ConfigKey: withDefaults(""), PodTemplateKey: "\xff\xfe"},
			wantPath: "pod-template.yaml", wantSays: "UTF-8",
		},
		"C49 a template that does not parse": {
			data:     map[string]string{ConfigKey: withDefaults(""), PodTemplateKey: "{{"},
			wantPath: "pod-template.yaml", wantSays: "",
		},
		"C49 a template with an unknown field": {
			data:     map[string]string{ConfigKey: withDefaults(""), PodTemplateKey: podTemplate + "# {{ .Nope }}"},
			wantPath: "pod-template.yaml", wantSays: "Nope",
		},
		"C50 a template of a Deployment": {
			data:     map[string]string{ConfigKey: withDefaults(""), PodTemplateKey: "apiVersion: apps/v1\nkind: Deployment\n"},
			wantPath: "pod-template.yaml", wantSays: "",
		},
		"C51 a template without containers": {
			data:     map[string]string{ConfigKey: withDefaults(""), PodTemplateKey: "apiVersion: v1\nkind: Pod\n"},
			wantPath: "pod-template.yaml", wantSays: "container",
		},
		"C56 a huge template": {
			data:     map[string]string{ConfigKey: withDefaults(""), PodTemplateKey: podTemplate + "#" + strings.Repeat("x", 256<<10)},
			wantPath: "pod-template.yaml", wantSays: "",
		},
		"C60 a clock before 2020": {
			data:     map[string]string{ConfigKey: withDefaults(""), PodTemplateKey: podTemplate},
			now:      time.Unix(0, 0),
			wantPath: "clock", wantSays: "1970",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if tc.env == (Env{}) {
				tc.env = podEnv
			}
			if tc.now.IsZero() {
				tc.now = now
			}
			_, _, err := Decode(tc.data, tc.env, tc.now)
			if got := lines(t, err); !hasLine(got, tc.wantPath, tc.wantSays) {
				t.Errorf("no problem at %q says %q:\n%s", tc.wantPath, tc.wantSays, strings.Join(got, "\n"))
			}
		})
	}
}

func TestDecodeTakesTheTemplateAsItIs(t *testing.T) {
	tests := map[string]struct {
		template    string
		wantWarning string
	}{
		"C52 labels that are null":              {template: strings.Replace(podTemplate, "spec:", "metadata: {labels: null}\nspec:", 1)},
		"C54 a node name in the template":       {template: podTemplate + "  nodeName: worker\n", wantWarning: "nodeName"},
		"C55 another restart policy":            {template: podTemplate + "  restartPolicy: OnFailure\n", wantWarning: "restartPolicy"},
		"C53 an environment variable redefined": {template: podTemplate + "      env: [{name: NODE_NAME, value: x}]\n", wantWarning: "NODE_NAME"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, warnings, err := Decode(map[string]string{ConfigKey: withDefaults(""), PodTemplateKey: tc.template}, podEnv, now)
			if err != nil {
				t.Fatal(err)
			}
			if got.PodTemplate != tc.template {
				t.Errorf("the template was changed to %q", got.PodTemplate)
			}
			if all := strings.Join(warnings, "\n"); !strings.Contains(all, tc.wantWarning) || (tc.wantWarning == "") != (all == "") {
				t.Errorf("got warnings %q, want %q", all, tc.wantWarning)
			}
		})
	}
}

func TestDecodePrefersTheReportDirectoryOfTheEnvironment(t *testing.T) {
	env := podEnv
	env.ReportDirectory = "/data/"
	c, _, err := Decode(map[string]string{ConfigKey: withDefaults("reportDirectory: nonsense"), PodTemplateKey: podTemplate}, env, now)
	if err != nil || c.ReportDirectory != "/data" {
		t.Errorf("got %q, %v", c.ReportDirectory, err)
	}
}

func TestDecodeHash(t *testing.T) {
	hashOf := func(config, template string) string {
		t.Helper()
		c, _, err := Decode(map[string]string{ConfigKey: config, PodTemplateKey: template, "run.sh": "x"}, podEnv, now)
		if err != nil {
			t.Fatal(err)
		}
		return c.Hash
	}
	first := hashOf(withDefaults(""), podTemplate)
	if len(first) != 12 || hashOf(withDefaults(""), podTemplate) != first {
		t.Errorf("the hash %q is not stable", first)
	}
	if hashOf(withDefaults("podPoolSize: 2"), podTemplate) == first {
		t.Error("config.yaml is not part of the hash")
	}
	if hashOf(withDefaults(""), podTemplate+"# x") == first {
		t.Error("the template is not part of the hash")
	}
	if hashOf(withDefaults("# "), "#\n"+podTemplate) == hashOf(withDefaults("# #\n"), podTemplate) {
		t.Error("text moves from one value to the other unnoticed")
	}
}

func FuzzConfigYAML(f *testing.F) {
	f.Add(documented)
	f.Add(withDefaults("custom: &a [*a]"))
	f.Add(withDefaults("custom: {<<: {a: 1}}\n---\n"))
	f.Add("name: [\n\t- x\xff\x00")
	f.Add(withDefaults("metrics: {prefix: a, gauges: {g: {labels: [node, 1, true, null]}}}"))
	f.Add(withDefaults("startupDelay: 9223372036854775807"))
	f.Fuzz(func(t *testing.T, text string) {
		c, _, err := decode(text)
		if err != nil {
			if len(lines(t, err)) == 0 {
				t.Error("an error without a problem")
			}
			return
		}
		if c.Name == "" || c.PodPoolSize < 1 || c.ReportHistory < 1 || c.StartupDelay < 0 || c.JobTimeout < time.Second || c.Metrics.Prefix == "" {
			t.Errorf("accepted: %+v", c)
		}
	})
}
