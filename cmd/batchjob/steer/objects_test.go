package steer

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubefake "k8s.io/client-go/kubernetes/fake"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

func definitionsOfTheWorld() []runtime.Object {
	last, next := ago(8*time.Hour+18*time.Minute), metav1.NewTime(noon.Add(15*time.Hour+42*time.Minute))
	ready := []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonScheduled}}
	return []runtime.Object{
		&v1alpha1.NodeCronJob{
			ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: "disk-check", CreationTimestamp: ago(30 * 24 * time.Hour)},
			Spec: v1alpha1.NodeCronJobSpec{
				CronExpression: "42 3 * * *", TimeZone: "UTC", ConcurrencyPolicy: v1alpha1.ForbidConcurrent,
				JobNodeSelector: map[string]v1alpha1.LabelValue{"role": "worker"},
				Template:        &corev1.PodTemplateSpec{Spec: corev1.PodSpec{NodeSelector: map[string]string{"disk": "ssd"}}},
			},
			Status: v1alpha1.NodeCronJobStatus{
				ObservedGeneration: 1, Conditions: ready, LastScheduleTime: &last, NextScheduleTime: &next,
				LastExecution: &v1alpha1.LastExecution{Counts: v1alpha1.NodeCounts{Nodes: 12, OK: 7, Bad: 4, Failed: 2, Lost: 1, Unreported: 1, Skipped: 1}},
			},
		},
		&v1alpha1.NodeCronJob{
			ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: "dns-check", CreationTimestamp: ago(2 * time.Hour)},
			Spec:       v1alpha1.NodeCronJobSpec{CronExpression: "@hourly", Suspend: true, ConcurrencyPolicy: v1alpha1.QueueConcurrent},
			Status: v1alpha1.NodeCronJobStatus{
				ObservedGeneration: 1, Conditions: ready,
				ActiveExecution: &v1alpha1.ExecutionReference{Name: "dns-check-x7k2p", ExecutionID: "20261128115400"},
			},
		},
		&v1alpha1.NodeCronJob{
			ObjectMeta: metav1.ObjectMeta{Namespace: "other", Name: "etcd-check", CreationTimestamp: ago(time.Minute)},
			Spec:       v1alpha1.NodeCronJobSpec{CronExpression: "0 0 * * 0", ConcurrencyPolicy: v1alpha1.ForbidConcurrent},
		},
	}
}

func executionsOfTheWorld() []*v1alpha1.Execution {
	return []*v1alpha1.Execution{
		closedExecution("disk-check-20261127034200", "20261127034200", 32*time.Hour, v1alpha1.NodeCounts{Nodes: 12, OK: 12}),
		{
			ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: "dns-check-x7k2p", CreationTimestamp: ago(6 * time.Minute)},
			Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: "dns-check", Trigger: v1alpha1.ManualTrigger, RequestedBy: "bob@example.com", Reason: "new resolver"},
			Status: v1alpha1.ExecutionStatus{
				Phase: v1alpha1.Open, ExecutionID: "20261128115400", Duration: v1alpha1.NewDuration(6 * time.Minute),
				Counts: &v1alpha1.NodeCounts{Nodes: 12, OK: 4, Pending: 5, Running: 3},
			},
		},
		{
			ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: "dns-check-9wq4d", CreationTimestamp: ago(5 * time.Minute)},
			Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: "dns-check", Trigger: v1alpha1.ManualTrigger},
			Status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Rejected, Conditions: []metav1.Condition{{
				Type: v1alpha1.ConditionRejected, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonNodesNotFound, Message: "no node worker-99",
			}}},
		},
	}
}

// recordedExecution is a closed execution of twelve nodes with its record, and the ConfigMaps
// of its plan.
func recordedExecution(t *testing.T) (*v1alpha1.Execution, []runtime.Object) {
	t.Helper()
	const id execution.ID = "20261128034200"
	p := execution.Plan{ID: id, NodeCronJob: "disk-check", Trigger: execution.Cron, Scheduled: id.Time(), Skipped: []execution.Skip{{Node: "worker-12", Reason: execution.NodeNotReady}}}
	for n := range 11 {
		p.Nodes = append(p.Nodes, execution.Node{Name: fmt.Sprintf("worker-%02d", n+1)})
	}
	indexes := func(text string) execution.Indexes {
		x, err := execution.ParseIndexes(text)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	account := execution.Account{
		Phase: execution.Closed, ClosedAt: id.Time().Add(130 * time.Second), Admitted: indexes("0-10"), Unreported: indexes("0"),
		Outcomes: map[execution.Outcome]execution.Indexes{
			{State: execution.Succeeded}:                          indexes("0-7"),
			{State: execution.Failed, Reason: "ContainerFailed"}:  indexes("8"),
			{State: execution.Failed, Reason: "OOMKilled"}:        indexes("10"),
			{State: execution.Lost, Reason: execution.JobDeleted}: indexes("9"),
		},
	}
	return recordOf(t, p, account)
}

// recordOf is an execution with its record, and the ConfigMaps of its plan.
func recordOf(t *testing.T, p execution.Plan, account execution.Account) (*v1alpha1.Execution, []runtime.Object) {
	t.Helper()
	api, err := fake.New()
	if err != nil {
		t.Fatal(err)
	}
	kube := kubefake.NewClientset()
	store := record.NewStore(api.Executions("checks"), kube.CoreV1().ConfigMaps("checks"), "check")
	e, err := store.Create(t.Context(), record.NodeCronJob{Name: p.NodeCronJob}, execution.Firing{Trigger: p.Trigger, Scheduled: p.ID.Time()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := store.Open(t.Context(), e, p, record.Next{Account: account, At: p.ID.Time()})
	if err != nil {
		t.Fatal(err)
	}
	r.Object.CreationTimestamp = ago(8 * time.Hour)
	r.Object.Labels, r.Object.Annotations, r.Object.ManagedFields = nil, nil, nil
	parts, err := kube.CoreV1().ConfigMaps("checks").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var objects []runtime.Object
	for i := range parts.Items {
		objects = append(objects, &parts.Items[i])
	}
	return r.Object, objects
}

func closedExecution(name string, id v1alpha1.ExecutionID, age time.Duration, counts v1alpha1.NodeCounts) *v1alpha1.Execution {
	return &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: name, CreationTimestamp: ago(age)},
		Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: "disk-check", Trigger: v1alpha1.CronTrigger},
		Status:     v1alpha1.ExecutionStatus{Phase: v1alpha1.Closed, ExecutionID: id, Duration: v1alpha1.NewDuration(130 * time.Second), Counts: &counts},
	}
}

func nodesOfTheWorld() []runtime.Object {
	node := func(name string, ready corev1.ConditionStatus, labels map[string]string) *corev1.Node {
		return &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
			Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}}},
		}
	}
	return []runtime.Object{
		node("control-1", corev1.ConditionTrue, map[string]string{"role": "control", "disk": "ssd"}),
		node("worker-1", corev1.ConditionTrue, map[string]string{"role": "worker", "disk": "ssd", "zone": "a"}),
		node("worker-2", corev1.ConditionTrue, map[string]string{"role": "worker", "disk": "ssd", "zone": "b"}),
		node("worker-3", corev1.ConditionFalse, map[string]string{"role": "worker", "disk": "ssd", "zone": "b"}),
		node("worker-4", corev1.ConditionTrue, map[string]string{"role": "worker", "disk": "hdd", "zone": "b"}),
	}
}
