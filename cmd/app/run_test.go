package app

import (
	"bytes"
	"strings"
	"testing"
)

func TestRunRefusesWhatItIsToldWrong(t *testing.T) {
	env := map[string]string{"NAMESPACE": "jobs", "CONFIG_MAP_NAME": "check"}
	tests := map[string]struct {
		args       []string
		env        map[string]string
		wantStatus int
		want       []string
	}{
		"the version":        {args: []string{"--version"}, wantStatus: exitOK, want: []string{"batch-job-controller "}},
		"help":               {args: []string{"--help"}, wantStatus: exitOK, want: []string{"--kubeconfig", "--leader-elect-lease-duration", "validate --help"}},
		"an unknown flag":    {args: []string{"-nosuch"}, wantStatus: exitMisused, want: []string{"-nosuch: unknown flag"}},
		"an argument":        {args: []string{"serve"}, wantStatus: exitMisused, want: []string{`argument "serve"`}},
		"two wrong flags":    {args: []string{"--logging-format", "xml", "--leader-elect-renew-deadline", "1h"}, wantStatus: exitMisused, want: []string{"--logging-format", "--leader-elect-lease-duration"}},
		"part of a second":   {args: []string{"--leader-elect-lease-duration", "15500ms"}, wantStatus: exitMisused, want: []string{"15.5s", "whole seconds"}},
		"a file to check":    {args: []string{"validate", "-f", "/nosuch"}, wantStatus: exitMisused, want: []string{"-f: open /nosuch"}},
		"how to check files": {args: []string{"validate", "-help"}, wantStatus: exitOK, want: []string{"-f string", "-node string"}},
		"no environment":     {wantStatus: exitMisused, want: []string{"NAMESPACE", "CONFIG_MAP_NAME"}},
		"a wrong POD_IP":     {env: map[string]string{"NAMESPACE": "jobs", "CONFIG_MAP_NAME": "check", "POD_IP": "x"}, wantStatus: exitMisused, want: []string{"POD_IP"}},
		"no cluster":         {env: env, wantStatus: exitMisused, want: []string{"no access to a cluster"}},
		"a kubeconfig of no": {args: []string{"--kubeconfig", "/nosuch"}, env: env, wantStatus: exitMisused, want: []string{"/nosuch"}},
		"deprecated flags": {args: []string{"-log-format=text", "-kubeconfig", "/nosuch"}, env: env, wantStatus: exitMisused, want: []string{
			`level=WARN msg="deprecated flag" flag=-log-format replacement=--logging-format`, "flag=-kubeconfig replacement=--kubeconfig"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var output bytes.Buffer
			lookup := func(name string) (string, bool) { value, ok := tt.env[name]; return value, ok }
			if got := Run(t.Context(), tt.args, lookup, &output); got != tt.wantStatus {
				t.Errorf("status: got %d, want %d", got, tt.wantStatus)
			}
			for _, want := range tt.want {
				if !strings.Contains(output.String(), want) {
					t.Errorf("output: no %q in\n%s", want, output.String())
				}
			}
		})
	}
}
