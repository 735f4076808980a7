package app

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/cmd/app/flags"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
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
			_, err := loadConfig(t.Context(), testkit.NewClient(fake.NewClientset(tt.objects...)), tt.env, slog.New(slog.DiscardHandler))
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

// The API server's errors for an invalid Job, and for one that admission rejects.
var (
	errNoRight = errors.New(`roles: User "system:serviceaccount:jobs:check" cannot do that in the namespace "jobs"`)
	invalidJob = apierrors.NewInvalid(batchv1.SchemeGroupVersion.WithKind("Job").GroupKind(), "check",
		field.ErrorList{field.Invalid(field.NewPath("spec", "template", "spec", "hostname"), "a.b", "must not contain dots")})
	webhookDenial = &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusBadRequest, Message: `admission webhook "policy.example" denied the request: no owner`,
	}}
	policyDenial = &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid,
		Message: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no owner",
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Message: "no owner"}}},
	}}
)

func TestCheckTemplateAsksTheAPIServer(t *testing.T) {
	tests := map[string]struct {
		answer     error
		wantMisuse bool
	}{
		"it takes the Job":          {nil, false},
		"it finds the Job invalid":  {invalidJob, true},
		"a webhook denies it today": {webhookDenial, false},
		"a policy denies it today":  {policyDenial, false},
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
			err := checkTemplate(t.Context(), testkit.NewClient(client), testEnv, config.PodTemplateKey, config.Config{Controller: config.Controller{Name: "check"}, Definition: config.Definition{PodTemplate: goodTemplate}}, extensions{}, slog.New(slog.DiscardHandler))
			var misuse *misuseError
			if got := errors.As(err, &misuse); got != tt.wantMisuse || (err != nil && !got) {
				t.Errorf("checkTemplate: got %v, want one that ends the process: %t", err, tt.wantMisuse)
			}
		})
	}
}

func TestCheckMirrorAsksTheAPIServer(t *testing.T) {
	invalid := apierrors.NewInvalid(v1alpha1.GroupVersion().WithKind(v1alpha1.NodeCronJobKind).GroupKind(), "check",
		field.ErrorList{field.Invalid(field.NewPath("spec", "podPoolSize"), 5, "must be less")})
	tests := map[string]struct {
		answer     error
		wantMisuse bool
	}{
		"it takes the NodeCronJob":        {nil, false},
		"it finds it invalid":             {invalid, true},
		"a policy denies it today":        {policyDenial, false},
		"the role lacks the permission":   {apierrors.NewForbidden(corev1.Resource("nodecronjobs"), "check", errNoRight), false},
		"the definitions are not there":   {apierrors.NewNotFound(corev1.Resource("nodecronjobs"), "check"), false},
		"the API server does not respond": {errors.New("connection refused"), false},
	}
	cfg, _, err := config.Decode(map[string]string{config.ConfigKey: goodConfig, config.PodTemplateKey: goodTemplate}, testEnv, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client, asked := testkit.NewClientset(), false
			client.Resources.PrependReactor("create", "nodecronjobs", func(action clienttesting.Action) (bool, runtime.Object, error) {
				asked = len(action.(clienttesting.CreateActionImpl).CreateOptions.DryRun) > 0
				return tt.answer != nil, nil, tt.answer
			})
			err := checkMirror(t.Context(), client, testEnv, cfg, slog.New(slog.DiscardHandler))
			var misuse *misuseError
			if got := errors.As(err, &misuse); got != tt.wantMisuse || (err != nil && !got) || !asked {
				t.Errorf("asked: %t, got %v, want one that ends the process: %t", asked, err, tt.wantMisuse)
			}
		})
	}
}

func TestWhatCallbacksNeedIsLookedForAtTheStart(t *testing.T) {
	forbid := func(verb, resource string) func(*fake.Clientset) {
		return func(client *fake.Clientset) {
			client.PrependReactor(verb, resource, func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, apierrors.NewForbidden(corev1.Resource(resource), "", errNoRight)
			})
		}
	}
	tests := map[string]struct {
		auth    execution.CallbackAuth
		prepare func(*fake.Clientset)

		wantKeyring bool
		want        []string // of the error
	}{
		"tokens":                            {auth: execution.TokenAuth, prepare: func(*fake.Clientset) {}, wantKeyring: true},
		"tokens, and no right to read them": {auth: execution.TokenAuth, prepare: forbid("get", "secrets"), want: []string{"callback.auth: token", "get and create Secrets", "none"}},
		"tokens, and no right to make them": {auth: execution.TokenAuth, prepare: forbid("create", "secrets"), want: []string{"callback.auth: token", "get and create Secrets"}},
		"no tokens":                         {auth: execution.NoAuth, prepare: func(*fake.Clientset) {}},
		"no tokens, and no rights":          {auth: execution.NoAuth, prepare: forbid("*", "secrets")},
		"service accounts": {auth: execution.ServiceAccountTokenAuth, prepare: func(client *fake.Clientset) {
			client.PrependReactor("create", "tokenreviews", func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, &authenticationv1.TokenReview{}, nil
			})
		}},
		"service accounts, and no right to review": {
			auth: execution.ServiceAccountTokenAuth, prepare: forbid("create", "tokenreviews"), want: []string{"callback.auth: serviceAccountToken", "tokenreviews"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset()
			tt.prepare(client)
			cfg := config.Config{Controller: config.Controller{Name: "check", Callback: config.Callback{Auth: tt.auth}}}
			keyring, err := openKeyring(t.Context(), flags.Options{}, testEnv, cfg, testkit.NewClient(client))
			err = errors.Join(err, checkReviews(t.Context(), cfg, testkit.NewClient(client)))
			if (err != nil) != (len(tt.want) > 0) || (keyring != nil) != tt.wantKeyring {
				t.Fatalf("got %v, %v", keyring, err)
			}
			var misuse *misuseError
			if err != nil && !errors.As(err, &misuse) {
				t.Errorf("got %v, want what a person has to mend", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

// Admission may accept later what it rejects now: the startup continues.
func TestWhatAdmissionRefusesAtTheStartIsTriedAgain(t *testing.T) {
	tests := map[string]struct {
		auth     execution.CallbackAuth
		resource string
	}{
		"the callback key":      {execution.TokenAuth, "secrets"},
		"the review of a token": {execution.ServiceAccountTokenAuth, "tokenreviews"},
	}
	refusals := map[string]error{
		"a quota":   apierrors.NewForbidden(corev1.Resource("x"), "check", errors.New("exceeded quota")),
		"a webhook": webhookDenial,
		"a policy":  policyDenial,
	}
	for name, tt := range tests {
		for who, refusal := range refusals {
			t.Run(name+", by "+who, func(t *testing.T) {
				client := fake.NewClientset()
				client.PrependReactor("create", tt.resource, func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, refusal })
				cfg := config.Config{Controller: config.Controller{Name: "check", Callback: config.Callback{Auth: tt.auth}}}
				_, err := openKeyring(t.Context(), flags.Options{}, testEnv, cfg, testkit.NewClient(client))
				err = errors.Join(err, checkReviews(t.Context(), cfg, testkit.NewClient(client)))
				var misuse *misuseError
				if err == nil || errors.As(err, &misuse) {
					t.Errorf("got %v, want an error after which it is tried again", err)
				}
			})
		}
	}
}
