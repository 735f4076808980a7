package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// sample has a field of each kind.
type sample struct {
	Name     string
	Word     string
	On       bool
	Number   int
	Size     int64
	Duration time.Duration
	Labels   map[string]string
	Any      map[string]any
}

func (s *sample) keys() []Key {
	return []Key{
		KeyOf("name", "", Text(&s.Name, "", DNSLabel.Required("must be set")), ""),
		KeyOf("word", "", Word(&s.Word, "first", "second"), ""),
		KeyOf("on", "", Boolean(&s.On), ""),
		KeyOf("number", "", Number(&s.Number, 5, 1, 10), ""),
		KeyOf("size", "", Size(&s.Size, 1, 1<<20), ""),
		KeyOf("duration", "", Duration(&s.Duration, time.Second, 0, time.Hour), ""),
		KeyOf("labels", "", MapOf(&s.Labels, func(to *string) Value { return Text(to, "", LabelValue) }, "", func(*Findings, *field.Path, string, any) {}), ""),
		KeyOf("any", "", FreeForm(&s.Any), ""),
	}
}

func TestObject(t *testing.T) {
	tests := map[string]struct {
		given     map[string]any
		want      sample
		wantPaths []string // of problems, instead
	}{
		"absent keys have their defaults": {
			given: map[string]any{"name": "a"},
			want:  sample{Name: "a", Word: "first", Number: 5, Duration: time.Second},
		},
		"all keys": {
			given: map[string]any{"name": "a", "word": "second", "on": true, "number": json.Number("7"), "size": "1Ki", "duration": "2m",
				"labels": map[string]any{"x": "y"}, "any": map[string]any{"n": json.Number("1")}},
			want: sample{"a", "second", true, 7, 1024, 2 * time.Minute, map[string]string{"x": "y"}, map[string]any{"n": int64(1)}},
		},
		"all problems at once, each with its path": {
			given: map[string]any{"name": "A", "word": "third", "on": "yes", "number": json.Number("11"), "size": "2Mi", "duration": "2h",
				"labels": map[string]any{"x": "-"}, "any": []any{}, "nubmer": nil},
			wantPaths: []string{"spec.name", "spec.word", "spec.on", "spec.number", "spec.size", "spec.duration", "spec.labels[x]", "spec.any", "spec.nubmer"},
		},
		"a required text": {wantPaths: []string{"spec.name"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got sample
			var f Findings
			Object(got.keys()...).Read(&f, field.NewPath("spec"), tt.given)
			var paths []string
			for _, p := range f.Problems {
				paths = append(paths, p.Field)
			}
			if diff := cmp.Diff(tt.wantPaths, paths); diff != "" {
				t.Fatalf("problems (-want +got):\n%s", diff)
			}
			if (f.Problems.OrNil() != nil) != (tt.wantPaths != nil) {
				t.Errorf("got the error %v", f.Problems.OrNil())
			}
			if diff := cmp.Diff(tt.want, got); tt.wantPaths == nil && diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReplacedKeepsSomeOfTheKeys(t *testing.T) {
	var ours, theirs sample
	fields := FieldsOf(&ours)
	all := []Key{
		KeyOf("mine", "", Object(ours.keys()[0], theirs.keys()[1]), ""),
		KeyOf("other", "", Object(theirs.keys()...), ""),
		ours.keys()[3],
	}
	got := Replaced(all, func(k Key) (Key, bool) { return k, fields[k.Value.Target] })
	var f Findings
	Object(got...).Read(&f, nil, map[string]any{"mine": map[string]any{"name": "a", "word": "x"}, "other": nil, "number": json.Number("2")})
	if diff := cmp.Diff(sample{Name: "a", Number: 2}, ours); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(f.Problems) != 2 || f.Problems[0].Field != "mine.word" || f.Problems[1].Field != "other" {
		t.Errorf("got %v, want the two keys that are left out as unknown", f.Problems)
	}
}

func TestProblemsOfAWrongFileAreCut(t *testing.T) {
	unknown := map[string]any{"name": "a"}
	for i := range 500 {
		unknown[fmt.Sprintf("key%d", i)] = "x"
	}
	var f Findings
	var s sample
	Object(s.keys()...).Read(&f, nil, unknown)
	got := strings.Split(f.Problems.Error(), "\n")
	if len(got) != maxLines+1 || got[maxLines] != "and 400 more" {
		t.Errorf("got %d lines, the last is %q", len(got), got[len(got)-1])
	}
}
