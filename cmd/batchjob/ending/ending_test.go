package ending

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubefake "k8s.io/client-go/kubernetes/fake"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// closed is a client, and an execution of some nodes that failed and one that succeeded.
func closed(t *testing.T, bad int) (*resources.Client, *v1alpha1.Execution) {
	t.Helper()
	api, err := fake.New()
	if err != nil {
		t.Fatal(err)
	}
	c := &resources.Client{Namespace: "checks", API: api, Kube: kubefake.NewClientset()}
	const id execution.ID = "20261128034200"
	p := execution.Plan{ID: id, NodeCronJob: "check", Trigger: execution.Cron, Scheduled: id.Time(), Nodes: []execution.Node{{Name: "good"}}}
	var all, failed, good execution.Indexes
	all.Add(0)
	good.Add(0)
	account := execution.Account{Phase: execution.Closed, ClosedAt: id.Time(), Outcomes: map[execution.Outcome]execution.Indexes{{State: execution.Succeeded}: good}}
	for n := range bad {
		p.Nodes = append(p.Nodes, execution.Node{Name: fmt.Sprintf("worker-%02d", n)})
		all.Add(n + 1)
		failed.Add(n + 1)
		account.Outcomes[execution.Outcome{State: execution.Failed, Reason: "OOMKilled"}] = failed
	}
	account.Admitted = all
	store := record.NewStore(api.Executions("checks"), c.Kube.CoreV1().ConfigMaps("checks"), "check")
	e, err := store.Create(t.Context(), record.NodeCronJob{Name: p.NodeCronJob}, execution.Firing{Trigger: p.Trigger, Scheduled: p.Scheduled})
	if err != nil {
		t.Fatal(err)
	}
	r, err := store.Open(t.Context(), e, p, record.Next{Account: account, At: id.Time()})
	if err != nil {
		t.Fatal(err)
	}
	return c, r.Object
}

func TestText(t *testing.T) {
	const more = "kubectl batchjob status x"
	tests := map[string]struct {
		bad     int
		change  func(*v1alpha1.Execution)
		want    []string
		exclude []string
	}{
		"no node is bad":    {want: []string{"execution check-20261128034200 closed: 1 of 1 nodes succeeded\n"}, exclude: []string{"NODE"}},
		"some nodes":        {bad: 20, want: []string{"1 of 21 nodes succeeded, 20 failed\nNODE", "worker-19  failed  OOMKilled\n"}, exclude: []string{"more", "good"}},
		"more nodes":        {bad: 22, want: []string{"worker-19  failed  OOMKilled\nand 2 more: " + more}, exclude: []string{"worker-20"}},
		"an unreadable one": {bad: 1, change: func(e *v1alpha1.Execution) { e.Status.Plan = nil }, want: []string{"1 failed\nWhich nodes are bad is not known: the record cannot be read: "}},
		"a rejected one": {change: func(e *v1alpha1.Execution) {
			e.Status = v1alpha1.ExecutionStatus{Phase: v1alpha1.Rejected, Conditions: []metav1.Condition{{Type: v1alpha1.ConditionRejected, Reason: v1alpha1.ReasonNoNodes}}}
		}, want: []string{"was rejected: NoNodes\n"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, e := closed(t, test.bad)
			if test.change != nil {
				test.change(e)
			}
			got := Text(t.Context(), c, e, more)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in:\n%s", want, got)
				}
			}
			for _, not := range test.exclude {
				if strings.Contains(got, not) {
					t.Errorf("%q is in:\n%s", not, got)
				}
			}
		})
	}
}

func TestStatus(t *testing.T) {
	rejected := func(reason string) v1alpha1.ExecutionStatus {
		return v1alpha1.ExecutionStatus{Phase: v1alpha1.Rejected, Conditions: []metav1.Condition{{Type: v1alpha1.ConditionRejected, Reason: reason}}}
	}
	tests := map[string]struct {
		status v1alpha1.ExecutionStatus
		want   int
	}{
		"all nodes are good":               {status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Closed, Counts: &v1alpha1.NodeCounts{Nodes: 3, OK: 3}}, want: cli.ExitOK},
		"a node is bad":                    {status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Closed, Counts: &v1alpha1.NodeCounts{Nodes: 3, Bad: 1}}, want: cli.ExitProblems},
		"another one kept it from opening": {status: rejected(v1alpha1.ReasonConcurrencyForbidden), want: cli.ExitConflict},
		"a later one replaced it":          {status: rejected(v1alpha1.ReasonReplaced), want: cli.ExitConflict},
		"it had no nodes":                  {status: rejected(v1alpha1.ReasonNoNodes), want: cli.ExitNotDone},
		"it was canceled":                  {status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Closed, Counts: &v1alpha1.NodeCounts{Nodes: 3, OK: 1, Canceled: 2}}, want: cli.ExitCanceled},
		"it was canceled, and one is bad":  {status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Closed, Counts: &v1alpha1.NodeCounts{Nodes: 3, Bad: 1, Canceled: 2}}, want: cli.ExitProblems},
		"it is being canceled":             {status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Open, Counts: &v1alpha1.NodeCounts{Nodes: 3, Running: 1, Canceled: 2}}, want: cli.ExitOK},
		"it was canceled before it opened": {status: rejected(v1alpha1.ReasonCanceled), want: cli.ExitCanceled},
		"it is open":                       {status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Open}, want: cli.ExitOK},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := Status(&v1alpha1.Execution{Status: test.status})
			var status *cli.StatusError
			got := cli.ExitOK
			if errors.As(err, &status) {
				got = status.Status
			}
			if got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
