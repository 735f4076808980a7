package cluster

import (
	"errors"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// Whether a configuration is valid depends on the controller's environment.
func TestConfigurationOfAController(t *testing.T) {
	const template = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {name: main, image: \"check:1\"}\n"
	withoutService := map[string]string{
		config.ConfigKey:      "name: check\ncronExpression: \"42 3 * * *\"\nmetrics: {prefix: check}\n",
		config.PodTemplateKey: template,
	}
	settings := func(namespace string) *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings", Namespace: namespace}, Data: withoutService}
	}
	name := corev1.EnvVar{Name: "CONFIG_MAP_NAME", Value: "settings"}
	podIP := corev1.EnvVar{Name: "POD_IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}}}
	of := func(object string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: object} }
	tests := map[string]struct {
		objects      []runtime.Object
		container    corev1.Container
		wantErr      []string
		wantProblems bool
	}{
		"the address of its pod, and no Service": {
			objects: []runtime.Object{settings("checks")}, container: corev1.Container{Env: []corev1.EnvVar{name, podIP}},
		},
		"neither": {
			objects: []runtime.Object{settings("checks")}, container: corev1.Container{Env: []corev1.EnvVar{name}},
			wantErr: []string{"configmap/settings", "callbackServiceName"}, wantProblems: true,
		},
		"another namespace than its own": {
			objects:   []runtime.Object{settings("jobs")},
			container: corev1.Container{Env: []corev1.EnvVar{name, podIP, {Name: "NAMESPACE", Value: "jobs"}}},
		},
		"all of its environment from a ConfigMap and a Secret": {
			objects: []runtime.Object{
				settings("checks"),
				&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "environment", Namespace: "checks"}, Data: map[string]string{"CONFIG_MAP_NAME": "settings"}},
				&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "address", Namespace: "checks"}, Data: map[string][]byte{"POD_IP": []byte("10.0.0.1")}},
			},
			container: corev1.Container{EnvFrom: []corev1.EnvFromSource{
				{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: of("environment")}},
				{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: of("address")}},
			}},
		},
		"an address in a Secret that there is not": {
			objects: []runtime.Object{settings("checks")},
			container: corev1.Container{Env: []corev1.EnvVar{name, {Name: "POD_IP", ValueFrom: &corev1.EnvVarSource{
				SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: of("nowhere"), Key: "ip"},
			}}}},
			wantErr: []string{"POD_IP", "Secret nowhere"},
		},
		"an address in a Secret that may not be read": {
			objects: []runtime.Object{settings("checks")},
			container: corev1.Container{Env: []corev1.EnvVar{name, {Name: "POD_IP", ValueFrom: &corev1.EnvVarSource{
				SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: of("hidden"), Key: "ip"},
			}}}},
			wantErr: []string{"POD_IP", "read Secret hidden", "forbidden"},
		},
		"no ConfigMap is named": {wantErr: []string{"CONFIG_MAP_NAME"}, wantProblems: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset(test.objects...)
			client.PrependReactor("get", "secrets", func(action clienttesting.Action) (bool, runtime.Object, error) {
				name := action.(clienttesting.GetAction).GetName()
				return name == "hidden", nil, apierrors.NewForbidden(corev1.Resource("secrets"), name, nil)
			})
			d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "controller", Namespace: "checks"}}
			d.Spec.Template.Spec.Containers = []corev1.Container{test.container}
			i := &Installation{Cluster: &Cluster{Interface: client}, Deployment: d}
			err := i.configure(t.Context())
			if err == nil && i.Config.Name != "check" {
				t.Errorf("got %+v", i.Config)
			}
			if (err != nil) != (len(test.wantErr) > 0) {
				t.Fatalf("error: %v", err)
			}
			for _, want := range test.wantErr {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error: got %q, want %q in it", err, want)
				}
			}
			var problems config.Problems
			if errors.As(err, &problems) != test.wantProblems {
				t.Errorf("is of the controller's own problems: %t, error: %v", !test.wantProblems, err)
			}
		})
	}
}
