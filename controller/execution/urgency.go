package execution

// Urgency is how soon a record should be written.
type Urgency int

// The urgencies.
const (
	NoWrite   Urgency = iota // nothing to write
	Deferred                 // soon, together with later changes
	Immediate                // a slot waits for the write, or will
)

// Urgency returns how soon to write the account of NextAccount. A share that has grown, or
// an execution that is resumed, is urgent if a slot waits for it. It is called after every
// event, for thousands of nodes within seconds. Its cost grows only with the changes since
// the previous call.
func (l *Ledger) Urgency(a Admission) Urgency {
	ready, more := l.pendingAdmissions(a)
	switch {
	case more && ready <= l.slots/2, len(l.abandoned) > 0, len(l.unsaved) > 0 && l.ended == len(l.tasks):
		return Immediate
	case more, len(l.unsaved) > 0, len(l.created) > 0:
		return Deferred
	default:
		return NoWrite
	}
}
