package metrics_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

const first = execution.ID("20260102030405")

func newResults() *metrics.Results { return metrics.NewResults(exampleOptions()) }

// decode decodes a result that a node sends as its first.
func decode(r *metrics.Results, body []byte) (metrics.Samples, error) {
	result, _, err := r.Merge(key(first, "n"), nil, body, nil)
	return result.Samples, err
}

func exampleOptions() metrics.ResultOptions {
	return metrics.ResultOptions{
		Prefix: "foo",
		Latest: true,
		Gauges: []metrics.Gauge{
			{Name: "test", Help: "help of test", Labels: []string{"label_a", "node", "label_b", "executionID", "label_a"}},
			{Name: "plain", Help: "help of plain"},
		},
		Info: metrics.Info{Version: "1.2.3", Name: "example", PoolSize: 10, ReportHistory: 30, Cron: "42 3 * * *"},
	}
}

func plain(values ...float64) metrics.Samples {
	var all metrics.Samples
	for _, value := range values {
		all = append(all, metrics.Sample{Gauge: "plain", Labels: []string{}, Value: value})
	}
	return all
}

func TestResultsThatAreTaken(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want metrics.Samples
	}{
		"the documented example": {
			`{"test": [
				{"value": 1.0, "labels": {"label_a": "AAA", "label_b": "BBB"}},
				{"value": 2.554, "labels": {"label_a": "AAA2", "label_b": "BBB2"}}
			]}`,
			metrics.Samples{
				{Gauge: "test", Labels: []string{"AAA", "BBB"}, Value: 1},
				{Gauge: "test", Labels: []string{"AAA2", "BBB2"}, Value: 2.554},
			},
		},
		"two gauges": {
			`{"plain":[{"value":1}],"test":[{"value":2}]}`,
			append(plain(1), metrics.Sample{Gauge: "test", Labels: []string{"", ""}, Value: 2}),
		},
		"labels are null":                  {`{"plain":[{"labels":null,"value":1}]}`, plain(1)},
		"R03 no gauges":                    {"{}", metrics.Samples{}},
		"labels are empty":                 {`{"plain":[{"labels":{},"value":1}]}`, plain(1)},
		"R22 too small to tell from 0":     {`{"plain":[{"value":1e-999}]}`, plain(0)},
		"R23 an integer of 29 digits":      {`{"plain":[{"value":12345678901234567890123456789}]}`, plain(12345678901234567890123456789)},
		"R24 the smallest":                 {`{"plain":[{"value":5e-324}]}`, plain(5e-324)},
		"R24 the largest":                  {`{"plain":[{"value":1.7976931348623157e308}]}`, plain(math.MaxFloat64)},
		"R30 a configured label is absent": {`{"test":[{"value":1,"labels":{"label_b":"x"}}]}`, metrics.Samples{{Gauge: "test", Labels: []string{"", "x"}, Value: 1}}},
		"R31 the identity is there":        {`{"plain":[{"value":1,"labels":{"node":"n","executionID":"20260102030405"}}]}`, plain(1)},
		"R33 a surrogate pair":             {`{"test":[{"value":1,"labels":{"label_a":"\ud83d\ude00 \\ud800 \u00e9"}}]}`, metrics.Samples{{Gauge: "test", Labels: []string{"😀 \\ud800 é", ""}, Value: 1}}},
		"R35 a label of 128 bytes":         {`{"test":[{"value":1,"labels":{"label_a":"` + strings.Repeat("x", 128) + `"}}]}`, metrics.Samples{{Gauge: "test", Labels: []string{strings.Repeat("x", 128), ""}, Value: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode(newResults(), []byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMinusZeroStaysMinusZero(t *testing.T) {
	got, err := decode(newResults(), []byte(`{"plain":[{"value":-0}]}`))
	if err != nil || !math.Signbit(got[0].Value) {
		t.Errorf("R24: got %v, %v", got, err)
	}
}

// label is a result of which one label has a value, as JSON.
func label(value string) string {
	return `{"test":[{"value":1,"labels":{"label_a":` + value + `}}]}`
}

func value(v string) string { return `{"plain":[{"value":` + v + `}]}` }

// sets is a result of n different label sets of a gauge.
func sets(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,{"value":%d,"labels":{"label_a":"%d"}}`, i, i)
	}
	return `{"test":[` + strings.TrimPrefix(b.String(), ",") + `]}`
}

func TestResultsThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		body, wantPath, want string
	}{
		"R01 nothing":                       {"", "", "is empty"},
		"R01 spaces":                        {" \r\n\t", "", "is empty"},
		"R02 null":                          {"null", "", "not null"},
		"R04 a list":                        {"[]", "", "not a list"},
		"R04 text":                          {`"x"`, "", "not text"},
		"R04 a number":                      {"1", "", "not a number"},
		"R04 true":                          {"true", "", "not true or false"},
		"R05 truncated":                     {`{"test":`, "", "unexpected end of JSON input at byte 8"},
		"R06 something follows":             {value("1") + " x", "", "after top-level value"},
		"R06 two documents":                 {value("1") + value("1"), "", "after top-level value"},
		"R07 a byte order mark":             {"\ufeff" + value("1"), "", "BOM"},
		"R08 a comment":                     {"/* */" + value("1"), "", "is invalid JSON"},
		"R08 a trailing comma":              {`{"plain":[{"value":1},]}`, "", "is invalid JSON"},
		"R08 single quotes":                 {`{'plain':[{'value':1}]}`, "", "is invalid JSON"},
		"R09 10,001 levels":                 {strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001), "", "exceeded max depth"},
		"R09 9 levels":                      {`{"plain":` + strings.Repeat("[", 8) + strings.Repeat("]", 8) + `}`, "plain[0]", "not a list"},
		"R10 an unknown gauge":              {`{"other":[{"value":1}]}`, "other", "is not a configured gauge: must be one of plain, test"},
		"R11 unknown and known":             {`{"plain":[{"value":1}],"other":[{"value":1}]}`, "other", "is not a configured gauge"},
		"R12 a gauge without a name":        {`{"":[{"value":1}]}`, `[""]`, "is not a configured gauge"},
		"R13 a gauge is null":               {`{"test":null}`, "test", "not null"},
		"R13 no samples":                    {`{"test":[]}`, "test", "must not be empty"},
		"R14 a gauge is an object":          {`{"test":{}}`, "test", "not an object"},
		"R15 a sample is null":              {`{"test":[null]}`, "test[0]", "not null"},
		"R16 no value":                      {`{"test":[{}]}`, "test[0]", "value is missing"},
		"R17 null":                          {value("null"), "plain[0].value", "must be a number, not null"},
		"R18 a number as text":              {value(`"1"`), "plain[0].value", "must be a number, not text"},
		"R18 true as a value":               {value("true"), "plain[0].value", "must be a number, not true or false"},
		"R18 an object as a value":          {value("{}"), "plain[0].value", "must be a number, not an object"},
		"R19 NaN":                           {value("NaN"), "", "is invalid JSON"},
		"R19 Infinity":                      {value("Infinity"), "", "is invalid JSON"},
		"R19 -Infinity":                     {value("-Infinity"), "", "is invalid JSON"},
		"R20 NaN as text":                   {value(`"NaN"`), "plain[0].value", "must be a number"},
		"R21 too large a number":            {value("1e999"), "plain[0].value", `"1e999" is out of range`},
		"R21 too small a number":            {value("-1e999"), "plain[0].value", "is out of range"},
		"R25 hexadecimal":                   {value("0x10"), "", "is invalid JSON"},
		"R25 a leading zero":                {value("01"), "", "is invalid JSON"},
		"R25 nothing after the point":       {value("1."), "", "is invalid JSON"},
		"R25 a plus sign":                   {value("+1"), "", "is invalid JSON"},
		"R25 underscores":                   {value("1_000"), "", "is invalid JSON"},
		"R26 a value twice":                 {`{"plain":[{"value":1,"value":2}]}`, "plain[0].value", "occurs twice"},
		"R26 a gauge twice":                 {`{"plain":[{"value":1}],"plain":[{"value":2}]}`, "plain", "occurs twice"},
		"R26 a label twice":                 {`{"test":[{"value":1,"labels":{"label_a":"x","label_a":"x"}}]}`, "test[0].labels.label_a", "occurs twice"},
		"R27 other letters":                 {`{"plain":[{"VALUE":3}]}`, "plain[0].VALUE", "is unknown: must be value or labels"},
		"R28 another field":                 {`{"plain":[{"value":1,"ts":1}]}`, "plain[0].ts", "is unknown"},
		"R29 an unknown label":              {`{"test":[{"value":1,"labels":{"x":"y"}}]}`, "test[0].labels.x", "must be one of label_a, label_b"},
		"R29 a label of a gauge without":    {`{"plain":[{"value":1,"labels":{"x":"y"}}]}`, "plain[0].labels.x", "the gauge has none"},
		"R31 another node":                  {`{"plain":[{"value":1,"labels":{"node":"m"}}]}`, "plain[0].labels.node", `is "m": must be "n"`},
		"R31 another execution":             {`{"plain":[{"value":1,"labels":{"executionID":"latest"}}]}`, "plain[0].labels.executionID", `is "latest"`},
		"R32 a label is a number":           {label("1"), "test[0].labels.label_a", "must be text, not a number"},
		"R32 a label is null":               {label("null"), "test[0].labels.label_a", "must be text, not null"},
		"R32 a label is a list":             {label("[]"), "test[0].labels.label_a", "must be text, not a list"},
		"R32 labels are a list":             {`{"test":[{"value":1,"labels":[]}]}`, "test[0].labels", "not a list"},
		"R33 half of a surrogate pair":      {label(`"a\ud800b"`), "", "half of a surrogate pair at byte 42"},
		"R33 the other half":                {label(`"\ude00"`), "", "half of a surrogate pair"},
		"R33 two first halves":              {label(`"\ud83d\ud83d"`), "", "half of a surrogate pair"},
		"R33 half a pair and another rune":  {label(`"\ud83d\u0041"`), "", "half of a surrogate pair"},
		"R33 invalid UTF-8":                 {label("\"\xff\""), "", "is not UTF-8"},
		"R34 NUL":                           {label(`"\u0000"`), "test[0].labels.label_a", "control or formatting character at byte 0"},
		"R34 a new line":                    {label(`"a\nb"`), "test[0].labels.label_a", "at byte 1"},
		"R34 escape":                        {label(`"\u001b[31m"`), "test[0].labels.label_a", "control"},
		"R34 right-to-left":                 {label(`"\u202e"`), "test[0].labels.label_a", "formatting"},
		"R35 a label of 129 bytes":          {label(`"` + strings.Repeat("x", 129) + `"`), "test[0].labels.label_a", "is 129 bytes long: must be at most 128"},
		"R36 a label set twice":             {`{"plain":[{"value":1},{"value":2}]}`, "plain[1]", "has the labels of another sample"},
		"R36 a label set twice, one spelt":  {`{"test":[{"value":1},{"value":2,"labels":{"label_a":""}}]}`, "test[1]", "has the labels of another sample"},
		"R37 too many label sets":           {sets(101), "test[100]", "limit of 100 label sets"},
		"R41 Prometheus' text":              {"# HELP plain x\nplain 1\n", "", "this is the Prometheus text format: must be JSON such as"},
		"R41 a line of Prometheus' text":    {`foo_test{label_a="x"} 1.5e3` + "\n", "", "this is the Prometheus text format"},
		"R41 single quotes":                 {`{'plain':[{'value':1}]}`, "", "must be in double quotes"},
		"R41 no quotes":                     {`{plain: [{value: 1}]}`, "", "the shell removes them"},
		"R41 the name of a file":            {"@/tmp/result.json", "", "this is a file name; to send the content of the file, use curl -d @<path>"},
		"R41 a file":                        {"PK\x03\x04", "", "send files to the URL in CALLBACK_SERVICE_FILE_URL"},
		"R41 NaN":                           {value("NaN"), "", "JSON has no NaN and no Infinity"},
		"R41 a comma too many":              {`{"plain":[{"value":1},]}`, "", "no trailing comma"},
		"R41 a list at the top":             {`[{"plain":1}]`, "", `must be an object of gauges such as {"name": [{"value": 1, "labels": {}}]}, not a list`},
		"R41 a number as a gauge":           {`{"plain":5.50}`, "plain", `is a number: must be a list such as [{"value": 5.50}]`},
		"R41 a list of numbers":             {`{"plain":[1]}`, "plain[0]", `must be an object such as {"value": 1}, not a number`},
		"R41 a number in quotes":            {value(`"1.5"`), "plain[0].value", "must be a number, not text: must be 1.5 without quotes"},
		"R41 the prefix":                    {`{"foo_plain":[{"value":1}]}`, "foo_plain", `The controller adds the prefix: must be "plain"`},
		"R41 capitals":                      {`{"Plain":[{"value":1}]}`, "Plain", `It must be written as "plain"`},
		"R41 an event":                      {`{"reason":"R","message":"m"}`, "reason", "This looks like an event: send events to the URL in CALLBACK_SERVICE_EVENT_URL"},
		"R41 labels as a text":              {`{"test":[{"value":1,"labels":"label_a=x"}]}`, "test[0].labels", `must be an object such as {"name": "value"}, not text`},
		"R41 a label without quotes":        {label("80"), "test[0].labels.label_a", `must be text, not a number: must be "80" in quotes`},
		"a key that is long and not a name": {`{"` + strings.Repeat(`\u0007`, 100) + `":1}`, "[", "is not a configured gauge"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decode(newResults(), []byte(test.body))
			var invalid *execution.InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v, want an InvalidError", err)
			}
			if !strings.HasPrefix(invalid.Path, test.wantPath) || (test.wantPath == "" && invalid.Path != "") || !strings.Contains(invalid.Message, test.want) {
				t.Errorf("got %q: %q, want %q: %q", invalid.Path, invalid.Message, test.wantPath, test.want)
			}
			if len(err.Error()) > 1<<10 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestOneSampleTooMany(t *testing.T) {
	o := metrics.ResultOptions{Prefix: "foo"}
	var body []string
	for i := range 11 {
		name := fmt.Sprintf("g%d", i)
		o.Gauges = append(o.Gauges, metrics.Gauge{Name: name, Labels: []string{"label_a"}})
		body = append(body, fmt.Sprintf("%q:%s", name, strings.TrimSuffix(strings.TrimPrefix(sets(100), `{"test":`), "}")))
	}
	r := metrics.NewResults(o)
	got, err := decode(r, []byte("{"+strings.Join(body[:10], ",")+"}"))
	if err != nil || len(got) != metrics.MaxSamples {
		t.Errorf("R37: 1,000 samples: got %d, %v", len(got), err)
	}
	_, err = decode(r, []byte("{"+strings.Join(body, ",")+"}"))
	var invalid *execution.InvalidError
	if !errors.As(err, &invalid) || invalid.Path != "g10[0]" || !strings.Contains(invalid.Message, "limit of 1000 samples") {
		t.Errorf("R37: 1,001 samples: %v", err)
	}
}

func TestResultsThatAreTooLarge(t *testing.T) {
	fits := value("1") + strings.Repeat(" ", metrics.MaxBody-len(value("1")))
	if _, err := decode(newResults(), []byte(fits)); err != nil {
		t.Errorf("1 MiB: %v", err)
	}
	for name, body := range map[string]string{
		"R37 200,000 samples":  sets(200_000),
		"R38 1 MiB and 1 byte": fits + " ",
	} {
		if _, err := decode(newResults(), []byte(body)); !errors.Is(err, execution.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDecodeWithoutGauges(t *testing.T) {
	_, err := decode(metrics.NewResults(metrics.ResultOptions{Prefix: "foo"}), []byte(value("1")))
	if err == nil || !strings.Contains(err.Error(), "no gauges are configured") {
		t.Errorf("got %v", err)
	}
}

func FuzzDecodeResults(f *testing.F) {
	for _, seed := range []string{
		value("1"), label(`"x"`), sets(3), label(`"\ud83d\ude00"`), label(`"\ud83d"`), value("1e999"), "{}", "null", `{"test":[{"labels":null,"value":-0}]}`,
		`{"test":[{"value":1,"labels":{"node":"n"}}],"plain":[{"value":2}]}`, "\ufeff{}", label("\"\xff\""), `{"\\":"\\\u0000"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newResults()
		given := bytes.Clone(body)
		samples, err := decode(r, body)
		if !bytes.Equal(body, given) {
			t.Fatal("the body was changed")
		}
		var invalid *execution.InvalidError
		switch {
		case errors.As(err, &invalid):
			if len(err.Error()) > 1<<10 || !utf8.ValidString(err.Error()) || invalid.Message == "" {
				t.Errorf("message %q", err)
			}
			return
		case errors.Is(err, execution.ErrTooLarge):
			return
		case err != nil:
			t.Fatalf("error %v is of no kind", err)
		}
		if samples == nil || len(samples) > metrics.MaxSamples {
			t.Errorf("%d samples", len(samples))
		}
		r.SetResult(execution.Key{Execution: first, Node: "n"}, samples)
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(r)
		if _, err := registry.Gather(); err != nil {
			t.Errorf("what was taken cannot be collected: %v", err)
		}
	})
}
