package jobspec

import (
	"time"

	"k8s.io/utils/ptr"
)

const (
	// defaultGrace is the default grace period, in seconds.
	defaultGrace = 30
	// maxGrace bounds what a sum of a few of them may come to.
	maxGrace = 365 * 24 * 60 * 60
)

// Grace returns the duration of a pod's terminationGracePeriodSeconds.
func Grace(seconds *int64) time.Duration {
	return time.Duration(min(max(ptr.Deref(seconds, defaultGrace), 0), maxGrace)) * time.Second
}
