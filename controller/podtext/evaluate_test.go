package podtext

import (
	"errors"
	"strings"
	"testing"
	"text/template"
)

var sampleData = Data{Namespace: "jobs", ExecutionID: "20261124034200", NodeName: "node-1.zone-a"}

// standard executes a template with text/template alone.
func standard(text string, data Data) (string, error) {
	parsed, err := template.New("pod-template.yaml").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	out := limitedBuffer{limit: maxRendered}
	err = parsed.Execute(&out, data.values())
	return out.String(), err
}

func ours(text string, data Data) (string, error) {
	out := limitedBuffer{limit: maxRendered}
	err := evaluate(&out, text, data)
	return out.String(), err
}

// templates that users may write. They are the seeds of the fuzzer too.
var templates = []string{
	`plain`,
	`{{ .NodeName }} {{ .Namespace }} {{ .ExecutionID }}`,
	`{{- .NodeName -}} x`,
	`{{ . }}`,
	`{{ $ }}`,
	`{{ $.NodeName }}`,
	`{{ .Nope }}`,
	`{{ .NodeName.Nope }}`,
	`{{ if eq .NodeName "node-1.zone-a" }}a{{ else if .Namespace }}b{{ else }}c{{ end }}`,
	`{{ if and .NodeName (ne .Namespace "x") }}a{{ end }}{{ if or "" 0 }}b{{ else }}c{{ end }}`,
	`{{ if and }}x{{ end }}`,
	`{{ with .NodeName }}{{ . }}{{ $.Namespace }}{{ else }}none{{ end }}`,
	`{{ with "" }}x{{ else with "y" }}{{ . }}{{ end }}`,
	`{{ $n := .NodeName }}{{ $n = printf "%s-%d" $n 7 }}{{ $n }}`,
	`{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ $x }}{{ end }}{{ $x }}`,
	`{{ range 3 }}{{ . }},{{ end }}`,
	`{{ range $i := 4 }}{{ if eq $i 1 }}{{ continue }}{{ end }}{{ if eq $i 3 }}{{ break }}{{ end }}{{ $i }}{{ end }}`,
	`{{ range 0 }}x{{ else }}none{{ end }}`,
	`{{ range .NodeName }}x{{ end }}`,
	`{{ define "t" }}[{{ . }}]{{ end }}{{ template "t" .NodeName }}{{ template "t" }}`,
	`{{ block "b" .Namespace }}<{{ . }}>{{ end }}`,
	`{{ template "nosuch" }}`,
	`{{ slice .NodeName 0 6 }}{{ slice .NodeName 7 }}{{ index .NodeName 0 }}{{ len .NodeName }}`,
	`{{ slice .NodeName 3 1 }}`,
	`{{ index .NodeName 99 }}`,
	`{{ .NodeName | printf "%q" | len }}`,
	`{{ print 1 2 "x" }}{{ println "a" }}{{ html "<&>" }}{{ js "'" }}{{ urlquery "a b" }}`,
	`{{ lt 1 2 }}{{ le 2 2 }}{{ gt 1.5 2.5 }}{{ ge "b" "a" }}{{ gt 1 1 }}{{ ge 1 1 }}{{ ge 1 2 }}{{ gt 2 1 }}{{ not true }}{{ eq 1 2 3 1 }}{{ eq 1 1.0 }}`,
	`{{ lt 1 "a" }}`,
	`{{ 0x1F }} {{ 1e3 }} {{ 'a' }} {{ 1_000 }} {{ -3 }}`,
	`{{ nil }}`,
	`{{ (print "a" "b") }}{{ (.NodeName) }}`,
	`{{ .NodeName "x" }}`,
	`{{ "a" | "b" }}`,
	`{{/* a comment */}}x`,
	`{{ true }} {{ "quoted\n" }}` + " {{ `raw` }}",
	`{{`, `{{ end }}`, `{{ nosuch }}`, ``,
}

func TestEvaluateDoesWhatTextTemplateDoes(t *testing.T) {
	for _, text := range templates {
		compare(t, text)
	}
}

// compare wants the same of a template with its steps and without, unless it
// exceeds a bound.
func compare(t *testing.T, text string) {
	t.Helper()
	got, err := ours(text, sampleData)
	if _, exceeds := errors.AsType[limitError](err); exceeds {
		return
	}
	want, wantErr := standard(text, sampleData)
	if (err == nil) != (wantErr == nil) || got != want {
		t.Errorf("%q: got %q, %v, want %q, %v", text, got, err, want, wantErr)
	}
	if err != nil && !strings.HasPrefix(err.Error(), wantErr.Error()) && wantErr.Error() != tooLong {
		t.Errorf("%q: got error %v, want that of the library, %v", text, err, wantErr)
	}
}

const tooLong = "renders to more than 524288 bytes"

func TestEvaluateSaysWhereAndWhatIsWrong(t *testing.T) {
	const at = "template: pod-template.yaml:"
	tests := map[string]struct{ text, want string }{
		"an unknown name":               {"a\nb: {{ .Nope }}", at + `2:6: executing "pod-template.yaml" at <.Nope>: map has no entry for key "Nope": there are .Namespace, .ExecutionID and .NodeName`},
		"an unknown name in a template": {`{{ define "t" }}{{ $.Nope }}{{ end }}{{ template "t" . }}`, at + `1:20: executing "t" at <$.Nope>: map has no entry for key "Nope": there are .Namespace, .ExecutionID and .NodeName`},
		"a field of a text":             {`{{ .NodeName.Nope }}`, at + `1:12: executing "pod-template.yaml" at <.NodeName.Nope>: can't evaluate field Nope in type string`},
		"an unknown function":           {"\n{{ lower .NodeName }}", at + `2: function "lower" not defined`},
		"the function that counts":      {`{{ step 0 }}`, at + `1: function "step" not defined`},
		"an action that is not closed":  {"a\n{{ .NodeName\n", at + "3: unclosed action started at pod-template.yaml:2"},
		"an index out of range":         {"a\n  {{ index .NodeName 99 }}", at + `2:5: executing "pod-template.yaml" at <index .NodeName 99>: error calling index: index out of range: 99`},
		"a loop that is too long":       {"a\n  {{ range 1000000000 }}{{ end }}", at + `2:11: executing "pod-template.yaml" at <1000000000>: takes more than 200000 steps`},
		"a text that is too long":       {"a\n  {{ printf \"%999999d\" 1 }}", at + `2:5: executing "pod-template.yaml" at <printf "%999999d" 1>: makes a text of more than 524288 bytes`},
		"an output that is too long":    {"{{ range 9999 }}\n" + strings.Repeat("x", 100) + "{{ end }}", at + `1:16: executing "pod-template.yaml" at <`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ours(tt.text, sampleData); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got error  %v\nwant prefix %s", err, tt.want)
			}
		})
	}
}

// The predecessor's data is a map, too.
func TestEvaluateTakesWhatThePredecessorTakes(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"an index by a name":         {`{{ index . "NodeName" }}`, sampleData.NodeName},
		"an index by a missing name": {`{{ with index . "Nope" }}x{{ else }}none{{ end }}`, "none"},
		"a loop over the names":      {`{{ range $name, $value := . }}{{ $name }}={{ $value }},{{ end }}`, "ExecutionID=20261124034200,Namespace=jobs,NodeName=node-1.zone-a,"},
		"the number of names":        {`{{ len . }}`, "3"},
		"a character as a number":    {`{{ printf "%c" (index .NodeName 0) }}`, "n"},
		"a complex number":           {`{{ eq 0i 0i }}`, "true"},
		"arguments of any type":      {`{{ printf "%s %v %5.2f|%-4d|" .NodeName true 1.5 7 }}`, "node-1.zone-a true  1.50|7   |"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := ours(tt.text, sampleData); err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func FuzzEvaluate(f *testing.F) {
	for _, text := range templates {
		f.Add(text)
	}
	f.Fuzz(compare)
}
