package plan

import (
	"testing"
	"time"
)

func TestStartupDue(t *testing.T) {
	started := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		startup Startup
		want    time.Time
	}{
		"it is due after the delay":         {startup: Startup{Configured: true, Delay: time.Minute}, want: started.Add(time.Minute)},
		"it is not configured":              {startup: Startup{Delay: time.Minute}},
		"this process has fired it":         {startup: Startup{Configured: true, Processed: true}},
		"another replica has opened one":    {startup: Startup{Configured: true, Opened: true}},
		"it is due at once without a delay": {startup: Startup{Configured: true}, want: started},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.startup.ProcessStarted = started
			if got := StartupDue(tt.startup); !got.Equal(tt.want) {
				t.Errorf("due at %v, want %v", got, tt.want)
			}
		})
	}
}
