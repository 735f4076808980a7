package limits

import (
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestReadBudget(t *testing.T) {
	brisk := ReadBudget{Grace: 10 * time.Second}
	steady := ReadBudget{Grace: 30 * time.Second, Idle: 30 * time.Second, Rate: 100}
	tests := map[string]struct {
		budget    ReadBudget
		received  int64
		spent     time.Duration
		want      time.Duration
		wantLimit execution.Limit
	}{
		"at the beginning":             {budget: brisk, want: 10 * time.Second, wantLimit: execution.BodyDeadline},
		"bytes add nothing by default": {budget: brisk, received: 1000, spent: 4 * time.Second, want: 6 * time.Second, wantLimit: execution.BodyDeadline},
		"used up":                      {budget: brisk, spent: 11 * time.Second, want: -time.Second, wantLimit: execution.BodyDeadline},
		"bytes add time at a rate":     {budget: steady, received: 500, spent: 20 * time.Second, want: 15 * time.Second, wantLimit: execution.FileRate},
		"no read takes longer":         {budget: steady, received: 100_000, spent: time.Second, want: 30 * time.Second, wantLimit: execution.FileRate},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.budget.left(tt.received, tt.spent); got != tt.want {
				t.Errorf("left: got %s, want %s", got, tt.want)
			}
			if got := tt.budget.limit(); got != tt.wantLimit {
				t.Errorf("limit: got %s, want %s", got, tt.wantLimit)
			}
		})
	}
}
