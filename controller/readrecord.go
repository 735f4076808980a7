package controller

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// ReadRecord reads an execution record, for those who only look.
func ReadRecord(object *corev1.ConfigMap) (execution.Plan, execution.Account, error) {
	r, err := parseRecord(object)
	return r.plan, r.account, err
}
