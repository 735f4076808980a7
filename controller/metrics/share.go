package metrics

// share is a node's part of an execution. It is replaced, never
// changed: a scrape reads it without the lock.
type share struct {
	samples Samples // nil: none were reported
	schema  *schema // that they were checked against
	task    *taskState
}

type taskState struct {
	durationMS int64
	bad        bool
}

// ofTask is how many series there are of a node task besides its result.
const ofTask = 2

// size returns how many series a share is exported as.
func (s share) size() int {
	if s.task == nil {
		return len(s.samples)
	}
	return len(s.samples) + ofTask
}
