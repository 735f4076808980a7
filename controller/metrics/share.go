package metrics

// share is a node's part of an execution. It is replaced, never changed, because a scrape
// reads it without the lock.
type share struct {
	samples Samples // nil: none were reported
	schema  *schema // of the samples
	task    *taskState
}

type taskState struct {
	durationMS int64
	bad        bool
}

// ofTask is the number of series of a node task besides its result: processing and
// duration.
const ofTask = 2

// size returns how many series a share is exported as.
func (s share) size() int {
	if s.task == nil {
		return len(s.samples)
	}
	return len(s.samples) + ofTask
}
