//go:build e2e

package bench

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// runNative runs one Indexed Job with as many completions as there are nodes. The scheduler
// chooses the nodes of its pods.
func runNative(b *testing.B, site *rig.Site, p parameters) measurement {
	b.Helper()
	execution, owner := plan(b, site)
	job, err := jobspec.Render(execution, 0, jobspec.Options{Controller: rig.Name, Namespace: site.Namespace, Owner: owner})
	if err != nil {
		b.Fatal(err)
	}
	job.Name = "native"
	job.Spec.CompletionMode = ptr.To(batchv1.IndexedCompletion)
	job.Spec.Completions, job.Spec.Parallelism = ptr.To(int32(p.nodes)), ptr.To(int32(p.pool))
	job.Spec.Template.Spec.Affinity = nil
	if _, err := site.Client.BatchV1().Jobs(site.Namespace).Create(b.Context(), job, metav1.CreateOptions{}); err != nil {
		b.Fatal(err)
	}
	waitEnded(site, p)
	var m measurement
	site.Audit.Read(func(s *audit.State) { m = measure(s, s.PodsCreated, p.pool) })
	return m
}
