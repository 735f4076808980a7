//go:build e2e

package api

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// A user deletes a Job, and creates a Job with the name of another one before its turn.
func TestJobsThatAUserDeletesOrReplaces(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 1, RunFor: untilEnded})
	nodes := site.AddNodes(3)
	site.NewServer(1).Start()
	running := waitRunning(t, site, nodes[0])
	jobs := shared.Client.BatchV1().Jobs(site.Namespace)

	id := execution.ID(running.Labels[jobspec.ExecutionLabel])
	foreign, err := jobs.Create(t.Context(), foreignJob(jobspec.JobName(rig.Name, execution.Key{Execution: id, Node: nodes[1]})), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	background := metav1.DeletePropagationBackground
	if err := jobs.Delete(t.Context(), metav1.GetControllerOf(running).Name, metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		t.Fatal(err)
	}
	endOne(t, site, nodes[2], 0)

	checkReport(t, waitClosed(t, site), map[string]execution.Outcome{
		nodes[0]: {State: execution.Lost, Reason: execution.JobDeleted},
		nodes[1]: {State: execution.Failed, Reason: execution.ForeignJob},
		nodes[2]: succeeded(),
	})
	site.Audit.Read(func(state *audit.State) {
		if n := state.JobsOf()[nodes[0]]; n != 1 {
			t.Errorf("node %s had %d Jobs, want only the one that was deleted", nodes[0], n)
		}
	})
	after, err := jobs.Get(t.Context(), foreign.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if after.UID != foreign.UID || after.Generation != foreign.Generation || len(after.Annotations) != len(foreign.Annotations) {
		t.Errorf("the foreign Job was changed: before %+v, after %+v", foreign, after)
	}
}

func waitRunning(t *testing.T, s *rig.Site, node string) *corev1.Pod {
	t.Helper()
	var running *corev1.Pod
	s.Audit.Until(patience, "a pod runs on "+node, func(state *audit.State) bool {
		running = state.Running(node)
		return running != nil
	})
	return running
}

// foreignJob returns a suspended Job, which has no pods.
func foreignJob(name string) *batchv1.Job {
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: batchv1.JobSpec{
			Suspend: ptr.To(true),
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				RestartPolicy: corev1.RestartPolicyNever,
				Containers:    []corev1.Container{{Name: "foreign", Image: "localhost/foreign"}},
			}},
		},
	}
}
