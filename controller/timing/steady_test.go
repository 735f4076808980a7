package timing_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

func TestDeadlinesWhenTheClockIsSet(t *testing.T) {
	tests := map[string]struct {
		off  time.Duration
		want time.Duration // that seems to have passed in a minute
	}{
		"F-28 not at all":        {0, time.Minute},
		"F-28 an hour forward":   {time.Hour, time.Minute},
		"F-28 a year forward":    {365 * 24 * time.Hour, time.Minute},
		"F-28 an hour back":      {-time.Hour, time.Minute - time.Hour},
		"F-28 slewed to be fast": {3 * time.Second, time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clk := &testkit.Clock{}
				steady := timing.NewSteady(clk)
				began := time.Now()
				time.Sleep(time.Minute)
				clk.Set(tt.off)
				if got := steady.Now().Sub(began); got != tt.want {
					t.Errorf("passed: got %s, want %s", got, tt.want)
				}
			})
		})
	}
}
