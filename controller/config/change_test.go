package config

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCompareTellsWhatAppliesWhen(t *testing.T) {
	for name, test := range map[string]struct {
		change      func(*Config)
		wantApplies string
		wantWaits   []string
	}{
		"nothing changes":        {func(*Config) {}, "", nil},
		"only the text does":     {func(c *Config) { c.Hash = "other" }, "", nil},
		"what an execution has":  {func(c *Config) { c.PodPoolSize = 20 }, "podPoolSize from the next execution on", nil},
		"the schedule":           {func(c *Config) { c.CronExpression = "@daily" }, "cronExpression at once", nil},
		"what a start looks at":  {func(c *Config) { c.RunOnStartup = true }, "runOnStartup at the next start", nil},
		"the cap of all":         {func(c *Config) { c.MaxPods = 30 }, "maxPods at once", nil},
		"a mapping":              {func(c *Config) { c.JobNodeSelector = map[string]string{"a": "b"} }, "jobNodeSelector from the next execution on", nil},
		"a gauge gets a label":   {func(c *Config) { c.Metrics.Gauges = map[string]Gauge{"g": {Labels: []string{"l"}}} }, "metrics.gauges from the next execution on", nil},
		"what is built at start": {func(c *Config) { c.ReportDirectory = "/data" }, "", []string{`reportDirectory: stays "/var/www" until a restart makes it "/data"`}},
		"a limit of the server": {func(c *Config) { c.Callback.Limits.QueueDeadline = 20 * time.Second }, "", []string{
			"callback.limits.queueDeadline: stays the default until a restart makes it 20s"}},
		"some of each": {func(c *Config) {
			c.Name, c.TimeZone, c.StartupDelay, c.PodTemplate, c.Callback.TLS.Mode = "n", "Asia/Tokyo", 0, "t", TLSSelfSigned
		},
			"timeZone at once; pod-template.yaml from the next execution on; startupDelay at the next start", []string{
				`name: stays "check" until a restart makes it "n"`,
				`callback.tls: stays "off" until a restart makes it "selfSigned"`,
			}},
	} {
		t.Run(name, func(t *testing.T) {
			running, wanted := runs(), runs()
			test.change(&wanted)
			got := Compare(running, wanted)
			if got.Applies() != test.wantApplies {
				t.Errorf("applies: got %q, want %q", got.Applies(), test.wantApplies)
			}
			if diff := cmp.Diff(test.wantWaits, got.Waits()); diff != "" {
				t.Errorf("waits (-want +got):\n%s", diff)
			}
			if got.NeedsRestart() != (len(test.wantWaits) > 0) {
				t.Errorf("needs a restart: got %t", got.NeedsRestart())
			}
		})
	}
}

func runs() Config {
	return Config{
		Controller: Controller{Name: "check", ReportDirectory: "/var/www", Callback: Callback{TLS: TLS{Mode: TLSOff}}},
		Definition: Definition{PodPoolSize: 10, TimeZone: "UTC", StartupDelay: time.Second},
	}
}

// With a definition, keys come or go that otherwise wait for a restart, such as the prefix of
// its metrics.
func TestCompareOfADefinitionThatComesOrGoes(t *testing.T) {
	without, with := runs(), runs()
	without.Definition = Definition{}
	with.HasDefinition, with.Metrics.Prefix = true, "disk"
	for name, test := range map[string]struct {
		running, wanted Config
	}{
		"it comes": {without, with},
		"it goes":  {with, without},
	} {
		t.Run(name, func(t *testing.T) {
			test.wanted.MaxPods = 30
			got := Compare(test.running, test.wanted)
			if diff := cmp.Diff(test.wanted, got.Config); diff != "" {
				t.Errorf("what runs (-want +got):\n%s", diff)
			}
			if want := "the definition, maxPods at once"; got.Applies() != want || got.NeedsRestart() {
				t.Errorf("got %q, a restart is needed: %t, want %q and none", got.Applies(), got.NeedsRestart(), want)
			}
			test.wanted.ReportDirectory = "/data"
			if got := Compare(test.running, test.wanted); len(got.Waits()) != 1 || got.Config.ReportDirectory != "/var/www" {
				t.Errorf("waits: got %q, want a key of the controller as before", got.Waits())
			}
		})
	}
}

func TestCompareKeepsWhatNeedsARestartAndTakesTheRest(t *testing.T) {
	running, wanted := runs(), runs()
	wanted.Name, wanted.Callback.TLS, wanted.Callback.Limits.FileSize = "other", TLS{Mode: TLSSecret, Secret: "s"}, 1
	wanted.PodPoolSize, wanted.Intake.FilesPerTask, wanted.Hash = 20, 2, "new"
	want := runs()
	want.PodPoolSize, want.Intake.FilesPerTask, want.Hash = 20, 2, "new"
	got := Compare(running, wanted)
	if diff := cmp.Diff(want, got.Config); diff != "" {
		t.Errorf("what runs (-want +got):\n%s", diff)
	}
	// It still waits after a change of another key.
	wanted.PodPoolSize = 30
	if got := Compare(got.Config, wanted); len(got.Waits()) != 4 {
		t.Errorf("waits: got %q, want the four of before", got.Waits())
	}
}

// A new field of the configuration has to be declared as a key.
func TestEverySettingHasAReloadPolicy(t *testing.T) {
	var c Config
	unknown := map[any]string{}
	leaves(reflect.ValueOf(&c).Elem(), "Config", unknown)
	delete(unknown, &c.Hash) // of the text, not a key
	delete(unknown, &c.HasDefinition)
	delete(unknown, &c.Template) // only a NodeCronJob has it, and the keys of keysOfResource
	for _, k := range keysOfResource(&c.Definition) {
		if k.Value.Target != any(&c.PodTemplate) {
			delete(unknown, k.Value.Target)
		}
	}
	paths := map[string]bool{}
	for _, s := range settings(&c) {
		if _, ok := unknown[s.target]; !ok {
			t.Errorf("%s: is declared for a field that is none, or declared before", s.path)
		}
		delete(unknown, s.target)
		if paths[s.path] {
			t.Errorf("%s: is declared twice", s.path)
		}
		paths[s.path] = true
		if !slices.Contains([]ReloadPolicy{AtOnce, NextExecution, NextStart, Restart}, s.applies) {
			t.Errorf("%s: has the policy %q", s.path, s.applies)
		}
	}
	for _, field := range unknown {
		t.Errorf("%s: has no reload policy: declare it in keys", field)
	}
}

// leaves collects the fields that are no structs, by their address.
func leaves(v reflect.Value, name string, into map[any]string) {
	for i := range v.NumField() {
		field, name := v.Field(i), name+"."+v.Type().Field(i).Name
		if field.Kind() == reflect.Struct {
			leaves(field, name, into)
		} else {
			into[field.Addr().Interface()] = name
		}
	}
}

// The table in the documentation is the same as the policies in the code.
func TestTheDocumentationTellsWhenAChangeApplies(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]ReloadPolicy{}
	for _, when := range []ReloadPolicy{AtOnce, NextExecution, NextStart, Restart} {
		_, row, found := strings.Cut(string(text), "\n| "+string(when)+" |")
		row, _, _ = strings.Cut(row, "\n")
		if !found {
			t.Errorf("no row %q", when)
		}
		for _, path := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row, -1) {
			documented[path[1]] = when
		}
	}
	listed := map[string]ReloadPolicy{}
	for _, k := range settings(&Config{}) {
		listed[strings.TrimPrefix(k.path, "callback.limits.")] = k.applies
	}
	if diff := cmp.Diff(listed, documented); diff != "" {
		t.Errorf("-code +documentation:\n%s", diff)
	}
}

func TestStartHash(t *testing.T) {
	base := Config{
		Controller: Controller{Name: "one", Callback: Callback{TLS: TLS{Mode: TLSOff}}},
		Definition: Definition{PodPoolSize: 3},
		Hash:       "before",
	}
	onStartup := base
	onStartup.RunOnStartup = true
	tests := map[string]struct {
		from      Config
		change    func(c *Config)
		wantStart bool
	}{
		"nothing":                                {base, func(*Config) {}, false},
		"what the process follows":               {base, func(c *Config) { c.PodPoolSize, c.Hash = 4, "after" }, false},
		"what the process is built of":           {base, func(c *Config) { c.Callback.TLS.Mode, c.Hash = TLSSelfSigned, "after" }, true},
		"nothing, with runOnStartup":             {onStartup, func(*Config) {}, false},
		"what it follows, with runOnStartup":     {onStartup, func(c *Config) { c.PodPoolSize, c.Hash = 4, "after" }, true},
		"runOnStartup, which a start has to see": {base, func(c *Config) { c.RunOnStartup, c.Hash = true, "after" }, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			to := test.from
			test.change(&to)
			before, errBefore := test.from.StartHash()
			after, errAfter := to.StartHash()
			if errBefore != nil || errAfter != nil {
				t.Fatal(errBefore, errAfter)
			}
			if started := before != after; started != test.wantStart {
				t.Errorf("got %s, and then %s", before, after)
			}
		})
	}
}
