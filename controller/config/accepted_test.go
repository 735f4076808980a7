package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// acceptedText is a valid config.yaml.
type acceptedText struct {
	text        string
	wantWarning string // empty: there is none
	want        func(*Config)
}

func acceptedTexts() map[string]acceptedText {
	return map[string]acceptedText{
		"C05 three dashes at both ends": {text: "---\n" + withDefaults("") + "---\n"},
		"C61 the prefix that the predecessor's chart gives": {text: "metrics: {prefix: batch_job_controller, gauges: {my_metric: {}}}",
			want: func(c *Config) {
				c.Metrics = Metrics{Prefix: "batch_job_controller", Gauges: map[string]Gauge{"my_metric": {}}}
			}},
		"C08 the documented key of the pull secrets": {text: "jobImagePullSecrets: [{name: a}, {name: b}, {name: a}]",
			want: func(c *Config) { c.JobImagePullSecrets = []string{"a", "b"} }},
		"C08 the key the predecessor read": {text: "imagePullSecrets: [{name: a}]",
			wantWarning: "imagePullSecrets: the documented name of this key is jobImagePullSecrets",
			want:        func(c *Config) { c.JobImagePullSecrets = []string{"a"} }},
		"C08 the empty mapping of the predecessor's chart": {text: "jobImagePullSecrets: {}"},
		"C09 aliases in use": {text: "metrics:\n  prefix: example\n  gauges:\n    a: {labels: &l [x, z]}\n    b: {labels: *l}\n",
			want: func(c *Config) {
				c.Metrics.Gauges = map[string]Gauge{"a": {Labels: []string{"x", "z"}}, "b": {Labels: []string{"x", "z"}}}
			}},
		"C10 a byte order mark":         {text: "\ufeff" + withDefaults("")},
		"C12 a name of 63 characters":   {text: "name: " + strings.Repeat("x", 63), want: func(c *Config) { c.Name = strings.Repeat("x", 63) }},
		"C12 a name without quotes":     {text: "name: 123", wantWarning: `name: taken as the text "123"`, want: func(c *Config) { c.Name = "123" }},
		"C14 a whole number as a power": {text: "podPoolSize: 1e2", want: func(c *Config) { c.PodPoolSize = 100 }},
		"a cap over all definitions":    {text: "maxPods: 10000", want: func(c *Config) { c.MaxPods = 10_000 }},
		"no cap over all definitions":   {text: "maxPods: 0"},
		"C17 a report directory with a slash at its end": {text: "reportDirectory: /data/reports/",
			want: func(c *Config) { c.ReportDirectory = "/data/reports" }},
		"C22 every minute": {text: `cronExpression: "@every 1m"`, want: func(c *Config) { c.CronExpression = "@every 1m" }},
		"C25 a zone before the fields": {text: `cronExpression: "CRON_TZ=Europe/Zurich 0 0 * * *"`,
			wantWarning: "cronExpression: the time zone should not be part of the expression: write timeZone: Europe/Zurich",
			want:        func(c *Config) { c.CronExpression, c.TimeZone = "0 0 * * *", "Europe/Zurich" }},
		"C26 a time zone":                   {text: "timeZone: America/New_York", want: func(c *Config) { c.TimeZone = "America/New_York" }},
		"C28 the documented start-up delay": {text: "startupDelay: 20s", want: func(c *Config) { c.StartupDelay = 20 * time.Second }},
		"C29 a start-up delay without a unit": {text: "startupDelay: 20",
			wantWarning: "startupDelay: 20 has no unit and is taken as 20s: write 20s",
			want:        func(c *Config) { c.StartupDelay = 20 * time.Second }},
		"C29 a start-up delay in nanoseconds": {text: "startupDelay: 20000000000",
			wantWarning: "startupDelay: 20000000000 has no unit and is taken as 20s",
			want:        func(c *Config) { c.StartupDelay = 20 * time.Second }},
		"C30 the longest duration": {text: "jobTimeout: 1000h", want: func(c *Config) { c.JobTimeout = 1000 * time.Hour }},
		"C30 no start-up delay":    {text: "startupDelay: 0s", want: func(c *Config) { c.StartupDelay = 0 }},
		"C31 a node selector": {text: `jobNodeSelector: {node-role.kubernetes.io/worker: "", zone: a, empty: }`,
			want: func(c *Config) {
				c.JobNodeSelector = map[string]string{"node-role.kubernetes.io/worker": "", "zone": "a", "empty": ""}
			}},
		"C31 a node selector without quotes": {text: "jobNodeSelector: {batch: true}",
			wantWarning: `jobNodeSelector[batch]: taken as the text "true"`,
			want:        func(c *Config) { c.JobNodeSelector = map[string]string{"batch": "true"} }},
		"C34 the ports the predecessor let people choose": {text: "healthProbePort: 9152\nmetrics: {prefix: example, port: 0}"},
		"C38 the lock that is used":                       {text: "leaderElectionResourceLock: leases"},
		"C38 a lock that is gone": {text: "leaderElectionResourceLock: configmapsleases",
			wantWarning: "leaderElectionResourceLock: configmapsleases no longer exists in Kubernetes: a Lease is used"},
		"C41 a gauge that ends like a counter": {text: "metrics: {prefix: example, gauges: {a_total: {}}}",
			wantWarning: "metrics.gauges[a_total]: _total",
			want:        func(c *Config) { c.Metrics.Gauges = map[string]Gauge{"a_total": {}} }},
		"C44 the labels every gauge has anyway": {text: "metrics: {prefix: example, gauges: {g: {labels: [node, a, executionID]}}}",
			want: func(c *Config) { c.Metrics.Gauges = map[string]Gauge{"g": {Labels: []string{"a"}}} }},
		"keys without a value": {text: "podPoolSize:\nrunOnStartup:\nstartupDelay:\ncustom:\njobNodeSelector:\njobImagePullSecrets:\ntimeZone:\n"},
		"custom properties keep their numbers": {text: "custom: {i: 9007199254740993, f: 1.5, nested: {a: [b]}}",
			want: func(c *Config) {
				c.Custom = map[string]any{"i": int64(9007199254740993), "f": 1.5, "nested": map[string]any{"a": []any{"b"}}}
			}},
	}
}

func TestDecodeAccepts(t *testing.T) {
	for name, tc := range acceptedTexts() {
		t.Run(name, func(t *testing.T) {
			got, warnings, err := decode(tc.document())
			if err != nil {
				t.Fatal(err)
			}
			want := minimal()
			want.Hash = got.Hash
			if tc.want != nil {
				tc.want(&want)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			switch {
			case tc.wantWarning == "" && len(warnings) > 0:
				t.Errorf("unwanted warnings: %q", warnings)
			case tc.wantWarning != "" && (len(warnings) != 1 || !strings.HasPrefix(warnings[0], tc.wantWarning)):
				t.Errorf("got warnings %q, want %q", warnings, tc.wantWarning)
			}
		})
	}
}

// withDefaults adds what every configuration must have and the text does not.
func withDefaults(text string) string {
	var b strings.Builder
	for _, line := range []string{"name: example", `cronExpression: "42 3 * * *"`, "metrics: {prefix: example}"} {
		key, _, _ := strings.Cut(line, " ")
		if !strings.HasPrefix(text, key) && !strings.Contains(text, "\n"+key) {
			b.WriteString(line + "\n")
		}
	}
	return b.String() + text
}

func decode(text string) (Config, []string, error) {
	return Decode(map[string]string{ConfigKey: text, PodTemplateKey: podTemplate}, podEnv, now)
}

func lines(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("%T is not Problems: %v", err, err)
	}
	return problems.Lines()
}

// hasLine reports whether one of the lines has the path and the text.
func hasLine(lines []string, path, says string) bool {
	for _, line := range lines {
		if strings.HasPrefix(line, path+": ") && strings.Contains(line, says) {
			return true
		}
	}
	return false
}

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func (a acceptedText) document() string {
	if strings.Contains(a.text, "---") || strings.HasPrefix(a.text, "\ufeff") {
		return a.text
	}
	return withDefaults(a.text)
}
