//go:build e2e

package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// opened returns the status of an execution that is open.
func opened() v1alpha1.ExecutionStatus {
	at := metav1.NewTime(time.Date(2006, 1, 2, 15, 4, 5, 0, time.UTC))
	return v1alpha1.ExecutionStatus{
		Phase: v1alpha1.Open, ExecutionID: "20060102150405", OpenTime: &at,
		Duration: v1alpha1.NewDuration(250 * time.Second),
		Counts:   &v1alpha1.NodeCounts{Nodes: 40, OK: 30, Bad: 1, Failed: 1, Running: 9},
		Plan:     &v1alpha1.Plan{Parts: []v1alpha1.PlanPart{{Name: "part", Digest: "sha256:" + strings.Repeat("a", 64)}}},
		Account:  &v1alpha1.Account{Schema: 1, Admitted: "0-39", Created: "0-39"},
	}
}

func (r *resources) create(t *testing.T, name string, status v1alpha1.ExecutionStatus) *v1alpha1.Execution {
	t.Helper()
	created, err := r.client.Executions(r.namespace).Create(t.Context(), &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ExecutionSpec{NodeCronJobName: "check"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	created.Status = status
	if created, err = r.client.Executions(r.namespace).UpdateStatus(t.Context(), created, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	return created
}

func (r *resources) status(t *testing.T) {
	executions := r.client.Executions(r.namespace)
	object := r.create(t, "status", opened())
	tests := map[string]struct {
		change func(*v1alpha1.ExecutionStatus)
		want   string
	}{
		"another ID":   {func(s *v1alpha1.ExecutionStatus) { s.ExecutionID = "20060102150406" }, "executionID is immutable"},
		"another plan": {func(s *v1alpha1.ExecutionStatus) { s.Plan.Parts[0].Name = "other" }, "plan is immutable"},
		"no account":   {func(s *v1alpha1.ExecutionStatus) { s.Account = nil }, "must have executionID, openTime, plan and account"},
		"an unknown reason": {func(s *v1alpha1.ExecutionStatus) {
			s.Account.Outcomes = []v1alpha1.Outcome{{State: v1alpha1.Failed, Reason: "two words", Indexes: "0"}}
		}, "status.account.outcomes[0].reason"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			changed := object.DeepCopy()
			tt.change(&changed.Status)
			if _, err := executions.UpdateStatus(t.Context(), changed, metav1.UpdateOptions{}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	t.Run("a stale update", func(t *testing.T) {
		swapped := object.DeepCopy()
		swapped.Status.Account.Outcomes = []v1alpha1.Outcome{{State: v1alpha1.Succeeded, Indexes: "0"}}
		if _, err := executions.UpdateStatus(t.Context(), swapped, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := executions.UpdateStatus(t.Context(), swapped, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
			t.Errorf("got %v, want a conflict", err)
		}
	})
	t.Run("an update without a status", func(t *testing.T) {
		_, err := executions.Patch(t.Context(), "status", types.MergePatchType, []byte(`{"status": null}`), metav1.PatchOptions{}, "status")
		if err == nil || !strings.Contains(err.Error(), "status cannot be removed") {
			t.Errorf("got %v, want that the status cannot be removed", err)
		}
	})
	t.Run("a change of the spec", func(t *testing.T) {
		got, err := executions.Patch(t.Context(), "status", types.MergePatchType, []byte(`{"spec": {"paused": true}, "status": {"phase": "Rejected"}}`), metav1.PatchOptions{})
		if err != nil || !got.Spec.Paused || got.Status.Phase != v1alpha1.Open || got.Generation != 2 {
			t.Errorf("got %+v, %v, want the status unchanged, and the next generation", got, err)
		}
	})
}

func (r *resources) tables(t *testing.T) {
	r.create(t, "tables", opened())
	r.kubectl(t, nodeCronJob("tables", textual), "create", "-f", "-")
	status := `{"status": {"lastScheduleTime": "2006-01-02T15:04:05Z", "activeExecution": {"name": "check-20060102150405"},
		"lastExecution": {"name": "before", "closeTime": "2006-01-02T15:04:05Z", "counts": {"nodes": 40}}}}`
	r.kubectl(t, "", "patch", "nodecronjob", "tables", "--subresource=status", "--type=merge", "--patch", status)
	for _, tt := range []struct{ kind, header, row string }{
		{"ncj", "NAME SCHEDULE SUSPEND NODES BAD LAST ACTIVE AGE", "tables 42 3 * * * false 40 0 20y check-20060102150405"},
		{"ncje", "NAME NODECRONJOB TRIGGER PHASE NODES OK BAD RUNNING DURATION AGE", "tables check Manual Open 40 30 1 9 4m10s"},
	} {
		out := r.kubectl(t, "", "get", tt.kind, "tables")
		header, row, _ := strings.Cut(out, "\n")
		if got := strings.Join(strings.Fields(header), " "); got != tt.header {
			t.Errorf("got  %q\nwant %q", got, tt.header)
		}
		if got := strings.Join(strings.Fields(row), " "); !strings.HasPrefix(got, tt.row) {
			t.Errorf("got  %q\nwant %q", got, tt.row)
		}
	}
	all := r.kubectl(t, "", "get", "batch-job-controller", "-o", "name")
	for _, want := range []string{"nodecronjob.batch-job-controller.io/tables", "execution.batch-job-controller.io/tables"} {
		if !strings.Contains(all, want) {
			t.Errorf("the category has %q, want %s", all, want)
		}
	}
}

// room stores accounts of 50,000 nodes: as large as they usually are, and as large as they
// can be.
func (r *resources) room(t *testing.T) {
	const nodes, most = 50_000, 1 << 20
	var each, worst [4]execution.Indexes
	var sparse execution.Indexes
	var all execution.Indexes
	for i := range nodes {
		all.Add(i)
		worst[i%len(worst)].Add(i)
		if i%3 > 0 { // pairs with gaps: the notation's worst
			sparse.Add(i)
		}
		if i%97 > 0 {
			each[0].Add(i)
		} else {
			each[1+i%3].Add(i)
		}
	}
	outcomes := func(sets [4]execution.Indexes) []v1alpha1.Outcome {
		return []v1alpha1.Outcome{
			{State: v1alpha1.Succeeded, Indexes: v1alpha1.Indexes(sets[0].String())},
			{State: v1alpha1.Failed, Reason: "ContainerFailed", Indexes: v1alpha1.Indexes(sets[1].String())},
			{State: v1alpha1.Failed, Reason: "JobTimeout", Indexes: v1alpha1.Indexes(sets[2].String())},
			{State: v1alpha1.Lost, Reason: "NodeGone", Indexes: v1alpha1.Indexes(sets[3].String())},
		}
	}
	full := v1alpha1.Indexes(all.String())
	for name, account := range map[string]v1alpha1.Account{
		"usual": {Schema: 1, Admitted: full, Created: full, Outcomes: outcomes(each)},
		"worst": {
			Schema: 1, Admitted: v1alpha1.Indexes(sparse.String()), Created: v1alpha1.Indexes(sparse.String()),
			Outcomes: outcomes(worst), Unreported: v1alpha1.Indexes(worst[0].String()),
		},
	} {
		t.Run(name, func(t *testing.T) {
			status := opened()
			status.Account = &account
			for i := range 40 {
				status.Plan.Parts = append(status.Plan.Parts, v1alpha1.PlanPart{Name: fmt.Sprintf("part-%d", i), Digest: status.Plan.Parts[0].Digest})
			}
			start := time.Now()
			stored := r.create(t, "room-"+name, status)
			took := time.Since(start)
			text, err := json.Marshal(stored)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d bytes, created and swapped in %s", len(text), took.Round(time.Millisecond))
			if len(text) > most {
				t.Errorf("%d bytes, want at most %d", len(text), most)
			}
			got, err := r.client.Executions(r.namespace).Get(t.Context(), stored.Name, metav1.GetOptions{})
			if err != nil || got.Status.Account.Created != account.Created || len(got.Status.Account.Outcomes) != 4 {
				t.Errorf("what was read is not what was written: %v", err)
			}
		})
	}
}

func (r *resources) explain(t *testing.T) {
	for field, want := range map[string]string{
		"nodecronjobs.spec.podPoolSize": "podPoolSize is how many node tasks of an execution may be in flight at once",
		"executions.spec.cancel":        "cancel ends the execution early, with a report",
		"executions.status.phase":       "Queued: it waits to be opened",
	} {
		out := strings.Join(strings.Fields(r.kubectl(t, "", "explain", field)), " ")
		if !strings.Contains(out, want) {
			t.Errorf("explain %s: got %s, want %q", field, out, want)
		}
	}
	status := opened()
	status.Phase = v1alpha1.Closed
	status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionComplete, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAllEnded, LastTransitionTime: metav1.Now(),
	}}
	r.create(t, "waits", status)
	r.kubectl(t, "", "wait", "--for=condition=Complete", "execution/waits", "--timeout=30s")
}
