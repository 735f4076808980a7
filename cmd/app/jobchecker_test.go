package app

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestTheJobOfANodeCronJobIsChecked(t *testing.T) {
	structured := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "check:1"}}}}
	tests := map[string]struct {
		template  *corev1.PodTemplateSpec
		answer    error
		wantError string // of an InvalidError; empty: none
	}{
		"the API server accepts it":                     {answer: nil},
		"the API server rejects it, text":               {answer: invalidJob, wantError: "spec.podTemplate: the API server rejects the Job: "},
		"the API server rejects it, structured":         {template: structured, answer: invalidJob, wantError: "spec.template: the API server rejects the Job: "},
		"the API server does not answer, which may end": {answer: errors.New("no answer")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset()
			client.PrependReactor("create", "jobs", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, tt.answer })
			cfg := config.Config{Controller: config.Controller{Name: "check"}, HasDefinition: true, Definition: config.Definition{
				CronExpression: "@daily", Metrics: config.Metrics{Prefix: "foo"}, Template: tt.template,
			}}
			if tt.template == nil {
				cfg.PodTemplate = goodTemplate
			}
			d, err := definition.Compile(definition.Object{Name: "disk"}, cfg, nil, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			checker := jobChecker{app: &app{client: testkit.NewClient(client), env: testEnv, log: slog.New(slog.DiscardHandler)}}
			err = checker.CheckJob(t.Context(), d)
			var refused *definition.InvalidError
			if got := errors.As(err, &refused); got != (tt.wantError != "") || (got && !strings.HasPrefix(refused.Error(), tt.wantError)) {
				t.Errorf("got %v, want %q", err, tt.wantError)
			}
		})
	}
}
