package manifests

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// decodeConfig reads the configuration as the server does when it starts.
func decodeConfig(t *testing.T, objects []runtime.Object) config.Config {
	t.Helper()
	deployment := controllerContainer(t, objects)
	configMap := named[*corev1.ConfigMap](t, objects, envValue(deployment, "CONFIG_MAP_NAME"))
	env := config.Env{Namespace: configMap.Namespace, ConfigMapName: configMap.Name}
	c, warnings, err := config.Decode(configMap.Data, env, time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range warnings {
		t.Errorf("warning: %s", w)
	}
	return c
}

// jobPod returns the pod of a node task, as it is created, with one of the ways
// to authenticate.
func jobPod(t *testing.T, objects []runtime.Object, auth execution.CallbackAuth) corev1.PodSpec {
	t.Helper()
	c := decodeConfig(t, objects)
	plan := execution.Plan{
		ID: "20261005120000", NodeCronJob: c.Name,
		Nodes: []execution.Node{{Name: "node-1"}},
		Settings: execution.Settings{
			JobTimeout: c.JobTimeout, StartDeadline: c.StartDeadline, JobServiceAccount: c.JobServiceAccount,
			PodTemplate: c.PodTemplate, CallbackName: c.CallbackServiceName, CallbackPort: c.CallbackServicePort,
			CallbackAuth: auth, TokensPerSecret: c.TokensPerSecret,
		},
	}
	job, err := jobspec.Render(plan, 0, jobspec.Options{Controller: c.Name, Namespace: "any"})
	if err != nil {
		t.Fatal(err)
	}
	return job.Spec.Template.Spec
}

func TestConfigurationFitsTheObjects(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		c := decodeConfig(t, objects)
		service := named[*corev1.Service](t, objects, c.CallbackServiceName)
		served := false
		for _, port := range service.Spec.Ports {
			served = served || (int(port.Port) == c.CallbackServicePort && port.Name == "callbacks")
		}
		if !served {
			t.Errorf("Service %s does not serve callbacks on %d", service.Name, c.CallbackServicePort)
		}
		named[*corev1.ServiceAccount](t, objects, jobPod(t, objects, execution.TokenAuth).ServiceAccountName)
	})
}

func TestDemo(t *testing.T) {
	c := decodeConfig(t, render(t, "demo"))
	// With a shorter delay, nodes may not have the Service's endpoints yet, and scripts
	// that do not retry lose their first callbacks.
	const leads = 5 * time.Second
	if !c.RunOnStartup || c.StartupDelay != leads || c.PodPoolSize != 2 || !c.SavePodLog || len(c.Metrics.Gauges) != 2 {
		t.Errorf("the demo does not show what it is to show: %+v", c)
	}
}
