package execution

import "time"

// Report is what an execution came to. It is written into the report
// directory when the execution closes, and stands for the execution once its
// objects are gone.
type Report struct {
	ID         ID           `json:"id"`
	Trigger    Trigger      `json:"trigger"`
	Scheduled  time.Time    `json:"scheduled"`
	Closed     time.Time    `json:"closed"`
	ConfigHash string       `json:"configHash"`
	Tasks      []TaskReport `json:"tasks"`
}

// TaskReport is one node's line of a Report. Nodes left out at the tick have
// one too.
type TaskReport struct {
	Node       string    `json:"node"`
	State      State     `json:"state"`
	Reason     Reason    `json:"reason,omitempty"`
	Message    string    `json:"message,omitempty"`
	Started    time.Time `json:"started,omitzero"`
	Finished   time.Time `json:"finished,omitzero"`
	DurationMS int64     `json:"durationMs,omitempty"`
	Reported   bool      `json:"reported"`
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
	}
}

// Bad reports whether the node needs attention: it failed or never reported, and
// was not left out on purpose.
func (t TaskReport) Bad() bool {
	return t.State != Skipped && (t.State != Succeeded || !t.Reported)
}

// Counts tells how many node tasks are in which state.
type Counts map[State]int

// Count returns how many of the report's tasks are in which state.
func (r Report) Count() Counts {
	c := Counts{}
	for _, t := range r.Tasks {
		c[t.State]++
	}
	return c
}

// Bad returns how many nodes failed or never reported. Those left out on
// purpose are not among them.
func (r Report) Bad() int {
	n := 0
	for _, t := range r.Tasks {
		if t.Bad() {
			n++
		}
	}
	return n
}
