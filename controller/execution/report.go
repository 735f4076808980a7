package execution

import "time"

// Report is the outcome of an execution. It is written into the report directory
// when the execution closes, and outlives the execution's objects.
type Report struct {
	ID         ID        `json:"id"`
	Trigger    Trigger   `json:"trigger"`
	Scheduled  time.Time `json:"scheduled"`
	Closed     time.Time `json:"closed"`
	ConfigHash string    `json:"configHash"`
	// NodeCronJob is the name of the definition; empty: that of the controller's ConfigMap.
	NodeCronJob string `json:"nodeCronJob,omitempty"`
	Execution   Object `json:"execution,omitzero"`
	// Partial says that the nodes were narrowed: the report has only some of the definition's.
	Partial bool `json:"partial,omitempty"`
	// Reason is why the execution was asked for, and RequestedBy who asked, as its client says.
	Reason      string       `json:"reason,omitempty"`
	RequestedBy string       `json:"requestedBy,omitempty"`
	Tasks       []TaskReport `json:"tasks"`
}

// TaskReport is one node's line of a Report. Skipped nodes have a line too.
type TaskReport struct {
	Node       string    `json:"node"`
	State      State     `json:"state"`
	Reason     Reason    `json:"reason,omitempty"`
	Message    string    `json:"message,omitempty"`
	Started    time.Time `json:"started,omitzero"`
	Finished   time.Time `json:"finished,omitzero"`
	DurationMS int64     `json:"durationMs,omitempty"`
	Reported   bool      `json:"reported"`        // a result was received
	Heard      bool      `json:"heard,omitempty"` // a result, a file or an event was received
	// ResultOptional says that the task may succeed without a result.
	ResultOptional bool `json:"resultOptional,omitempty"`
}

// NewTaskReport returns the line of t.
func NewTaskReport(t Task) TaskReport {
	return TaskReport{
		Node:       t.Node.Name,
		State:      t.Outcome.State,
		Reason:     t.Outcome.Reason,
		Message:    t.Message,
		Started:    t.Started,
		Finished:   t.Finished,
		DurationMS: t.Duration().Milliseconds(),
		Reported:   t.Reported,
		Heard:      t.Heard,

		ResultOptional: t.ResultOptional,
	}
}

// Result returns "failed" if any node needs attention, else "canceled" if any node task
// was canceled, and "succeeded" otherwise.
func (r Report) Result() string {
	switch counts := r.Count(); {
	case counts.Bad() > 0:
		return "failed"
	case counts[Canceled] > 0:
		return "canceled"
	default:
		return "succeeded"
	}
}

// Count returns the number of tasks by verdict.
func (r Report) Count() Counts {
	return Count(func(yield func(State) bool) {
		for _, t := range r.Tasks {
			if !yield(t.Verdict()) {
				return
			}
		}
	})
}

// Verdicts returns how the task of each node ended, also of the skipped ones.
func (r Report) Verdicts() map[string]State {
	all := make(map[string]State, len(r.Tasks))
	for _, t := range r.Tasks {
		all[t.Node] = t.Verdict()
	}
	return all
}
