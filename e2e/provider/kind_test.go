//go:build unix

package provider

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// fakePrograms adds programs to PATH that log their arguments. The fake kind lists the
// running clusters.
func fakePrograms(t *testing.T, running string) (calls func() []string) {
	t.Helper()
	dir := t.TempDir()
	log := filepath.Join(dir, "calls")
	script := "#!/bin/sh\necho \"$(basename $0) $*\" >>" + log + "\n[ \"$1 $2\" = 'get clusters' ] && echo '" + running + "'\nexit 0\n"
	for _, name := range []string{"kind", "docker"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("XDG_CACHE_HOME", dir)
	t.Setenv("HOME", dir)
	return func() []string {
		data, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(strings.ReplaceAll(string(data), dir, "")), "\n")
	}
}

func TestKind(t *testing.T) {
	const kubeconfig = "/batch-job-controller/kind/one.kubeconfig"
	tests := map[string]struct {
		running string
		keep    bool
		want    []string
		wantErr string
	}{
		"a cluster that does not run is created and deleted": {
			want: []string{
				"docker info", "kind get clusters",
				"kind create cluster --name one --kubeconfig " + kubeconfig + " --config - --wait 3m",
				"kind load image-archive image.tar --name one",
				"kind delete cluster --name one --kubeconfig " + kubeconfig,
			},
		},
		"a cluster with Keep is not deleted": {
			keep: true,
			want: []string{
				"docker info", "kind get clusters",
				"kind create cluster --name one --kubeconfig " + kubeconfig + " --config - --wait 3m",
				"kind load image-archive image.tar --name one",
			},
		},
		"a running cluster is used": {
			running: "one", keep: true,
			want: []string{
				"docker info", "kind get clusters",
				"kind export kubeconfig --name one --kubeconfig " + kubeconfig,
				"kind load image-archive image.tar --name one",
			},
		},
		"a running cluster without E2E_CLUSTER is rejected": {
			running: "one",
			want:    []string{"docker info", "kind get clusters"},
			wantErr: "runs already",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			calls := fakePrograms(t, tt.running)
			p, err := Start(t.Context(), Options{Provider: Kind, Name: "one", Nodes: 3, Keep: tt.keep})
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("got error %v, want one with %q", err, tt.wantErr)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				if err := p.LoadImage(t.Context(), "image.tar"); err != nil {
					t.Error(err)
				}
				if err := p.Stop(); err != nil {
					t.Error(err)
				}
			}
			if diff := cmp.Diff(tt.want, calls()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKindClustersOfTestsAndPeopleAreAlike(t *testing.T) {
	text, err := os.ReadFile("../../hack/kind.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var people, tests any
	if err := errors.Join(yaml.UnmarshalStrict(text, &people), yaml.UnmarshalStrict([]byte(kindConfig(FromEnv("x").Nodes)), &tests)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(people, tests); diff != "" {
		t.Errorf("hack/kind.yaml (-) and what tests start (+):\n%s", diff)
	}
}

func TestCan(t *testing.T) {
	config := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		provider  string
		env       map[string]string
		wantLacks string // empty: it works
	}{
		"kubeconfig without one":         {provider: Kubeconfig, wantLacks: "KUBECONFIG"},
		"kubeconfig that does not exist": {provider: Kubeconfig, env: map[string]string{"KUBECONFIG": "/none"}, wantLacks: "/none"},
		"kubeconfig without an image":    {provider: Kubeconfig, env: map[string]string{"KUBECONFIG": config}, wantLacks: "E2E_IMAGE"},
		"kubeconfig without a job image": {
			provider: Kubeconfig, env: map[string]string{"KUBECONFIG": config, "E2E_IMAGE": "a"}, wantLacks: "E2E_JOB_IMAGE",
		},
		"kubeconfig":                {provider: Kubeconfig, env: map[string]string{"KUBECONFIG": config, "E2E_IMAGE": "a", "E2E_JOB_IMAGE": "b"}},
		"kind without its programs": {provider: Kind, env: map[string]string{"PATH": "/none"}, wantLacks: "the command kind"},
		"an unknown provider":       {provider: "minikube", wantLacks: "must be builtin, kind or kubeconfig"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"KUBECONFIG", "E2E_IMAGE", "E2E_JOB_IMAGE"} {
				t.Setenv(variable, "")
			}
			for variable, value := range tt.env {
				t.Setenv(variable, value)
			}
			lacks, ok := Can(tt.provider)
			if ok != (tt.wantLacks == "") || !strings.Contains(lacks, tt.wantLacks) {
				t.Errorf("got %q, %t, want that it lacks %q", lacks, ok, tt.wantLacks)
			}
		})
	}
}
