package environment

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

func TestOfController(t *testing.T) {
	const name = "- {name: CONFIG_MAP_NAME, value: settings}\n"
	env := func(change func(*config.Env)) config.Env {
		e := config.Env{Namespace: "checks", ConfigMapName: "settings"}
		if change != nil {
			change(&e)
		}
		return e
	}
	tests := map[string]struct {
		env, envFrom  string // of the container
		sidecar       string // env of a container before it
		want          config.Env
		wantErr       []string
		wantProblems  bool
		wantContainer *string // nil: that of the controller
	}{
		"what the overlays have": {
			env:  name + "- {name: NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}\n",
			want: env(nil),
		},
		"the namespace is not set": {env: name, want: env(nil)},
		"another namespace than the pod's": {
			env: name + "- {name: NAMESPACE, value: jobs}\n", want: env(func(e *config.Env) { e.Namespace = "jobs" }),
		},
		"the address of the pod": {
			env:  name + "- {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}\n",
			want: env(func(e *config.Env) { e.PodIP = unknownIP }),
		},
		"the address of the node": {
			env:  name + "- {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}\n",
			want: env(func(e *config.Env) { e.PodIP = unknownIP }),
		},
		"an address that is empty is none": {env: name + "- {name: POD_IP, value: \"\"}\n", want: env(nil)},
		"everything by value": {
			env: name + "- {name: POD_IP, value: 10.0.0.1}\n- {name: REPORT_DIRECTORY, value: /data/}\n- {name: DEV_MODE, value: \"true\"}\n- {name: HOSTNAME, value: host}\n",
			want: config.Env{
				Namespace: "checks", ConfigMapName: "settings", PodIP: "10.0.0.1", ReportDirectory: "/data", DevMode: true, Hostname: "host",
			},
		},
		"labels and annotations of the pod": {
			env: "- {name: CONFIG_MAP_NAME, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['app']\"}}}\n" +
				"- {name: REPORT_DIRECTORY, valueFrom: {fieldRef: {fieldPath: \"metadata.annotations['example.com/reports']\"}}}\n",
			want: config.Env{Namespace: "checks", ConfigMapName: "labelled", ReportDirectory: "/annotated"},
		},
		"a variable that refers to others": {
			env:  "- {name: BASE, value: set}\n- {name: CONFIG_MAP_NAME, value: $(BASE)tings}\n- {name: REPORT_DIRECTORY, value: /$(LATER)/$$(BASE)}\n- {name: LATER, value: x}\n",
			want: env(func(e *config.Env) { e.ReportDirectory = "/$(LATER)/$(BASE)" }),
		},
		"all of a ConfigMap and a Secret": {
			envFrom: "- configMapRef: {name: base}\n- {prefix: POD_, secretRef: {name: secret}}\n",
			want:    env(func(e *config.Env) { e.PodIP = "10.0.0.2" }),
		},
		"a variable of its own wins over that of a ConfigMap": {
			envFrom: "- configMapRef: {name: base}\n", env: "- {name: CONFIG_MAP_NAME, value: other}\n",
			want: env(func(e *config.Env) { e.ConfigMapName = "other" }),
		},
		"keys of a ConfigMap and a Secret": {
			env: "- {name: CONFIG_MAP_NAME, valueFrom: {configMapKeyRef: {name: base, key: CONFIG_MAP_NAME}}}\n" +
				"- {name: POD_IP, valueFrom: {secretKeyRef: {name: secret, key: IP}}}\n",
			want: env(func(e *config.Env) { e.PodIP = "10.0.0.2" }),
		},
		"an optional key that there is not": {
			env: name + "- {name: POD_IP, valueFrom: {secretKeyRef: {name: secret, key: other, optional: true}}}\n", want: env(nil),
		},
		"a key that there is not": {
			env:     name + "- {name: POD_IP, valueFrom: {configMapKeyRef: {name: nowhere, key: IP}}}\n",
			wantErr: []string{"POD_IP", "ConfigMap nowhere", `"IP"`},
		},
		"a Secret that may not be read": {
			env:     name + "- {name: POD_IP, valueFrom: {secretKeyRef: {name: hidden, key: IP, optional: true}}}\n",
			wantErr: []string{"POD_IP", "hidden is forbidden"},
		},
		"a Secret that may not be read, for what the controller does not read": {
			env:     name + "- {name: PROXY, valueFrom: {secretKeyRef: {name: hidden, key: url}}}\n",
			envFrom: "- secretRef: {name: hidden}\n", want: env(nil),
		},
		"what only the kubelet knows": {
			env:     name + "- {name: POD_IP, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}\n",
			wantErr: []string{"POD_IP", "only the kubelet"},
		},
		"a field that there is not": {
			env:     name + "- {name: POD_IP, valueFrom: {fieldRef: {fieldPath: spec.ip}}}\n",
			wantErr: []string{"POD_IP", "fieldRef spec.ip"},
		},
		"a container before it": {
			sidecar: "- {name: POD_IP, value: 10.0.0.9}\n", env: name, want: env(nil),
		},
		"no container is the controller's": {
			env: "- {name: OTHER, value: x}\n", wantErr: []string{"CONFIG_MAP_NAME", "must be the name of the ConfigMap"}, wantProblems: true, wantContainer: new(string),
		},
		"what the controller refuses": {
			env: name + "- {name: POD_IP, value: here}\n- {name: DEV_MODE, value: maybe}\n", wantErr: []string{"POD_IP", "here", "DEV_MODE", "maybe"}, wantProblems: true,
		},
	}
	in := Surroundings{Namespace: "checks", Data: func(kind Kind, name string) (map[string]string, error) {
		switch string(kind) + " " + name {
		case "ConfigMap base":
			return map[string]string{"CONFIG_MAP_NAME": "settings"}, nil
		case "Secret secret":
			return map[string]string{"IP": "10.0.0.2"}, nil
		case "Secret hidden":
			return nil, errors.New("hidden is forbidden")
		}
		return nil, nil
	}}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{
				Labels: map[string]string{"app": "labelled"}, Annotations: map[string]string{"example.com/reports": "/annotated"},
			}}
			controller := corev1.Container{Name: "controller"}
			parse(t, test.env, &controller.Env)
			parse(t, test.envFrom, &controller.EnvFrom)
			if test.sidecar != "" {
				sidecar := corev1.Container{Name: "sidecar"}
				parse(t, test.sidecar, &sidecar.Env)
				template.Spec.Containers = append(template.Spec.Containers, sidecar)
			}
			template.Spec.Containers = append(template.Spec.Containers, controller)

			got, err := OfController(template, in)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if (err != nil) != (len(test.wantErr) > 0) {
				t.Fatalf("error: %v", err)
			}
			for _, want := range test.wantErr {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error: got %q, want %q in it", err, want)
				}
			}
			wantContainer := "controller"
			if test.wantContainer != nil {
				wantContainer = *test.wantContainer
			}
			if got := Container(template, in); got != wantContainer {
				t.Errorf("container: got %q, want %q", got, wantContainer)
			}
			var problems config.Problems
			if errors.As(err, &problems) != test.wantProblems {
				t.Errorf("is of the controller's own problems: %t, error: %v", !test.wantProblems, err)
			}
		})
	}
}

func TestNoContainer(t *testing.T) {
	if _, err := OfController(corev1.PodTemplateSpec{}, Surroundings{}); err == nil {
		t.Error("a template without a container has an environment")
	}
	if got := Container(corev1.PodTemplateSpec{}, Surroundings{}); got != "" {
		t.Errorf("got container %q", got)
	}
}

func parse[T any](t *testing.T, text string, into *T) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}
