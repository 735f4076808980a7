package install

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// With POD_IP, job pods send callbacks to the controller's pod.
func TestNoServiceIsNeededWithPodIP(t *testing.T) {
	r := rendered{config: config.Config{Controller: config.Controller{CallbackServiceName: "other"}}, deployment: &appsv1.Deployment{}}
	if err := r.checkRequirements(); err == nil {
		t.Error("it is taken without a Service")
	}
	r.env.PodIP = "10.0.0.1"
	if err := r.checkRequirements(); err != nil {
		t.Error(err)
	}
}
