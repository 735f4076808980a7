package record

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// planOf returns the plan of an Execution that has been opened, from its parts by their
// names. It is the plan that the leader wrote which opened the Execution, or an error.
func planOf(e *v1alpha1.Execution, parts map[string]*corev1.ConfigMap) (execution.Plan, error) {
	if e.Status.Plan == nil || len(e.Status.Plan.Parts) == 0 {
		return execution.Plan{}, errors.New("status.plan: is missing")
	}
	var stream []byte
	hash := planHash(*e.Status.Plan)
	for i, part := range e.Status.Plan.Parts {
		name := jobspec.PlanPartName(e.Spec.NodeCronJobName, execution.ID(e.Status.ExecutionID), hash, i)
		if part.Name != name {
			return execution.Plan{}, fmt.Errorf("status.plan.parts[%d]: %.253q: must be %s", i, part.Name, name)
		}
		if err := checkPart(parts[name], part, e.UID); err != nil {
			return execution.Plan{}, err
		}
		stream = append(stream, parts[name].BinaryData[partKey]...)
	}
	plan, err := unpack(stream)
	if err == nil {
		err = checkOwner(plan, e)
	}
	if err != nil {
		return execution.Plan{}, fmt.Errorf("plan %s: %w", hash, err)
	}
	return plan, nil
}

// checkPart says why an object is not a part of the plan of an Execution.
func checkPart(object *corev1.ConfigMap, part v1alpha1.PlanPart, owner types.UID) error {
	if object == nil {
		return fmt.Errorf("plan part %s: is missing", part.Name)
	}
	if ref := metav1.GetControllerOf(object); ref == nil || ref.UID != owner {
		return fmt.Errorf("plan part %s: must have the Execution with UID %s as its controller", part.Name, owner)
	}
	if got := digest(object.BinaryData[partKey]); got != part.Digest {
		return fmt.Errorf("plan part %s: %s has the digest %s: must have %.71s", part.Name, partKey, got, part.Digest)
	}
	return nil
}

// checkOwner says why a plan is not that of an Execution.
func checkOwner(plan execution.Plan, e *v1alpha1.Execution) error {
	want := execution.Object{Name: e.Name, UID: string(e.UID)}
	switch {
	case plan.ID != execution.ID(e.Status.ExecutionID):
		return fmt.Errorf("belongs to execution %s: must belong to %s", plan.ID, e.Status.ExecutionID)
	case plan.Execution != want:
		return fmt.Errorf("belongs to the Execution %.253q with UID %.64q: must belong to %s with UID %s", plan.Execution.Name, plan.Execution.UID, want.Name, want.UID)
	case plan.NodeCronJob != e.Spec.NodeCronJobName:
		return fmt.Errorf("belongs to the NodeCronJob %.63q: must belong to %s", plan.NodeCronJob, e.Spec.NodeCronJobName)
	default:
		return nil
	}
}

// unpack reads the stream that pack has cut.
func unpack(stream []byte) (execution.Plan, error) {
	r, err := gzip.NewReader(bytes.NewReader(stream))
	if err != nil {
		return execution.Plan{}, err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxPlan+1)) // to the end, where the checksum is
	if err != nil {
		return execution.Plan{}, err
	}
	var plan execution.Plan
	if err := checkSize(plan, len(text)); err != nil {
		return execution.Plan{}, err
	}
	if err := json.Unmarshal(text, &plan); err != nil {
		return execution.Plan{}, err
	}
	if err := checkSize(plan, len(text)); err != nil {
		return execution.Plan{}, err
	}
	_, err = execution.ParseID(string(plan.ID))
	return plan, err
}
