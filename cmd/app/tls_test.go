package app

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestEachPortHasItsOwnTLS(t *testing.T) {
	on := config.TLS{Mode: config.TLSSelfSigned}
	tests := map[string]struct {
		callbacks, reports config.TLS
	}{
		"neither":   {},
		"callbacks": {callbacks: on},
		"reports":   {reports: on},
		"both":      {callbacks: on, reports: on},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			a := &app{
				env: config.Env{Namespace: "jobs"}, log: slog.New(slog.DiscardHandler),
				config: config.Config{Controller: config.Controller{Name: "check", CallbackServiceName: "svc", Callback: config.Callback{TLS: tt.callbacks}, Reports: config.Reports{TLS: tt.reports}}},
				client: testkit.NewClient(fake.NewClientset(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "jobs", Name: "svc"}})),
			}
			ports := a.newSecurePorts(metrics.New(registry))
			if err := ports.open(t.Context(), &starting{log: a.log}); err != nil {
				t.Fatal(err)
			}
			for port, on := range map[string]bool{servingcert.CallbackPort: tt.callbacks.On(), servingcert.ReportPort: tt.reports.On()} {
				if (ports.serving(port) != nil) != on || (ports.forwarding(port) != nil) != on {
					t.Errorf("port %s is served with TLS: %t, want %t", port, !on, on)
				}
			}
			if on := tt.callbacks.On(); (ports.callbacks() != nil) != on {
				t.Errorf("pods are told to use TLS: %t, want %t", !on, on)
			}
			families, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range families {
				if f.GetName() == "batch_job_controller_certificate_expiry_seconds" && len(f.GetMetric()) != len(ports) {
					t.Errorf("%d expiries are metrics, want %d", len(f.GetMetric()), len(ports))
				}
			}
		})
	}
}

func TestSecretsOfTLSThatTheRoleForbids(t *testing.T) {
	for mode, secret := range map[config.TLSMode]string{config.TLSSelfSigned: "check-ca", config.TLSSecret: "front"} {
		t.Run(string(mode), func(t *testing.T) {
			client := fake.NewClientset(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "jobs", Name: "svc"}})
			client.PrependReactor("get", "secrets", func(action clienttesting.Action) (bool, runtime.Object, error) {
				get := action.(clienttesting.GetAction)
				return true, nil, apierrors.NewForbidden(corev1.Resource("secrets"), get.GetName(), errNoRight)
			})
			a := &app{
				env: config.Env{Namespace: "jobs"}, log: slog.New(slog.DiscardHandler), client: testkit.NewClient(client),
				config: config.Config{Controller: config.Controller{Name: "check", CallbackServiceName: "svc", Callback: config.Callback{TLS: config.TLS{Mode: mode, Secret: secret}}}},
			}
			err := a.newSecurePorts(metrics.New(prometheus.NewRegistry())).open(t.Context(), &starting{log: a.log})
			var misuse *misuseError
			if !errors.As(err, &misuse) {
				t.Fatalf("got %v, which is tried for ever; want one that ends the start", err)
			}
			for _, part := range []string{"callbacks", "tls: " + string(mode), secret, "kustomize/components/tls"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in %q", part, err)
				}
			}
		})
	}
}
