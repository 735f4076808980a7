package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadEnv(t *testing.T) {
	tests := map[string]struct {
		environment map[string]string
		want        Env
		wantPaths   []string // of problems, instead
	}{
		"all that is needed": {
			environment: map[string]string{"NAMESPACE": "jobs", "CONFIG_MAP_NAME": "my.config"},
			want:        Env{Namespace: "jobs", ConfigMapName: "my.config"},
		},
		"everything": {
			environment: map[string]string{"NAMESPACE": "jobs", "CONFIG_MAP_NAME": "c", "POD_IP": "fd00::1", "REPORT_DIRECTORY": "/data/",
				"HOSTNAME": "controller-0", "DEV_MODE": "true"},
			want: Env{Namespace: "jobs", ConfigMapName: "c", PodIP: "fd00::1", ReportDirectory: "/data", Hostname: "controller-0", DevMode: true},
		},
		"empty variables are not set": {
			environment: map[string]string{"NAMESPACE": "jobs", "CONFIG_MAP_NAME": "c", "POD_IP": "", "REPORT_DIRECTORY": "", "DEV_MODE": ""},
			want:        Env{Namespace: "jobs", ConfigMapName: "c"},
		},
		"C60 nothing is set": {
			wantPaths: []string{"NAMESPACE", "CONFIG_MAP_NAME"},
		},
		"C60 everything is wrong": {
			environment: map[string]string{"NAMESPACE": "My Jobs", "CONFIG_MAP_NAME": "C", "POD_IP": "10.0.0", "REPORT_DIRECTORY": "/etc/x", "DEV_MODE": "maybe"},
			wantPaths:   []string{"NAMESPACE", "CONFIG_MAP_NAME", "POD_IP", "REPORT_DIRECTORY", "DEV_MODE"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ReadEnv(func(name string) (string, bool) {
				value, ok := tc.environment[name]
				return value, ok
			})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			var paths []string
			for _, line := range lines(t, err) {
				path, _, _ := strings.Cut(line, ":")
				paths = append(paths, path)
			}
			if diff := cmp.Diff(tc.wantPaths, paths); diff != "" {
				t.Errorf("-want +got:\n%s\n%v", diff, err)
			}
		})
	}
}
