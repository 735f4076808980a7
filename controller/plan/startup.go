package plan

import "time"

// Startup is what is known of the execution of runOnStartup.
type Startup struct {
	Configured     bool // runOnStartup
	Delay          time.Duration
	ProcessStarted time.Time
	Processed      bool // this process has fired it
	Opened         bool // an execution was opened since the process started
}

// StartupDue returns when the execution of runOnStartup is due, or the zero time: it is
// not. An execution that was opened since the process started replaces it, so that
// replicas that start together run one execution.
func StartupDue(s Startup) time.Time {
	if !s.Configured || s.Processed || s.Opened {
		return time.Time{}
	}
	return s.ProcessStarted.Add(s.Delay)
}
