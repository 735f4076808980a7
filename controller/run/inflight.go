package run

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// noteUnanswered records that it is not known what became of a request to create the
// task's Job.
func (e *Execution) noteUnanswered(t task) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.memory[t.index].unanswered = e.Clock.Now()
}

// graceLeft returns how long to wait before a task that has no Job may end: a
// Job that came afterwards would run beyond its end. Requests of this leader and
// of those before it count.
func (e *Execution) graceLeft(t task) time.Duration {
	if !t.observed.Admitted || t.observed.Foreign {
		return 0 // there was no request, or it would be rejected
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	last := e.memory[t.index].unanswered
	if e.takenOver.After(last) {
		last = e.takenOver
	}
	if last.IsZero() {
		return 0
	}
	return kube.RequestGrace - e.Clock.Since(last)
}
