package install

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/golden"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// The text that a user reads after install.
func TestAfterInstall(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: "batch-job-controller"}}
	losing := deployment.DeepCopy()
	losing.Spec.Template.Spec.Volumes = []corev1.Volume{{Name: "reports", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	env := config.Env{Namespace: "checks"}
	cron := config.Config{Controller: config.Controller{Name: "disk-check"}, HasDefinition: true, Definition: config.Definition{CronExpression: "42 3 * * *", TimeZone: "Europe/Zurich"}}
	startup := config.Config{Controller: config.Controller{Name: "demo"}, HasDefinition: true, Definition: config.Definition{RunOnStartup: true, StartupDelay: 10 * time.Second, CronExpression: "30 * * * *"}}
	alone := config.Config{Controller: config.Controller{Name: "checks"}}
	tests := map[string]struct {
		rendered
		installed
	}{
		"installed-without-definition": {rendered{deployment: deployment, env: env, config: alone}, installed{changed: true, started: true}},
		"installed-with-schedule":      {rendered{deployment: deployment, env: env, config: cron}, installed{changed: true, started: true}},
		"installed-with-startup":       {rendered{deployment: deployment, env: env, config: startup}, installed{changed: true, started: true, hasRecord: true}},
		"installed-without-a-start":    {rendered{deployment: deployment, env: env, config: startup}, installed{changed: true, hasRecord: true}},
		"installed-unchanged":          {rendered{deployment: deployment, env: env, config: startup}, installed{hasRecord: true}},
		"installed-while-open":         {rendered{deployment: losing, env: env, config: startup}, installed{changed: true, started: true, hasRecord: true, open: cluster.RecordName{ID: "20261125115900", Name: "demo-20261125115900"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			golden.Check(t, name, afterInstall("kubectl batchjob", test.rendered, test.installed, now))
		})
	}
}
