package jobspec

import (
	"strings"
	"testing"
	"text/template"
)

var sampleData = templateData{Namespace: "jobs", ExecutionID: "20261124034200", NodeName: "node-1.zone-a"}

// standard is what text/template makes of it.
func standard(text string, data templateData) (string, error) {
	parsed, err := template.New("pod-template.yaml").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	out := limitedBuffer{limit: maxRendered}
	err = parsed.Execute(&out, data)
	return out.String(), err
}

func ours(text string, data templateData) (string, error) {
	out := limitedBuffer{limit: maxRendered}
	err := evaluate(&out, text, data)
	return out.String(), err
}

// templates that people may write. They are the seeds of the fuzzer too.
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

func compare(t *testing.T, text string) {
	t.Helper()
	want, wantErr := standard(text, sampleData)
	got, err := ours(text, sampleData)
	if (err == nil) != (wantErr == nil) {
		t.Errorf("%q: got %q, %v, want %q, %v", text, got, err, want, wantErr)
	}
	if err == nil && got != want {
		t.Errorf("%q: got %q, want %q", text, got, want)
	}
}

func TestEvaluateIsBounded(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"a loop without end":               {`{{ range 1000000000000 }}{{ end }}`, "steps"},
		"a template that calls itself":     {`{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}`, "deep"},
		"one that calls itself twice":      {`{{ define "t" }}{{ template "t" }}{{ template "t" }}{{ end }}{{ template "t" }}`, "deep"},
		"a text that doubles":              {`{{ $x := "0123456789" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}`, "bytes"},
		"output without end":               {`{{ range 40000 }}0123456789abcdef{{ end }}`, "bytes"},
		"a width that fills the memory":    {`{{ printf "%999999d" 1 }}`, "bytes"},
		"a variable that is not there":     {`{{ if $0 = 0 }}{{ end }}`, "undefined"},
		"a complex number":                 {`{{ eq 0i 0 }}`, "complex"},
		"a map's field of the predecessor": {`{{ index . "Nope" }}`, "Nope"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ours(tt.text, sampleData); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("evaluate: got error %v, want one with %q", err, tt.want)
			}
		})
	}
	if got, err := ours(`{{ index . "NodeName" }}`, sampleData); err != nil || got != sampleData.NodeName {
		t.Errorf("index into the data: got %q, %v", got, err)
	}
}

// Whatever both accept must come out the same. What is only refused here is
// refused with an error when the configuration is read.
func FuzzEvaluate(f *testing.F) {
	for _, text := range templates {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ours(text, sampleData)
		if err != nil || strings.Contains(text, "template") || strings.Contains(text, "index") { // the standard one recurses far deeper
			return
		}
		if want, wantErr := standard(text, sampleData); wantErr != nil || got != want {
			t.Errorf("%q: got %q, want %q, %v", text, got, want, wantErr)
		}
	})
}
