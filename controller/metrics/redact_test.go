package metrics_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// secrets redacts a word, whatever it stands for.
func secrets(text string) (redacted string, n int) {
	return strings.ReplaceAll(text, "secret", "******"), strings.Count(text, "secret")
}

// A result is checked as it was sent, and merged and stored with its credentials redacted.
func TestCredentialsOfAResult(t *testing.T) {
	two := func(a, b string) string {
		return `{"test":[{"value":1,"labels":{"label_a":"` + a + `"}},{"value":2,"labels":{"label_a":"` + b + `"}}]}`
	}
	for name, test := range map[string]struct {
		stored, body string // none stored if empty

		want         string // the body, if none is stored
		wantRedacted int
		wantPath     string // of what is refused
		wantError    []string
	}{
		"there is none": {body: ` {"plain": [{"value": 1.0}]}`, want: ` {"plain": [{"value": 1.0}]}`},
		"all else stays as it was sent": {
			body:         ` {"test": [{"labels": {"label_b" :  "a secret", "label_a": "<secret> \\ \"secret\""}, "value": 1.0} ] }`,
			want:         ` {"test": [{"labels": {"label_b" :  "a ******", "label_a": "<******> \\ \"******\""}, "value": 1.0} ] }`,
			wantRedacted: 3,
		},
		"one with an escape is redacted too":       {body: label(`"\u0073ecret \/ \u00e9"`), want: label(`"****** / é"`), wantRedacted: 1},
		"one that comes again is the same series":  {stored: two("******", "x"), body: label(`"secret"`), wantRedacted: 1},
		"one that was stored as it is, too":        {stored: two("secret", "x"), body: label(`"secret"`), wantRedacted: 1},
		"one beside a credential of the same kind": {body: two("secret", "x secret"), want: two("******", "x ******"), wantRedacted: 2},
		"one that is there twice is a duplicate": {
			body: two("secret", `\u0073ecret`), wantPath: "test[1]",
			wantError: []string{"has the labels of another sample: must be different from", `label_a="******"`},
		},
		"one beside what replaces it is no duplicate, and would become one": {
			body: two("secret", "******"), wantPath: "test[1]",
			wantError: []string{"after redaction of their credentials", `label_a="******"`},
		},
		"one behind what replaces it neither": {
			body: two("******", "secret"), wantPath: "test[1]", wantError: []string{"after redaction of their credentials"},
		},
		"one that an error would cut": {
			body: label(`"` + strings.Repeat("x", 60) + `secret` + strings.Repeat("x", 80) + `"`), wantPath: "test[0].labels.label_a",
			wantError: []string{"x*", "is 146 bytes long"},
		},
		"one in place of a gauge":         {body: `{"a secret":[]}`, wantPath: `["a ******"]`, wantError: []string{"is not a configured gauge"}},
		"one in place of a value":         {body: `{"plain":[{"value":1,"a secret":1}]}`, wantPath: `plain[0]["a ******"]`, wantError: []string{"is unknown"}},
		"one in place of a label":         {body: `{"test":[{"value":1,"labels":{"a secret":"x"}}]}`, wantPath: `test[0].labels["a ******"]`, wantError: []string{"is not a configured label"}},
		"one in place of the node":        {body: `{"test":[{"value":1,"labels":{"node":"secret"}}]}`, wantPath: "test[0].labels.node", wantError: []string{`is "******": must be "n"`}},
		"one in a label that has no form": {body: label(`"secret\n"`), wantPath: "test[0].labels.label_a", wantError: []string{`"******`, "control or formatting character at byte 6"}},
	} {
		t.Run(name, func(t *testing.T) {
			var stored []byte
			if test.stored != "" {
				stored = []byte(test.stored)
			}
			r := newResults()
			got, unreadable, err := r.Merge(key(first, "n"), stored, []byte(test.body), secrets)
			if unreadable != nil {
				t.Errorf("the stored one: %v", unreadable)
			}
			if test.wantPath != "" {
				var invalid *execution.InvalidError
				if !errors.As(err, &invalid) || invalid.Path != test.wantPath {
					t.Fatalf("got %v, want an error at %s", err, test.wantPath)
				}
				for _, want := range test.wantError {
					if !strings.Contains(invalid.Message, want) {
						t.Errorf("got %q, want %q in it", invalid.Message, want)
					}
				}
				if strings.Contains(err.Error(), "secre") {
					t.Errorf("the error tells it: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if test.stored == "" && string(got.Body) != test.want {
				t.Errorf("got  %s\nwant %s", got.Body, test.want)
			}
			if got.Redacted != test.wantRedacted {
				t.Errorf("%d were redacted, want %d", got.Redacted, test.wantRedacted)
			}
			if test.stored != "" && len(got.Samples) != 2 {
				t.Errorf("%d series, want two: %v", len(got.Samples), got.Samples)
			}
			again, err := r.DecodeStored(key(first, "n"), got.Body)
			if diff := cmp.Diff(got.Samples, again); diff != "" || err != nil {
				t.Errorf("what is stored is not what is exported: %v\n%s", err, diff)
			}
		})
	}
}
