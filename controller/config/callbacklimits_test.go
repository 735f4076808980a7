package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestLimits(t *testing.T) {
	tests := map[string]struct {
		text       string // below callback.limits
		want       Limits
		wantIntake func(*Intake) // what is not as standard
	}{
		"none":                       {text: "", want: Limits{}},
		"a size in binary units":     {text: "fileSize: 64Mi", want: Limits{FileSize: 64 << 20}},
		"a size in decimal units":    {text: "fileSize: 64M", want: Limits{FileSize: 64_000_000}},
		"a size in quotes":           {text: `fileSize: "64Mi"`, want: Limits{FileSize: 64 << 20}},
		"a size in bytes":            {text: "fileSize: 65536", want: Limits{FileSize: 65536}},
		"a size with a fraction":     {text: "fileSize: 1.5Mi", want: Limits{FileSize: 3 << 19}},
		"the smallest size":          {text: "resultSize: 1Ki", want: Limits{ResultSize: 1 << 10}},
		"the largest size":           {text: "resultSize: 4Mi", want: Limits{ResultSize: 4 << 20}},
		"a number":                   {text: "filesPerTask: 3", wantIntake: func(in *Intake) { in.FilesPerTask = 3 }},
		"a duration":                 {text: "eventInterval: 1m", wantIntake: func(in *Intake) { in.EventInterval = time.Minute }},
		"a key without a value":      {text: "fileSize:", want: Limits{}},
		"several of different kinds": {text: "series: 5\n    reserve: 1Gi\n    bodyDeadline: 1s", want: Limits{Series: 5, Reserve: 1 << 30, BodyDeadline: time.Second}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, warnings, err := decode(withDefaults("callback:\n  limits:\n    " + tt.text + "\n"))
			if err != nil || len(warnings) > 0 {
				t.Fatalf("%v, %v", warnings, err)
			}
			if diff := cmp.Diff(tt.want, c.Callback.Limits); diff != "" {
				t.Error(diff)
			}
			wantIntake := standardIntake()
			if tt.wantIntake != nil {
				tt.wantIntake(&wantIntake)
			}
			if diff := cmp.Diff(wantIntake, c.Intake); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// refusedLimit is an invalid mapping callback.limits.
type refusedLimit struct {
	text     string
	wantPath string // below callback.limits
	wantSays string
}

func (r refusedLimit) document() string {
	return withDefaults("callback:\n  limits:\n    " + r.text + "\n")
}

func refusedLimits() map[string]refusedLimit {
	return map[string]refusedLimit{
		"a misspelt key":                    {"filesPerTaks: 1", "filesPerTaks", `did you mean "filesPerTask"?`},
		"a size below the least":            {"resultSize: 1023", "resultSize", "1023: must be a size from 1Ki to 4Mi"},
		"a size above the most":             {"resultSize: 4194305", "resultSize", "must be a size from 1Ki to 4Mi"},
		"a size that is negative":           {"fileSize: -1Mi", "fileSize", "must be a size from 1Ki to 10Gi"},
		"a size as other programs write":    {"fileSize: 1MiB", "fileSize", "did you mean 1Mi?"},
		"a size in milli bytes":             {"fileSize: 64m", "fileSize", "must be a size"},
		"a size that is no whole number":    {"fileSize: 1024.5", "fileSize", "must be a size"},
		"a size that is a word":             {"fileSize: large", "fileSize", `"large": must be a size`},
		"a size that is empty":              {`fileSize: ""`, "fileSize", "must be a size"},
		"a size beyond all numbers":         {"fileSize: 1e1000000", "fileSize", "must be a size"},
		"a size that is a list":             {"fileSize: [1Mi]", "fileSize", "is a list: must be a size"},
		"a number below the least":          {"filesPerTask: 0", "filesPerTask", "0: must be a whole number from 1 to 100000"},
		"a number above the most":           {"eventBurst: 1001", "eventBurst", "from 1 to 1000"},
		"a number with a unit":              {"filesPerTask: 1Ki", "filesPerTask", "must be a whole number"},
		"a duration below the least":        {"bodyDeadline: 99ms", "bodyDeadline", "from 100ms to 1h0m0s"},
		"a duration above the most":         {"bodyDeadline: 61m", "bodyDeadline", "from 100ms to 1h0m0s"},
		"a queue deadline that is too long": {"queueDeadline: 41s", "queueDeadline", "from 100ms to 40s"},
		"a percentage beyond all reason":    {"freePercent: 91", "freePercent", "from 1 to 90"},
		"limits that are not a mapping":     {"[]", "", "is a list: must be a mapping"},
		"a list in place of a number":       {"series: [1]", "series", "is a list: must be a whole number"},
		"a text in place of a percentage":   {`freePercent: "10%"`, "freePercent", "must be a whole number"},
	}
}

func TestLimitsThatAreRefused(t *testing.T) {
	for name, tt := range refusedLimits() {
		t.Run(name, func(t *testing.T) {
			_, _, err := decode(tt.document())
			path := strings.TrimSuffix("callback.limits."+tt.wantPath, ".")
			if got := lines(t, err); len(got) != 1 || !hasLine(got, path, tt.wantSays) {
				t.Errorf("got %q, want one of %s that says %q", got, path, tt.wantSays)
			}
		})
	}
}

// limitKeys returns the keys of callback.limits, which the fields are named
// after.
func limitKeys() map[string]bool {
	keys := map[string]bool{}
	for name := range limitValues(Config{}) {
		keys[strings.ToLower(name[:1])+name[1:]] = true
	}
	return keys
}

// limitValues returns the limits of a configuration by the names of their fields.
func limitValues(c Config) map[string]int64 {
	limits := map[string]int64{}
	for _, group := range []reflect.Value{reflect.ValueOf(c.Callback.Limits), reflect.ValueOf(c.Intake)} {
		for i := range group.NumField() {
			limits[group.Type().Field(i).Name] = group.Field(i).Int()
		}
	}
	return limits
}

// A limit has the same name in the configuration, in a response and in the metrics, and a
// field of its own.
func TestEveryLimitCanBeSet(t *testing.T) {
	fields := limitKeys()
	for kind, limits := range execution.Limits() {
		for _, limit := range limits {
			if !fields[string(limit)] {
				t.Errorf("%s of a %s is not in the configuration", limit, kind)
			}
		}
	}
	standard := limitValues(minimal())
	for key := range fields {
		if !slices.ContainsFunc([]string{"11s", "1025", "63"}, func(value string) bool {
			c, _, err := decode(withDefaults(fmt.Sprintf("callback:\n  limits: {%s: %s}\n", key, value)))
			name := strings.ToUpper(key[:1]) + key[1:]
			return err == nil && limitValues(c)[name] != standard[name]
		}) {
			t.Errorf("%s cannot be set", key)
		}
	}
}
