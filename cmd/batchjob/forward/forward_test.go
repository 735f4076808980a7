package forward

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

func TestForwardTo(t *testing.T) {
	service := func(app string, ports ...corev1.ServicePort) []corev1.Service {
		return []corev1.Service{{ObjectMeta: metav1.ObjectMeta{Name: "front"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": app}, Ports: ports}}}
	}
	tests := map[string]struct {
		ports    []corev1.ContainerPort
		services []corev1.Service
		want     string
	}{
		"there is no Service":               {want: "kubectl -n checks port-forward deployment/own 9153"},
		"a Service of others":               {services: service("other", corev1.ServicePort{Port: 9153}), want: "kubectl -n checks port-forward deployment/own 9153"},
		"a Service without the port":        {services: service("own", corev1.ServicePort{Port: 8080}), want: "kubectl -n checks port-forward deployment/own 9153"},
		"the same number":                   {services: service("own", corev1.ServicePort{Port: 9153}), want: "kubectl -n checks port-forward service/front 9153"},
		"another number in front":           {services: service("own", corev1.ServicePort{Port: 9000, TargetPort: intstr.FromInt32(9153)}), want: "kubectl -n checks port-forward service/front 9000"},
		"one that only root may listen on":  {services: service("own", corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(9153)}), want: "kubectl -n checks port-forward service/front 9153:80"},
		"a container with a number its own": {ports: []corev1.ContainerPort{{Name: "metrics", ContainerPort: 9999}}, want: "kubectl -n checks port-forward deployment/own 9999"},
		"a port by its name": {
			ports:    []corev1.ContainerPort{{Name: "metrics", ContainerPort: 9999}},
			services: service("own", corev1.ServicePort{Port: 8080, TargetPort: intstr.FromString("reports")}, corev1.ServicePort{Port: 9998, TargetPort: intstr.FromString("metrics")}),
			want:     "kubectl -n checks port-forward service/front 9998",
		},
		"a port by another name": {
			ports:    []corev1.ContainerPort{{Name: "prom", ContainerPort: 9153}},
			services: service("own", corev1.ServicePort{Port: 9998, TargetPort: intstr.FromString("prom")}),
			want:     "kubectl -n checks port-forward service/front 9998",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "own"}, Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "own"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Ports: test.ports}}},
			}}}
			if got := commands("checks", portOf(d, test.services, metricsPort, metricsNumber)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestOfSeveralReplicasTheLeaderHasTheMetrics(t *testing.T) {
	for replicas, want := range map[int32]bool{1: false, 2: true} {
		i := &cluster.Installation{Deployment: &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: "own", Namespace: "checks"}, Spec: appsv1.DeploymentSpec{Replicas: &replicas},
		}}
		if text := Results(i, nil, progress.Execution{ID: "20261125120000"}); strings.Contains(text, "leader") != want {
			t.Errorf("%d replicas: got %q", replicas, text)
		}
	}
}

func TestReportsWithTLS(t *testing.T) {
	i := &cluster.Installation{Deployment: &appsv1.Deployment{}, Config: config.Config{Controller: config.Controller{Reports: config.Reports{TLS: config.TLS{Mode: config.TLSSelfSigned}}}}}
	if text := Results(i, nil, progress.Execution{ID: "20261125120000"}); !strings.Contains(text, "https://127.0.0.1:8080/20261125120000/") {
		t.Errorf("got %q", text)
	}
}
