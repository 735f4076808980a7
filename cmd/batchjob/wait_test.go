package batchjob

import (
	"bytes"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

func TestWhatIsWaitedForBeforeAnExecution(t *testing.T) {
	tests := map[string]struct {
		replicas int32
		startup  time.Duration // until then runOnStartup begins one; 0: it does not
		timeout  time.Duration
		says     string
		gives    bool // up
	}{
		"one that is about to begin":      {1, time.Minute, time.Hour, "runOnStartup begins an execution 10s after", false},
		"none begins without a replica":   {0, time.Minute, time.Hour, "has 0 replicas", true},
		"one that should have begun":      {1, -time.Second, time.Hour, "runOnStartup has begun no execution", true},
		"the next tick, which is in time": {1, 0, 2 * time.Minute, "the next execution begins at", false},
		"a tick that comes too late":      {1, 0, 0, "which is after --timeout", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			w := waiter{timeout: tt.timeout, said: news{to: &said}, installation: &installation{
				deployment: &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "controller"}, Spec: appsv1.DeploymentSpec{Replicas: &tt.replicas}},
				config:     config.Config{CronExpression: "* * * * *", TimeZone: "UTC", RunOnStartup: tt.startup != 0, StartupDelay: 10 * time.Second},
			}}
			if tt.startup != 0 {
				w.since, w.startup = "20261125120000", time.Now().Add(tt.startup)
			}
			text := ""
			err := w.comesSoon()
			if err != nil {
				text = err.Error()
			}
			if text += said.String(); (err != nil) != tt.gives || !strings.Contains(text, tt.says) {
				t.Errorf("got %v, and said %q; want %q in it, and an error: %t", err, said.String(), tt.says, tt.gives)
			}
		})
	}
}
