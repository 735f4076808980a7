package definition

import (
	"errors"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes/fake"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

func TestRecordWhoseNameIsTaken(t *testing.T) {
	tests := map[string]struct {
		existing  func(*execution.Plan) // how the existing record differs from the one to be created
		wantTaken bool
	}{
		"by a leader that died, or by a request whose answer was lost": {func(*execution.Plan) {}, false},
		"by another trigger": {func(p *execution.Plan) { p.Trigger = execution.Startup }, true},
		"by another tick":    {func(p *execution.Plan) { p.Scheduled = p.Scheduled.Add(time.Second) }, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			opener := NewOpener(OpenerOptions{Records: record.NewStore(fake.NewClientset().CoreV1().ConfigMaps("jobs"), "check")})
			p := execution.Plan{ID: "20261124034200", Trigger: execution.Cron, Scheduled: time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC), Nodes: []execution.Node{{Name: "a", UID: "1"}}}
			existing := p
			tt.existing(&existing)
			_, isNew, err := opener.createRecord(t.Context(), existing)
			if err != nil {
				t.Fatal(err)
			}
			if !isNew {
				t.Error("the first is not new")
			}
			_, isNew, err = opener.createRecord(t.Context(), p)
			if isNew || errors.Is(err, errNameTaken) != tt.wantTaken || (err != nil) != tt.wantTaken {
				t.Errorf("the second: new %t, %v, want it taken: %t", isNew, err, tt.wantTaken)
			}
		})
	}
}
