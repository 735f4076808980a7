package jobspec

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// JobName returns the name of a node task's Job. It is computed from the node task and its
// definition, so that the API server rejects a second creation: the name is the lock. The
// hash is of the whole node name, because nodes may share their first label, and may have
// names that are too long for a Job.
func JobName(definition string, key execution.Key) string {
	// The rest of the 63 characters that a Job's name may have.
	const longest = 63 - len("-20060102150405-") - hashLength
	if len(definition) > longest {
		definition = definition[:longest-1-hashLength] + "-" + hash(definition)
	}
	return definition + "-" + string(key.Execution) + "-" + hash(key.Node)
}

// HasJobName reports whether the name of a Job is that of the node task and the definition in
// its labels.
func HasJobName(job metav1.Object, key execution.Key) bool {
	return job.GetName() == JobName(job.GetLabels()[NodeCronJobLabel], key)
}

// ExecutionName returns the name of the Execution that the controller creates. No program
// parses it: the status has the ID.
func ExecutionName(definition string, id execution.ID) string {
	return definition + "-" + string(id)
}

// PlanHash returns the hash in the names and labels of a plan's parts, by their digests in
// their order.
func PlanHash(digests ...string) string { return hash(strings.Join(digests, "\n")) }

// PlanPartName returns the name of a part of a plan. The hash is in it, so that two leaders
// that freeze different nodes for one execution write parts of different names.
func PlanPartName(definition string, id execution.ID, hash string, number int) string {
	return definition + "-" + string(id) + "-" + hash + "-" + strconv.Itoa(number)
}

// LeaseName returns the name of the Lease that the leader holds.
func LeaseName(controller string) string { return controller + "-leader" }

// TokenSecretName returns the name of a Secret with callback tokens.
func TokenSecretName(definition string, id execution.ID, number int) string {
	return definition + "-" + string(id) + "-tokens-" + strconv.Itoa(number)
}

// hashLength is a part of the name of every Job. With another one, a leader of the new
// version would not find the Jobs of an open execution.
const hashLength = 10

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:hashLength/2])
}

// StateName returns the name of the ConfigMap with the controller's state.
func StateName(controller string) string { return controller + "-state" }

// CABundleName returns the name of the ConfigMap with the CA bundle.
func CABundleName(controller string) string { return controller + "-ca" }
