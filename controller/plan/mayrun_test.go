package plan

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
)

func TestMayRun(t *testing.T) {
	for name, tt := range map[string]struct {
		job  *batchv1.Job
		want bool
	}{
		"a new Job":                     {jobWith(), true},
		"a suspended one":               {jobWith(condition(batchv1.JobSuspended, "", time.Minute)), true},
		"one that is about to fail":     {jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)), true},
		"one that is about to complete": {jobWith(condition(batchv1.JobSuccessCriteriaMet, "", time.Minute)), true},
		"one that has failed":           {jobWith(condition(batchv1.JobFailed, "", time.Minute)), false},
		"one that is complete":          {jobWith(condition(batchv1.JobComplete, "", time.Minute)), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := MayRun(tt.job); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
