package progress

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

func indexes(t *testing.T, text string) execution.Indexes {
	t.Helper()
	x, err := execution.ParseIndexes(text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestExecution(t *testing.T) {
	plan := execution.Plan{
		ID: "20261125120000", Trigger: execution.Cron, Settings: execution.Settings{PodPoolSize: 2},
		Nodes:   []execution.Node{{Name: "f"}, {Name: "e"}, {Name: "d"}, {Name: "c"}, {Name: "b"}, {Name: "a"}},
		Skipped: []execution.Skip{{Node: "z", Reason: execution.NodeNotReady}},
	}
	atTheTick := Node{"z", execution.Skipped, "NodeNotReady"}
	const silent = "succeeded without a result"
	tests := map[string]struct {
		account  execution.Account
		want     Execution
		wantLine string
	}{
		"nothing has begun": {
			execution.Account{Phase: execution.Open},
			Execution{Pending: 6, Counts: execution.Counts{execution.Skipped: 1}, Skipped: []Node{atTheTick}},
			"0 of 6 nodes succeeded, 6 pending, 1 skipped",
		},
		"it is in the middle, and what is admitted need not run": {
			execution.Account{Phase: execution.Open, Admitted: indexes(t, "0-3"), Outcomes: map[execution.Outcome]execution.Indexes{
				{State: execution.Succeeded}:                           indexes(t, "0"),
				{State: execution.Failed, Reason: "OOMKilled"}:         indexes(t, "2"),
				{State: execution.Lost, Reason: execution.JobDeleted}:  indexes(t, "1"),
				{State: execution.Skipped, Reason: execution.NodeGone}: indexes(t, "5"), // before its turn
			}},
			Execution{
				Pending: 2, Admitted: []string{"c"},
				Counts:  execution.Counts{execution.Succeeded: 1, execution.Failed: 1, execution.Lost: 1, execution.Skipped: 2},
				Bad:     []Node{{"d", execution.Failed, "OOMKilled"}, {"e", execution.Lost, "JobDeleted"}},
				Skipped: []Node{{"a", execution.Skipped, "NodeGone"}, atTheTick},
			},
			"1 of 6 nodes succeeded, 1 failed, 1 lost, 2 pending, 2 skipped",
		},
		"all is well": {
			execution.Account{Phase: execution.Closed, Admitted: indexes(t, "0-5"), Outcomes: map[execution.Outcome]execution.Indexes{
				{State: execution.Succeeded}: indexes(t, "0-5"),
			}},
			Execution{Counts: execution.Counts{execution.Succeeded: 6, execution.Skipped: 1}, Skipped: []Node{atTheTick}},
			"6 of 6 nodes succeeded, 1 skipped",
		},
		"it was canceled": {
			execution.Account{Phase: execution.Closed, Admitted: indexes(t, "0-3"), Outcomes: map[execution.Outcome]execution.Indexes{
				{State: execution.Succeeded}:                              indexes(t, "0"),
				{State: execution.Canceled, Reason: execution.Stopped}:    indexes(t, "1"),
				{State: execution.Canceled, Reason: execution.NotStarted}: indexes(t, "2-5"),
			}},
			Execution{Counts: execution.Counts{execution.Succeeded: 1, execution.Canceled: 5, execution.Skipped: 1}, Skipped: []Node{atTheTick}},
			"1 of 6 nodes succeeded, 1 skipped, 5 canceled",
		},
		"nodes that sent no result have not succeeded": {
			execution.Account{
				Phase: execution.Closed, Admitted: indexes(t, "0-5"), Unreported: indexes(t, "0,4"),
				Outcomes: map[execution.Outcome]execution.Indexes{
					{State: execution.Succeeded}:                   indexes(t, "0-4"),
					{State: execution.Failed, Reason: "OOMKilled"}: indexes(t, "5"),
				},
			},
			Execution{
				Counts:  execution.Counts{execution.Succeeded: 3, execution.Unreported: 2, execution.Failed: 1, execution.Skipped: 1},
				Bad:     []Node{{"a", execution.Failed, "OOMKilled"}, {"b", execution.Unreported, silent}, {"f", execution.Unreported, silent}},
				Skipped: []Node{atTheTick},
			},
			"3 of 6 nodes succeeded, 2 unreported, 1 failed, 1 skipped",
		},
		"who has failed is not unreported as well": {
			execution.Account{Phase: execution.Closed, Unreported: indexes(t, "0"), Outcomes: map[execution.Outcome]execution.Indexes{
				{State: execution.Lost, Reason: "NodeGone"}: indexes(t, "0"), {State: execution.Succeeded}: indexes(t, "1-5"),
			}},
			Execution{
				Counts:  execution.Counts{execution.Succeeded: 5, execution.Lost: 1, execution.Skipped: 1},
				Bad:     []Node{{"f", execution.Lost, "NodeGone"}},
				Skipped: []Node{atTheTick},
			},
			"5 of 6 nodes succeeded, 1 lost, 1 skipped",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := of(plan, test.account)
			test.want.ID, test.want.Trigger, test.want.Phase, test.want.Nodes, test.want.PoolSize = plan.ID, plan.Trigger, test.account.Phase, 6, 2
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if line := got.Line(); line != test.wantLine {
				t.Errorf("got %q, want %q", line, test.wantLine)
			}
		})
	}
}

const sampleID = "20261125120000"

func metaOf(id, node string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Labels: map[string]string{jobspec.ExecutionLabel: id}, Annotations: map[string]string{jobspec.NodeAnnotation: node}}
}

func podWaiting(id, node, reason string) corev1.Pod {
	return corev1.Pod{ObjectMeta: metaOf(id, node), Status: corev1.PodStatus{
		Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{waiting(reason, "")},
	}}
}

func TestExplained(t *testing.T) {
	failed := corev1.Pod{ObjectMeta: metaOf(sampleID, "failed"), Status: corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{{
		Name: "check", State: corev1.ContainerState{Terminated: ended(7)},
	}}}}
	e := Execution{ID: sampleID, Bad: []Node{
		{"failed", execution.Failed, "ContainerFailed"}, {"gone", execution.Lost, "NodeGone"}, {"late", execution.Failed, "ErrImagePull"},
	}}
	got := e.Explained([]corev1.Pod{failed, podWaiting(sampleID, "late", "ImagePullBackOff"), podWaiting("20261124120000", "gone", "ErrImagePull")})
	want := Execution{ID: sampleID, Bad: []Node{
		{"failed", execution.Failed, "ContainerFailed: container check exited with code 7"}, {"gone", execution.Lost, "NodeGone"},
		{"late", execution.Failed, "ErrImagePull: container check: ErrImagePull"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if e.Bad[0].Reason != "ContainerFailed" {
		t.Error("the execution itself was changed")
	}
}

func TestWith(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	started := func(nodes ...string) (pods []metav1.PartialObjectMetadata) {
		for _, node := range nodes {
			pods = append(pods, metav1.PartialObjectMetadata{ObjectMeta: metaOf(sampleID, node)})
		}
		return pods
	}
	refused := func(node, message string, after time.Duration) corev1.Event {
		return corev1.Event{
			Reason: "FailedCreate", Message: message, LastTimestamp: metav1.NewTime(now.Add(after)),
			InvolvedObject: corev1.ObjectReference{Kind: "Job", Name: "job-" + node},
		}
	}
	stuck := func(node, reason string) Node { return Node{node, execution.Pending, reason} }
	tests := map[string]struct {
		pending     []corev1.Pod
		started     []metav1.PartialObjectMetadata
		events      []corev1.Event
		wantRunning int
		wantUnseen  []string
		wantMissing bool
		wantStuck   []Node
	}{
		"nothing is there yet":                              {wantUnseen: []string{"d", "c", "b", "a"}, wantMissing: true},
		"what is admitted ahead of its turn is not missing": {started: started("d", "c"), wantRunning: 2, wantUnseen: []string{"b", "a"}},
		"never more run than there are places":              {started: started("d", "c", "b"), wantRunning: 2, wantUnseen: []string{"a"}},
		"what starts as usual": {
			pending: []corev1.Pod{podWaiting(sampleID, "d", "ContainerCreating")}, started: started("c"),
			wantRunning: 1, wantUnseen: []string{"b", "a"},
		},
		"what has started between two looks": {
			pending: []corev1.Pod{podWaiting(sampleID, "d", "ErrImagePull")}, started: started("d"),
			wantRunning: 1, wantUnseen: []string{"c", "b", "a"}, wantMissing: true,
		},
		"what does not start": {
			pending: []corev1.Pod{
				podWaiting(sampleID, "d", "ErrImagePull"), podWaiting(sampleID, "c", "ImagePullBackOff"),
				podWaiting(sampleID, "ended", "ErrImagePull"), podWaiting("20261124120000", "a", "ErrImagePull"),
			},
			wantUnseen: []string{"b", "a"},
			wantStuck:  []Node{stuck("c", "container check: ErrImagePull"), stuck("d", "container check: ErrImagePull")},
		},
		"pods that may not be": {
			started: started("c"),
			events: []corev1.Event{
				refused("d", `pods "job-d-aaaaa" is forbidden: new`, time.Second), refused("d", "old", 0), refused("c", "it runs now", 0),
				refused("other", "of another execution", 0),
			},
			wantRunning: 1, wantUnseen: []string{"d", "b", "a"}, wantMissing: true,
			wantStuck: []Node{stuck("d", `FailedCreate: pods "…" is forbidden: new`)},
		},
		"what others say is text": {
			events:     []corev1.Event{refused("d", "(combined from similar events): one\x1b[2J\ntwo", 0)},
			wantUnseen: []string{"d", "c", "b", "a"}, wantMissing: true,
			wantStuck: []Node{stuck("d", "FailedCreate: one [2J two")},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := Execution{ID: sampleID, Pending: 5, PoolSize: 2, Admitted: []string{"d", "c", "b", "a"}}
			var p Pods
			p.Pending(e, test.pending)
			p.Started(e, test.started)
			p.Rejected(e, test.events, func(node string) string { return "job-" + node })
			if diff := cmp.Diff(test.wantUnseen, p.Unseen(e)); diff != "" {
				t.Errorf("unseen (-want +got):\n%s", diff)
			}
			if got := p.Missing(e); got != test.wantMissing {
				t.Errorf("missing: got %t", got)
			}
			want := e
			want.Running, want.Pending, want.Stuck = test.wantRunning, 5-test.wantRunning, test.wantStuck
			if diff := cmp.Diff(want, e.With(p)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestStuckText(t *testing.T) {
	tests := map[string]struct {
		stuck              []Node
		wantText, wantGist string
	}{
		"nothing":  {},
		"one node": {[]Node{{Name: "a", Reason: "no room"}}, "  node a: no room", "node a: no room"},
		"several for the same": {
			[]Node{{Name: "a", Reason: "no room"}, {Name: "b", Reason: "else"}, {Name: "c", Reason: "no room"}},
			"  nodes a and c: no room\n  node b: else", "nodes a and c: no room\nnode b: else",
		},
		"three are named": {
			[]Node{{Name: "a", Reason: "x"}, {Name: "b", Reason: "x"}, {Name: "c", Reason: "x"}}, "  nodes a, b and c: x", "nodes a, b and c: x",
		},
		"no more than three": {
			[]Node{{Name: "a", Reason: "x"}, {Name: "b", Reason: "x"}, {Name: "c", Reason: "x"}, {Name: "d", Reason: "x"}, {Name: "e", Reason: "x"}},
			"  nodes a, b, c and 2 more: x", "nodes a, b, c and 2 more: x",
		},
		"the longest reason of an image is shown": {
			[]Node{{Name: "a", Reason: "container x: ErrImagePull: short"}, {Name: "b", Reason: "container x: ErrImagePull: something longer"}},
			"  nodes a and b: container x: ErrImagePull: something longer", "nodes a and b: container x: ErrImagePull",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text, gist := Execution{Stuck: test.stuck}.StuckText()
			if text != test.wantText || gist != test.wantGist {
				t.Errorf("got %q, %q", text, gist)
			}
		})
	}
}

func TestARecordThatCannotBeRead(t *testing.T) {
	got := Unreadable(sampleID, "check-a", errors.New("execution record check-a: status.plan: is missing"))
	want := Execution{Record: "check-a", ID: sampleID, Phase: UnreadablePhase, Unreadable: "status.plan: is missing"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if line := got.Line(); !strings.Contains(line, "execution/check-a, cannot be read") || got.Closed() {
		t.Errorf("got %q, closed: %t", line, got.Closed())
	}
}

func TestNodesThatTheTemplateExcludes(t *testing.T) {
	e := of(execution.Plan{ID: "20261125120000", Nodes: []execution.Node{{Name: "a"}}, Excluded: 30}, execution.Account{Phase: execution.Open})
	if e.Excluded != 30 || e.Nodes != 1 {
		t.Errorf("excluded %d of %d nodes, want 30 besides 1", e.Excluded, e.Nodes)
	}
}
