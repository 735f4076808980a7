package app

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

var testEnv = config.Env{Namespace: "jobs", ConfigMapName: "check"}

const (
	goodConfig = `name: check
cronExpression: "42 3 * * *"
callbackServiceName: check
metrics: {prefix: check}
`
	goodTemplate = `kind: Pod
spec:
  containers: [{name: main, image: "check:1"}]
`
)

func TestLoadConfigTellsWhatAPersonHasToMend(t *testing.T) {
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "check", Namespace: "jobs"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 8090}}}}
	other := service.DeepCopy()
	other.Spec.Ports[0].Port = 80
	configMap := func(text string) *corev1.ConfigMap {
		return &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: "check", Namespace: "jobs"},
			Data:       map[string]string{config.ConfigKey: text, config.PodTemplateKey: goodTemplate},
		}
	}
	tests := map[string]struct {
		objects []runtime.Object
		env     config.Env
		want    []string // of the error; none: it loads
	}{
		"all is there":                   {objects: []runtime.Object{configMap(goodConfig), service}, env: testEnv},
		"no ConfigMap":                   {objects: []runtime.Object{service}, env: testEnv, want: []string{"ConfigMap check", "CONFIG_MAP_NAME"}},
		"two mistakes":                   {objects: []runtime.Object{configMap(goodConfig + "podPoolSize: 0\nnoSuchKey: 1\n"), service}, env: testEnv, want: []string{"podPoolSize", "noSuchKey"}},
		"no Service":                     {objects: []runtime.Object{configMap(goodConfig)}, env: testEnv, want: []string{"callbackServiceName", `"check"`, "POD_IP"}},
		"a Service without the port":     {objects: []runtime.Object{configMap(goodConfig), other}, env: testEnv, want: []string{"callbackServicePort", "8090", "80"}},
		"no Service, and none is needed": {objects: []runtime.Object{configMap(goodConfig)}, env: config.Env{Namespace: "jobs", ConfigMapName: "check", PodIP: "10.0.0.1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := loadConfig(t.Context(), fake.NewClientset(tt.objects...), tt.env, slog.New(slog.DiscardHandler))
			if len(tt.want) == 0 && err != nil {
				t.Fatalf("loadConfig: %v", err)
			}
			var misuse *misuseError
			if len(tt.want) > 0 && !errors.As(err, &misuse) {
				t.Fatalf("loadConfig: got %v, want an error that ends the process with status 2", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error: no %q in %v", want, err)
				}
			}
		})
	}
}

func TestCheckTemplateAsksTheAPIServer(t *testing.T) {
	kind := batchv1.SchemeGroupVersion.WithKind("Job").GroupKind()
	tests := map[string]struct {
		answer     error
		wantMisuse bool
	}{
		"it takes the Job":          {nil, false},
		"it finds the Job invalid":  {apierrors.NewInvalid(kind, "check", nil), true},
		"a quota forbids it today":  {apierrors.NewForbidden(batchv1.Resource("jobs"), "check", errors.New("exceeded quota")), false},
		"a webhook does not answer": {apierrors.NewInternalError(errors.New("failed calling webhook")), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset()
			client.PrependReactor("create", "jobs", func(action clienttesting.Action) (bool, runtime.Object, error) {
				if options := action.(clienttesting.CreateActionImpl).CreateOptions; len(options.DryRun) == 0 {
					t.Error("the Job is not only tried")
				}
				return true, nil, tt.answer
			})
			err := checkTemplate(t.Context(), client, testEnv, config.Config{Name: "check", PodTemplate: goodTemplate}, extensions{}, slog.New(slog.DiscardHandler))
			var misuse *misuseError
			if got := errors.As(err, &misuse); got != tt.wantMisuse || (err != nil && !got) {
				t.Errorf("checkTemplate: got %v, want one that ends the process: %t", err, tt.wantMisuse)
			}
		})
	}
}
