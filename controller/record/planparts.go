package record

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

const (
	partKey  = "plan.json.gz" // of a part's ConfigMap. Concatenated, the parts are one gzip stream
	partSize = 900 << 10      // a ConfigMap may have 1 MiB
	maxParts = 64             // that the definition of Execution allows
	maxPlan  = 64 << 20       // bytes of an unpacked plan
)

// Part is a part of a packed plan, for a ConfigMap of its own. Its name is computed from the
// whole plan: leaders that freeze the same plan write the same parts, and others do not
// collide.
type Part struct {
	v1alpha1.PlanPart
	Data []byte
}

// pack returns the parts of a plan: its JSON as one gzip stream, cut. Equal plans have equal
// parts. The error says that no version can read the plan back.
func pack(plan execution.Plan) ([]Part, error) {
	wrong := func(err error) ([]Part, error) {
		return nil, fmt.Errorf("pack the plan of execution %s: %w", plan.ID, err)
	}
	if plan.NodeCronJob == "" || plan.Execution.UID == "" {
		return wrong(errors.New("nodeCronJob and execution: must be set"))
	}
	text, err := json.Marshal(plan)
	if err != nil {
		return wrong(err)
	}
	if err := checkSize(plan, len(text)); err != nil {
		return wrong(err)
	}
	var stream bytes.Buffer
	w := gzip.NewWriter(&stream)
	if _, err := w.Write(text); err != nil {
		return wrong(err)
	}
	if err := w.Close(); err != nil {
		return wrong(err)
	}
	var parts []Part
	for data := range slices.Chunk(stream.Bytes(), partSize) {
		parts = append(parts, Part{PlanPart: v1alpha1.PlanPart{Digest: digest(data)}, Data: data})
	}
	if len(parts) > maxParts {
		return wrong(fmt.Errorf("%d parts of %d bytes: must be at most %d", len(parts), partSize, maxParts))
	}
	return named(plan, parts), nil
}

// named gives the parts of a plan their names.
func named(plan execution.Plan, parts []Part) []Part {
	hash := planHash(reference(parts))
	for i := range parts {
		parts[i].Name = jobspec.PlanPartName(plan.NodeCronJob, plan.ID, hash, i)
	}
	return parts
}

// checkSize bounds a plan with a JSON of so many bytes.
func checkSize(plan execution.Plan, size int) error {
	if size > maxPlan || len(plan.Nodes) > execution.MaxIndex {
		return fmt.Errorf("%d nodes, %d bytes: must be at most %d nodes and %d bytes", len(plan.Nodes), size, execution.MaxIndex, maxPlan)
	}
	return nil
}

// digest returns the digest of a part as the API has it.
func digest(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

// reference returns what the status of an Execution says about its plan.
func reference(parts []Part) v1alpha1.Plan {
	var plan v1alpha1.Plan
	for _, part := range parts {
		plan.Parts = append(plan.Parts, part.PlanPart)
	}
	return plan
}

// planHash returns the hash in the names and the label of a plan's parts. An Execution's
// status suffices for it.
func planHash(plan v1alpha1.Plan) string {
	digests := make([]string, 0, len(plan.Parts))
	for _, part := range plan.Parts {
		digests = append(digests, part.Digest)
	}
	return jobspec.PlanHash(digests...)
}

// partObjects returns the ConfigMaps of a plan's parts. They are deleted with the Execution.
func partObjects(controller string, plan execution.Plan, parts []Part) []*corev1.ConfigMap {
	hash := planHash(reference(parts))
	objects := make([]*corev1.ConfigMap, 0, len(parts))
	for _, part := range parts {
		labels := jobspec.CommonLabels(controller, jobspec.PlanPartComponent)
		labels[jobspec.NodeCronJobLabel] = plan.NodeCronJob
		labels[jobspec.ExecutionLabel] = string(plan.ID)
		labels[jobspec.PlanLabel] = hash
		yes := true
		objects = append(objects, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{
				Name:   part.Name,
				Labels: labels, Annotations: jobspec.CommonAnnotations(),
				OwnerReferences: []metav1.OwnerReference{{
					APIVersion: v1alpha1.GroupVersion().String(),
					Kind:       v1alpha1.ExecutionKind,
					Name:       plan.Execution.Name,
					UID:        types.UID(plan.Execution.UID),
					Controller: &yes, // without blockOwnerDeletion, which needs a permission for finalizers
				}},
			},
			Immutable:  &yes,
			BinaryData: map[string][]byte{partKey: part.Data},
		})
	}
	return objects
}
