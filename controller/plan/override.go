package plan

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Overrides replaces settings of a definition for one execution. What is nil stays.
type Overrides struct {
	PodPoolSize   *int
	StartDeadline *time.Duration
	JobTimeout    *time.Duration
}

// Override returns the settings of an execution with its overrides.
func Override(s execution.Settings, o Overrides) execution.Settings {
	if o.PodPoolSize != nil {
		s.PodPoolSize = *o.PodPoolSize
	}
	if o.StartDeadline != nil {
		s.StartDeadline = *o.StartDeadline
	}
	if o.JobTimeout != nil {
		s.JobTimeout = *o.JobTimeout
	}
	return s
}
