package progress

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Execution is the progress of an execution.
type Execution struct {
	ID          execution.ID
	Trigger     execution.Trigger
	NodeCronJob string // empty: it is not known
	Partial     bool   // it is over some of the NodeCronJob's nodes only
	RequestedBy string // empty: it is not known
	Reason      string // why it was asked for; empty: it is not known
	Scheduled   time.Time
	ClosedAt    time.Time // zero until it is closed
	Phase       execution.Phase
	Nodes       int // that have a node task, skipped ones excluded
	Counts      execution.Counts
	Running     int      // nodes whose pods have started; see With
	Pending     int      // nodes whose pods have not started
	Admitted    []string // running and pending nodes that may have a pod, in the plan's order
	Excluded    int      // nodes that the pod template rules out
	PoolSize    int
	Bad         []Node // failed, lost or unreported, by name
	Skipped     []Node // by name
	Stuck       []Node // whose pods do not start, by name; see With
	Long        []Node // whose pods run for long, by name; see With

	JobTimeout time.Duration // that a pod may run

	Record     string // the name of its record
	Unreadable string // why only the ID is known; empty: the record was read
}

// Node is how a node's task ended, or why it does not start.
type Node struct {
	Name   string
	State  execution.State // its verdict; never unreported if an earlier version closed the execution
	Reason string
}

// UnreadablePhase is the phase of an execution whose record cannot be read.
const UnreadablePhase execution.Phase = "Unreadable"

// Of returns the progress of an execution by its record.
func Of(r record.Record) Execution {
	e := of(r.Plan, r.Account)
	e.Record = r.Object.Name
	return e
}

// Unreadable returns an execution whose record cannot be read, and why.
func Unreadable(id execution.ID, name string, err error) Execution {
	why := strings.TrimPrefix(err.Error(), "execution record "+name+": ")
	return Execution{ID: id, Phase: UnreadablePhase, Unreadable: plain(why), Record: name}
}

// IDOf returns the ID of an execution, or nothing if its status has none.
func IDOf(e *v1alpha1.Execution) execution.ID {
	id, err := execution.ParseID(string(e.Status.ExecutionID))
	if err != nil {
		return ""
	}
	return id
}

func of(plan execution.Plan, account execution.Account) Execution {
	e := Execution{
		ID: plan.ID, Trigger: plan.Trigger, NodeCronJob: plan.NodeCronJob, Scheduled: plan.Scheduled, ClosedAt: account.ClosedAt, Phase: account.Phase,
		Partial: plan.Partial, RequestedBy: plain(plan.RequestedBy), Reason: plain(plan.Reason),
		Nodes: len(plan.Nodes), Excluded: plan.Excluded, PoolSize: plan.Settings.PodPoolSize, JobTimeout: plan.Settings.JobTimeout,
	}
	var verdicts []execution.State
	ended := make([]bool, len(plan.Nodes))
	for i, end := range account.Ends() {
		ended[i] = true
		verdicts = append(verdicts, end.State)
		e.note(endedNode(plan.Nodes[i].Name, end))
	}
	for i, n := range plan.Nodes {
		if ended[i] {
			continue
		}
		e.Pending++
		if account.Admitted.Has(i) {
			e.Admitted = append(e.Admitted, n.Name)
		}
	}
	for _, skip := range plan.Skipped {
		verdicts = append(verdicts, execution.Skipped)
		e.note(skippedNode(skip))
	}
	e.Counts = execution.Count(slices.Values(verdicts))
	byName := func(a, b Node) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(e.Bad, byName)
	slices.SortFunc(e.Skipped, byName)
	return e
}

func (e *Execution) note(n Node) {
	switch {
	case n.State.Bad():
		e.Bad = append(e.Bad, n)
	case n.State == execution.Skipped:
		e.Skipped = append(e.Skipped, n)
	}
}

// Closed reports whether the execution has ended and its report is written.
func (e Execution) Closed() bool { return e.Phase == execution.Closed }

// Line summarizes the execution in a line.
func (e Execution) Line() string {
	if e.Unreadable != "" {
		return "its record, execution/" + e.Record + ", cannot be read: " + e.Unreadable
	}
	words := []string{fmt.Sprintf("%d of %d nodes succeeded", e.Counts[execution.Succeeded], e.Nodes)}
	for _, part := range []struct {
		count int
		word  string
	}{
		{e.Counts[execution.Unreported], string(execution.Unreported)}, {e.Counts[execution.Failed], "failed"}, {e.Counts[execution.Lost], "lost"},
		{e.Running, "running"}, {e.Pending, "pending"}, {e.Counts[execution.Skipped], "skipped"},
		{e.Counts[execution.Canceled], "canceled"},
	} {
		if part.count > 0 {
			words = append(words, fmt.Sprintf("%d %s", part.count, part.word))
		}
	}
	return strings.Join(words, ", ")
}

// Explained returns the execution with the reasons of its failed pods.
func (e Execution) Explained(pods []corev1.Pod) Execution {
	why := map[string]string{}
	for i := range pods {
		if node, ok := e.nodeOf(&pods[i]); ok {
			why[node] = WhyNotReady(&pods[i])
		}
	}
	e.Bad = slices.Clone(e.Bad)
	for i, n := range e.Bad {
		e.Bad[i].Reason = sentence(n.Reason, why[n.Name])
	}
	return e
}

// nodeOf returns the node of a pod, if the pod belongs to the execution.
func (e Execution) nodeOf(pod metav1.Object) (node string, ok bool) {
	key, ok := jobspec.KeyOf(pod)
	return key.Node, ok && key.Execution == e.ID
}
