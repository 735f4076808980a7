package v1alpha1

import (
	"encoding/json"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
)

func TestAddToScheme(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{NodeCronJobKind, NodeCronJobKind + "List", ExecutionKind, ExecutionKind + "List"} {
		if _, err := scheme.New(GroupVersion().WithKind(kind)); err != nil {
			t.Error(err)
		}
	}
}

// A duration is written as text, and read as people write it.
func TestDuration(t *testing.T) {
	var o ExecutionOverrides
	if err := json.Unmarshal([]byte(`{"jobTimeout": "1h30m"}`), &o); err != nil {
		t.Fatal(err)
	}
	if got, want := o.JobTimeout.Duration.Duration, 90*time.Minute; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	text, err := json.Marshal(ExecutionOverrides{StartDeadline: NewDuration(90 * time.Second)})
	if err != nil || string(text) != `{"startDeadline":"1m30s"}` {
		t.Errorf("got %s, %v", text, err)
	}
	if err := json.Unmarshal([]byte(`{"jobTimeout": 10}`), &o); err == nil {
		t.Error("a number without unit was taken as a duration")
	}
}

// What is empty is absent: a counter that is 0 is not, because a column would be empty.
func TestWhatIsEmptyIsAbsent(t *testing.T) {
	text, err := json.Marshal(Execution{Spec: ExecutionSpec{NodeCronJobName: "check"}, Status: ExecutionStatus{Counts: &NodeCounts{Nodes: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"metadata":{},"spec":{"nodeCronJobName":"check"},"status":{"counts":` +
		`{"nodes":1,"ok":0,"bad":0,"pending":0,"running":0,"failed":0,"lost":0,"unreported":0,"skipped":0,"canceled":0}}}`
	if string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
}
