package validate

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestRunRefusesWhatItIsToldWrong(t *testing.T) {
	service := "apiVersion: v1\nkind: Service\nmetadata: {name: check}\n"
	tests := map[string]struct {
		args       []string
		stdin      string
		wantStatus int
		want       []string // parts of what is written
	}{
		"help":               {args: []string{"-help"}, wantStatus: exitValid, want: []string{"file:line: path: message", "-volume size", "(default \"sample-node\")"}},
		"an unknown flag":    {args: []string{"-nosuch"}, wantStatus: exitMisused, want: []string{"nosuch"}},
		"no files":           {wantStatus: exitMisused, want: []string{"-f: open config.yaml: no such file"}},
		"a file and no more": {args: []string{"-f", "there.yaml"}, wantStatus: exitMisused, want: []string{"-t: open pod-template.yaml: no such file"}},
		"everything": {
			args:       []string{"-o", "xml", "-f", "-", "-t", "-", "-nodes", "-1", "-node", "A b", "-namespace", "a.b", "-pod-ip", "10.0", "config.yaml", "x"},
			wantStatus: exitMisused,
			want:       []string{"-o xml", "only one of them can be stdin", "-nodes: must", "-node A b", "-namespace a.b", "-pod-ip 10.0", `arguments ["config.yaml" "x"]`},
		},
		"a volume of how many nodes":      {args: []string{"-volume", "20Gi"}, wantStatus: exitMisused, want: []string{"-volume: requires -nodes"}},
		"a report on what volume":         {args: []string{"-report", "2Mi"}, wantStatus: exitMisused, want: []string{"-report: requires -volume"}},
		"a volume of a size that is none": {args: []string{"-volume", "20GiB"}, wantStatus: exitMisused, want: []string{"must be a size, such as 64Ki"}},
		"a volume of no size":             {args: []string{"-volume", "0"}, wantStatus: exitMisused, want: []string{"must be a size"}},
		"stdin without a template":        {args: []string{"-f", "-"}, stdin: goodConfig, wantStatus: exitMisused, want: []string{"-t: must name the pod template"}},
		"a manifest and a template":       {args: []string{"-f", "-", "-t", "t.yaml"}, stdin: manifestOf(goodConfig, goodTemplate), wantStatus: exitMisused, want: []string{"-t t.yaml: omit it"}},
		"a manifest without a ConfigMap":  {args: []string{"-f", "-"}, stdin: service, wantStatus: exitMisused, want: []string{"-f -: is a manifest without a NodeCronJob, and without a ConfigMap"}},
		"a manifest with two": {
			args: []string{"-f", "-"}, stdin: manifestOf(goodConfig, goodTemplate) + "---\n" + strings.ReplaceAll(manifestOf(goodConfig, goodTemplate), "name: check\n  namespace", "name: other\n  namespace"),
			wantStatus: exitMisused, want: []string{"several ConfigMaps", "such as check and other"},
		},
		"a manifest with a Deployment that is none": {
			args: []string{"-f", "-"}, stdin: manifestOf(goodConfig, goodTemplate) + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: broken}\nspec: here\n",
			wantStatus: exitMisused, want: []string{"-f -: deployment broken"},
		},
		"a manifest with a controller whose environment is elsewhere": {
			args: []string{"-f", "-"}, stdin: manifestOf(goodConfig, goodTemplate) + controllerWith("check", "{name: POD_IP, valueFrom: {secretKeyRef: {name: address, key: ip}}}"),
			wantStatus: exitMisused, want: []string{"-f -: deployment controller", "POD_IP: Secret address is not in the manifest", "-pod-ip"},
		},
		"a manifest that ends badly": {args: []string{"-f", "-"}, stdin: service + "---\n[a\n", wantStatus: exitMisused, want: []string{"-f -: yaml: line"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "there.yaml", goodConfig, "")
			var stdout, stderr bytes.Buffer
			if got := Run(tt.args, strings.NewReader(tt.stdin), &stdout, &stderr); got != tt.wantStatus {
				t.Errorf("status: got %d, want %d", got, tt.wantStatus)
			}
			for _, want := range tt.want {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("no %q in\n%s", want, &stderr)
				}
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout: %s", &stdout)
			}
		})
	}
}

// The settings of the controller need no pod template, unless they are half of a definition.
func TestAConfigurationWithoutADefinition(t *testing.T) {
	const settings = "name: check\ncallbackServiceName: check\n"
	tests := map[string]struct {
		args       []string
		stdin      string
		template   bool // there is one beside the file
		wantStatus int
		want       string // part of what is written
	}{
		"a file":                    {args: []string{"-f", "settings.yaml"}, want: "check is valid.\n\nIt has no definition"},
		"stdin":                     {args: []string{"-f", "-"}, stdin: settings, template: true, want: "It has no definition"},
		"its Job":                   {args: []string{"-f", "settings.yaml", "-o", "job"}, wantStatus: exitInvalid, want: "check has no definition, and so no Job"},
		"a template beside it":      {args: []string{"-f", "settings.yaml"}, template: true, wantStatus: exitInvalid, want: "cronExpression: Invalid value"},
		"a template that is needed": {args: []string{"-f", "settings.yaml", "-t", "nosuch.yaml"}, wantStatus: exitMisused, want: "-t: open nosuch.yaml"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "settings.yaml", settings, "")
			if tt.template {
				write(t, "pod-template.yaml", goodTemplate, "")
			}
			var out bytes.Buffer
			if got := Run(tt.args, strings.NewReader(tt.stdin), &out, &out); got != tt.wantStatus || !strings.Contains(out.String(), tt.want) {
				t.Errorf("status %d, want %d; no %q in\n%s", got, tt.wantStatus, tt.want, &out)
			}
		})
	}
}

func TestFlagsAreDocumented(t *testing.T) {
	docs, err := os.ReadFile("../../docs/validate.md")
	if err != nil {
		t.Fatal(err)
	}
	var help bytes.Buffer
	if _, err := parseOptions([]string{"-help"}, &help); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^  (-[a-z-]+)`).FindAllStringSubmatch(help.String(), -1)
	if len(found) < 9 {
		t.Fatalf("got only %q", found)
	}
	for _, m := range found {
		if !bytes.Contains(docs, []byte("`"+m[1]+"`")) && !bytes.Contains(docs, []byte("`"+m[1]+" ")) {
			t.Errorf("%s is not in docs/validate.md", m[1])
		}
	}
}

func TestFindingsAreCut(t *testing.T) {
	result := Result{Findings: make([]Finding, maxFindings+2)}
	var out bytes.Buffer
	result.WriteFindings(&out)
	if !strings.HasSuffix(out.String(), "\nand 2 more\ninvalid: 102 problems, 0 warnings\n") {
		t.Errorf("got %.200q", out.String()[max(0, out.Len()-200):])
	}
}
