package document

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestRead(t *testing.T) {
	tests := map[string]struct {
		text         string
		want         any
		wantProblems []string // what each says
	}{
		"nothing":                            {text: ""},
		"a comment":                          {text: "# a: 1\n"},
		"a text":                             {text: "a", want: "a"},
		"a mapping of all kinds":             {text: "a: x\nb: 1.50\nc: yes\nd:\ne: [1, {f: g}]\n", want: map[string]any{"a": "x", "b": json.Number("1.5"), "c": true, "d": nil, "e": []any{json.Number("1"), map[string]any{"f": "g"}}}},
		"a number beyond floating point":     {text: "9007199254740993", want: json.Number("9007199254740993")},
		"a byte order mark":                  {text: "\ufeffa: b", want: map[string]any{"a": "b"}},
		"an alias":                           {text: "a: &x [1]\nb: *x\n", want: map[string]any{"a": []any{json.Number("1")}, "b": []any{json.Number("1")}}},
		"a document that is ended":           {text: "a: b\n---\n", want: map[string]any{"a": "b"}},
		"duplicate keys, all of them":        {text: "a: 1\na: 2\nb: {c: 3, c: 4}\n", want: map[string]any{"a": json.Number("2"), "b": map[string]any{"c": json.Number("4")}}, wantProblems: []string{`line 2: key "a" already set`, `line 3: key "c" already set`}},
		"a second document":                  {text: "a: b\n---\nc: d\n", wantProblems: []string{"line 2: a second document"}},
		"text behind the end":                {text: "a: b\n...\n]\n", wantProblems: []string{"something follows the document"}},
		"a tab as indentation":               {text: "a:\n\tb: c\n", wantProblems: []string{"line 2: is indented with a tab"}},
		"another syntax error":               {text: "a: [b\n", wantProblems: []string{"line 1"}},
		"no number":                          {text: ".nan", wantProblems: []string{"NaN"}},
		"an alias that contains itself":      {text: "&a [*a]", wantProblems: []string{"expand"}},
		"a NUL byte":                         {text: "a:\n\x00", wantProblems: []string{"line 2 holds a NUL"}},
		"text in another encoding":           {text: "\xff", wantProblems: []string{"UTF-8"}},
		"a text that is as long as it may":   {text: "#" + strings.Repeat("x", MaxSize-1)},
		"a text that is longer than it may":  {text: "#" + strings.Repeat("x", MaxSize), wantProblems: []string{"262144"}},
		"aliases as large as they may be":    {text: "a: &a " + strings.Repeat("x", 100_000) + "\nb: [*a, *a, *a, *a, *a, *a, *a, *a]\n", want: eightfold()},
		"aliases that are larger than that":  {text: "a: &a " + strings.Repeat("x", 120_000) + "\nb: [*a, *a, *a, *a, *a, *a, *a, *a]\n", wantProblems: []string{"more than 1048576 bytes"}},
		"an alias of what is not there":      {text: "a: *b\n", wantProblems: []string{"unknown anchor"}},
		"a mapping below a key that has one": {text: "a: b: c\n", wantProblems: []string{"mapping values are not allowed"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, problems := Read(tt.text, field.NewPath("file"))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%.500s", diff)
			}
			if len(problems) != len(tt.wantProblems) {
				t.Fatalf("got %v, want %q", problems, tt.wantProblems)
			}
			for i, says := range tt.wantProblems {
				if problems[i].Field != "file" || !strings.Contains(problems[i].Error(), says) {
					t.Errorf("got %v, want one of the path that says %q", problems[i], says)
				}
			}
		})
	}
}

func eightfold() map[string]any {
	one := strings.Repeat("x", 100_000)
	return map[string]any{"a": one, "b": []any{one, one, one, one, one, one, one, one}}
}
