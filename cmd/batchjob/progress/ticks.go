package progress

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

// StateName returns the name of the ConfigMap with a controller's state.
func StateName(name string) string { return jobspec.StateName(name) }

// LastTick returns the last processed tick of a definition from a controller's state. No
// earlier tick runs. The zero time means that there has been no leader yet.
func LastTick(object *corev1.ConfigMap, definition string) time.Time {
	return state.LastTick(object, definition)
}
