package podtext

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTrace(t *testing.T) {
	tests := map[string]struct {
		template  string
		want      string
		wantLines []int
		wantError string
	}{
		"a plain text":                  {template: "a\n\nb\n", want: "a\n\nb\n", wantLines: []int{1, 2, 3}},
		"a last line that does not end": {template: "a\nb", want: "a\nb", wantLines: []int{1, 2}},
		"a name within a line":          {template: "a\nb: {{ .NodeName }}\nc\n", want: "a\nb: sample-node\nc\n", wantLines: []int{1, 2, 3}},
		"lines that are left out":       {template: "a\n{{- if false }}\nb\n{{- end }}\nc\n", want: "a\nc\n", wantLines: []int{1, 5}},
		"lines that are empty actions":  {template: "a\n{{ if true }}\nb\n{{ end }}\nc\n", want: "a\n\nb\n\nc\n", wantLines: []int{1, 2, 3, 4, 5}},
		"lines that come twice":         {template: "{{ range 2 -}}\na\nb\n{{ end }}c\n", want: "a\nb\na\nb\nc\n", wantLines: []int{2, 3, 2, 3, 4}},
		"a definition further up":       {template: "{{ define \"t\" }}x\ny\n{{ end -}}\na\n{{ template \"t\" }}b\n", want: "a\nx\ny\nb\n", wantLines: []int{4, 1, 2, 5}},
		"several lines of one action":   {template: "a\n{{ \"x\\ny\\n\" }}b\n", want: "a\nx\ny\nb\n", wantLines: []int{1, 2, 2, 2}},
		"what comes before an error":    {template: "a\n{{ .Nope }}\n", want: "a\n", wantLines: []int{1}, wantError: "pod-template.yaml:2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, lines, err := Trace(tt.template)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if diff := cmp.Diff(tt.wantLines, lines); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if (tt.wantError == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), tt.wantError)) {
				t.Errorf("got error %v, want %q", err, tt.wantError)
			}
		})
	}
}
