package jobspec

import (
	"time"

	"k8s.io/utils/ptr"
)

const (
	// defaultGrace is that of a pod that does not say, in seconds.
	defaultGrace = 30
	// maxGrace bounds what a sum of a few of them may come to.
	maxGrace = 365 * 24 * 60 * 60
)

// Grace returns what the terminationGracePeriodSeconds of a pod stand for.
func Grace(seconds *int64) time.Duration {
	return time.Duration(min(max(ptr.Deref(seconds, defaultGrace), 0), maxGrace)) * time.Second
}
