//go:build e2e

package suite

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// TestMisconfigured starts the controller with a configuration that is wrong
// in many places.
func TestMisconfigured(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	wrong := object{
		"podPoolSize":    0,
		"cronExpression": "every now and then",
		"startupDelay":   "soon",
		"reportHistoy":   30,
		"metrics":        object{"prefix": "not a prefix"},
	}
	s := install(t, ctx, deploy.Overlay{
		Namespace:   newNamespace(t, "misconfigured"),
		Config:      configuration(t, "misconfigured", wrong),
		PodTemplate: strings.ReplaceAll(podTemplate(reportScript), "containers:", "contaners:"),
		Service:     "callback",
	})
	status, log, err := s.WaitExit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a wrong configuration ends the process with status 2", func(t *testing.T) {
		if status != 2 {
			t.Errorf("got %d", status)
		}
	})
	t.Run("it lists all that is wrong", func(t *testing.T) {
		for _, place := range []string{"podPoolSize", "cronExpression", "startupDelay", "reportHistoy", "metrics.prefix", "contaners"} {
			if !strings.Contains(log, place) {
				t.Errorf("%s is not mentioned in\n%s", place, log)
			}
		}
	})
	t.Run("it does not take the Lease", func(t *testing.T) {
		leases, err := env.cluster.CoordinationV1().Leases(s.namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(leases.Items) > 0 {
			t.Errorf("got Lease %s", leases.Items[0].Name)
		}
	})
}
