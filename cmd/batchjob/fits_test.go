package batchjob

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// A controller with POD_IP has job pods report to its pod.
func TestNoServiceIsNeededWithPodIP(t *testing.T) {
	r := rendered{config: config.Config{CallbackServiceName: "other"}, deployment: &appsv1.Deployment{}}
	if err := r.fits(); err == nil {
		t.Error("it is taken without a Service")
	}
	r.deployment.Spec.Template.Spec.Containers = []corev1.Container{{Env: []corev1.EnvVar{{Name: "POD_IP"}}}}
	if err := r.fits(); err != nil {
		t.Error(err)
	}
}
