//go:build e2e

package api

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

const noOwner = "it has no owner"

// Admission denies Jobs, with the default status code of the API server, when a server starts,
// while it works, and when the next one takes over. Then admission allows them.
func TestJobsThatAdmissionRefusesForAWhile(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(*rig.Site, rig.Refusal, string) func(){
		"a policy": (*rig.Site).RefusedByPolicy, "a webhook": (*rig.Site).RefusedByWebhook,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := rig.NewSite(t, shared, rig.Config{Pool: 2, RunFor: time.Second})
			nodes := site.AddNodes(4)
			mend := refuse(site, rig.Refusal{Group: "batch", Resource: "jobs"}, noOwner)
			waitRefused(t, site, &batchv1.Job{})
			first, second := site.NewServer(1).WithLease(rig.ShortLease()), site.NewServer(2).WithLease(rig.ShortLease())
			for _, server := range []*rig.Server{first, second} {
				server.Start()
				server.WaitMetrics(patience, "a Job is refused", func(m rig.Metrics) bool { return m.Sum("batch_job_controller_job_create_errors_total") > 0 })
				if !bytes.Contains(server.Log(), []byte("would reject a Job now")) {
					t.Error("the start does not warn of the refusal")
				}
				if server == first {
					server.Kill()
				}
			}
			mend()
			checkReport(t, waitClosed(t, site), all(nodes, succeeded()))
			site.Audit.Until(patience, "an event reports the refusal", func(state *audit.State) bool {
				found := state.EventsOf("JobRefused")
				return len(found) == 1 && strings.Contains(found[0].Message, noOwner)
			})
		})
	}
}

// waitRefused waits until the API server denies the creation of the object: a new policy takes
// effect after some time.
func waitRefused(t *testing.T, site *rig.Site, like metav1.Object) {
	t.Helper()
	eventually(t, "the API server denies the object", func() bool {
		dry := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
		var err error
		switch like.(type) {
		case *batchv1.Job:
			_, err = shared.Client.BatchV1().Jobs(site.Namespace).Create(t.Context(), foreignJob("probe"), dry)
		default:
			_, err = site.Executions().Create(t.Context(), &v1alpha1.Execution{
				ObjectMeta: metav1.ObjectMeta{Name: "probe", Labels: jobspec.CommonLabels(rig.Name, jobspec.ExecutionComponent)},
				Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: rig.Name},
			}, dry)
		}
		return err != nil && strings.Contains(err.Error(), noOwner)
	})
}

// The leader abandons an execution whose record the API server rejects at startingDeadline, and
// processes the next tick.
func TestAnExecutionThatAPolicyKeepsFromBeingOpened(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 2, RunFor: time.Second, Keys: map[string]any{
		"startingDeadline": "3s", "runOnStartup": true, "cronExpression": "* * * * *",
	}})
	nodes := site.AddNodes(2)
	mend := site.RefusedByPolicy(rig.Refusal{Group: v1alpha1.GroupName, Resource: v1alpha1.ExecutionResource, Component: jobspec.ExecutionComponent}, noOwner)
	waitRefused(t, site, &v1alpha1.Execution{})
	server := site.NewServer(1)
	server.Start()
	site.Audit.Until(patience, "an event says why the execution is abandoned", func(state *audit.State) bool {
		return slices.ContainsFunc(state.EventsOf("TicksMissed"), func(e *corev1.Event) bool { return strings.Contains(e.Message, noOwner) })
	})
	if missed := server.Metrics().Sum("batch_job_controller_ticks_missed_total"); missed < 1 {
		t.Errorf("ticks missed: got %v, want at least one", missed)
	}
	mend()
	checkReport(t, waitClosed(t, site), all(nodes, succeeded()))
}

// A user damages the record of the open execution. The leader does not change it; ticks are
// skipped until its Jobs have ended, and run from then on.
func TestARecordThatAUserDamages(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 2, RunFor: untilEnded, Keys: map[string]any{"cronExpression": "* * * * *"}})
	nodes := site.AddNodes(2)
	server := site.NewServer(1)
	server.Start()
	for _, node := range nodes {
		waitRunning(t, site, node)
	}
	id := execution.ID(waitRunning(t, site, nodes[0]).Labels[jobspec.ExecutionLabel])
	record, err := site.Executions().Get(t.Context(), jobspec.ExecutionName(rig.Name, id), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	record.Status.Account.Admitted = "0-99"
	damaged, err := site.Executions().UpdateStatus(t.Context(), record, metav1.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	endOne(t, site, nodes[0], 20) // the leader tries to record it
	site.Audit.Until(patience, "an event reports the damage", func(state *audit.State) bool {
		return len(state.EventsOf("RecordDamaged")) == 1
	})
	site.Audit.Until(patience, "a tick is skipped while a pod runs", func(state *audit.State) bool {
		return len(state.EventsOf("TickSkipped")) > 0 || len(state.Records) > 1
	})
	site.Audit.Read(func(state *audit.State) {
		if len(state.Records) != 1 {
			t.Error("an execution was opened beside a pod of the previous one")
		}
	})
	if err := site.EndPod(t.Context(), waitRunning(t, site, nodes[1])); err != nil {
		t.Fatal(err)
	}
	site.Audit.Until(patience, "a pod of the next execution runs", func(state *audit.State) bool {
		pod := state.Running(nodes[1])
		return pod != nil && pod.Labels[jobspec.ExecutionLabel] != string(id)
	})
	after, err := site.Executions().Get(t.Context(), damaged.Name, metav1.GetOptions{})
	if err != nil || after.ResourceVersion != damaged.ResourceVersion {
		t.Errorf("the damaged record was written or deleted: %v", err)
	}
	if n := server.Metrics().Sum("batch_job_controller_damaged_records"); n != 1 {
		t.Errorf("damaged records: got %v, want 1", n)
	}
}
