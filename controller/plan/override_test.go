package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestOverride(t *testing.T) {
	before := execution.Settings{PodPoolSize: 10, StartDeadline: time.Minute, JobTimeout: time.Hour, BackoffLimit: 2, PodTemplate: "kind: Pod"}
	cases := map[string]struct {
		overrides Overrides
		want      func(*execution.Settings)
	}{
		"nothing":    {want: func(*execution.Settings) {}},
		"the pool":   {Overrides{PodPoolSize: ptr.To(1)}, func(s *execution.Settings) { s.PodPoolSize = 1 }},
		"a deadline": {Overrides{StartDeadline: ptr.To(time.Second)}, func(s *execution.Settings) { s.StartDeadline = time.Second }},
		"the time":   {Overrides{JobTimeout: ptr.To(2 * time.Hour)}, func(s *execution.Settings) { s.JobTimeout = 2 * time.Hour }},
		"all at a time": {Overrides{ptr.To(3), ptr.To(time.Second), ptr.To(time.Second)}, func(s *execution.Settings) {
			s.PodPoolSize, s.StartDeadline, s.JobTimeout = 3, time.Second, time.Second
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			want := before
			tc.want(&want)
			if diff := cmp.Diff(want, Override(before, tc.overrides)); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}
