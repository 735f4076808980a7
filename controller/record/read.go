package record

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Read reads an execution record.
func Read(object *corev1.ConfigMap) (execution.Plan, execution.Account, error) {
	r, err := parse(object)
	return r.Plan, r.Account, err
}
