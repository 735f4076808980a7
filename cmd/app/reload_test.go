package app

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestChangedConfigurationIsJudgedAsAtTheStart(t *testing.T) {
	answering := func(verb, resource string, err error) func(*fake.Clientset) {
		return func(c *fake.Clientset) {
			c.PrependReactor(verb, resource, func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, err })
		}
	}
	tests := map[string]struct {
		config      string
		template    string // that of before, if empty
		prepare     func(*fake.Clientset)
		wantInvalid []string // in the error; none: it is accepted, or could not be validated
		wantAgain   bool
		wantApplies string
		wantWaits   string
	}{
		"as it is":                        {config: goodConfig},
		"another pool":                    {config: goodConfig + "podPoolSize: 3\n", wantApplies: "podPoolSize from the next execution on"},
		"another template":                {config: goodConfig, template: strings.ReplaceAll(goodTemplate, "check:1", "check:2"), wantApplies: "pod-template.yaml from the next execution on"},
		"another name and pool":           {config: strings.Replace(goodConfig, "name: check", "name: other", 1) + "podPoolSize: 3\n", wantApplies: "podPoolSize from the next execution on", wantWaits: `name: stays "check" until a restart makes it "other"`},
		"two mistakes":                    {config: goodConfig + "podPoolSize: 0\nnoSuchKey: 1\n", wantInvalid: []string{"podPoolSize: Invalid value: 0: must be a whole number from 1 to 1000", "noSuchKey"}},
		"a template that is none":         {config: goodConfig, template: "kind: Deployment", wantInvalid: []string{"pod-template.yaml", "Deployment"}},
		"a Service that is none":          {config: strings.Replace(goodConfig, "callbackServiceName: check", "callbackServiceName: none", 1), wantInvalid: []string{"callbackServiceName", `"none"`}},
		"a port it does not have":         {config: goodConfig + "callbackServicePort: 81\n", wantInvalid: []string{"callbackServicePort: 81", "8090"}},
		"a gauge of our own":              {config: strings.Replace(goodConfig, "prefix: check", "prefix: batch_job_controller, gauges: {leader: {}}", 1), wantInvalid: []string{"metrics", "batch_job_controller_leader"}},
		"a Job that is refused":           {config: goodConfig, prepare: answering("create", "jobs", invalidJob), wantInvalid: []string{"pod-template.yaml: the API server rejects the Job"}},
		"no right to review tokens":       {config: goodConfig + "reports: {auth: serviceAccountToken}\n", prepare: answering("create", "tokenreviews", apierrors.NewForbidden(corev1.Resource("tokenreviews"), "", errNoRight)), wantInvalid: []string{"reports.auth"}},
		"a Job that a policy denies":      {config: goodConfig + "podPoolSize: 3\n", prepare: answering("create", "jobs", policyDenial), wantApplies: "podPoolSize from the next execution on"},
		"a Job that a webhook denies":     {config: goodConfig + "podPoolSize: 3\n", prepare: answering("create", "jobs", webhookDenial), wantApplies: "podPoolSize from the next execution on"},
		"a review that a policy denies":   {config: goodConfig + "reports: {auth: serviceAccountToken}\n", prepare: answering("create", "tokenreviews", policyDenial), wantAgain: true},
		"the API server does not respond": {config: goodConfig, prepare: answering("get", "services", errors.New("connection refused")), wantAgain: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset(&corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Name: "check", Namespace: "jobs"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 8090}}},
			})
			if tt.prepare != nil {
				tt.prepare(client)
			}
			data := map[string]string{config.ConfigKey: goodConfig, config.PodTemplateKey: goodTemplate}
			running, _, err := config.Decode(data, testEnv, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			data[config.ConfigKey] = tt.config
			if tt.template != "" {
				data[config.PodTemplateKey] = tt.template
			}
			a := &app{env: testEnv, client: testkit.NewClient(client), log: slog.New(slog.DiscardHandler)}
			change, err := a.judgeConfig(extensions{})(t.Context(), running, data)
			var invalid *definition.InvalidError
			if errors.As(err, &invalid) != (len(tt.wantInvalid) > 0) || (err != nil && invalid == nil) != tt.wantAgain {
				t.Fatalf("got %v, want one for a person to mend: %t, one to be asked again after: %t", err, len(tt.wantInvalid) > 0, tt.wantAgain)
			}
			for _, want := range tt.wantInvalid {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %v", want, err)
				}
			}
			if err == nil && (change.Applies() != tt.wantApplies || strings.Join(change.Waits(), "\n") != tt.wantWaits) {
				t.Errorf("applies %q, waits %q; want %q and %q", change.Applies(), change.Waits(), tt.wantApplies, tt.wantWaits)
			}
		})
	}
}
