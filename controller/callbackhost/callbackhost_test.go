package callbackhost

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestHost(t *testing.T) {
	tests := map[string]struct {
		fixed, clusterIP string
		covers           []string // by the certificate; nil: plain HTTP
		want             string
	}{
		"the address of the Service":                      {clusterIP: "10.96.0.7", want: "10.96.0.7"},
		"POD_IP wins":                                     {fixed: "10.1.2.3", clusterIP: "10.96.0.7", want: "10.1.2.3"},
		"POD_IP wins over a certificate":                  {fixed: "10.1.2.3", clusterIP: "10.96.0.7", covers: []string{"10.96.0.7"}, want: "10.1.2.3"},
		"a headless Service is named":                     {clusterIP: corev1.ClusterIPNone, want: "check.jobs.svc"},
		"an IPv6 address":                                 {clusterIP: "fd00::7", want: "fd00::7"},
		"a certificate for the address":                   {clusterIP: "10.96.0.7", covers: []string{"10.96.0.7"}, want: "10.96.0.7"},
		"a certificate for the name, not for the address": {clusterIP: "10.96.0.7", covers: []string{"check.jobs.svc"}, want: "check.jobs.svc"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset(&corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Name: "check", Namespace: "jobs"}, Spec: corev1.ServiceSpec{ClusterIP: tt.clusterIP},
			})
			o := Options{Client: testkit.NewClient(client), Namespace: "jobs", Service: "check", Fixed: tt.fixed}
			if tt.covers != nil {
				o.Covers = func(host string) bool { return slices.Contains(tt.covers, host) }
			}
			got, err := New(o).Read(t.Context())
			if err != nil || got != tt.want {
				t.Errorf("host: got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}
