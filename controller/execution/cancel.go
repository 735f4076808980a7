package execution

import "time"

// CancelUnadmitted ends the tasks that are not admitted, and returns them. No leader can
// have created a Job of theirs: it would have to admit them first, and either its write
// or the one of their ends conflicts. So no request grace has to pass. For the same reason,
// no write may be under way: it may admit some of them.
func (l *Ledger) CancelUnadmitted(now time.Time) (canceled []int) {
	end := End{Outcome: Outcome{State: Canceled, Reason: NotStarted}, Finished: now}
	for i := range l.tasks {
		// A damaged record may lack the admission of a task that has a Job.
		if l.account.Admitted.Has(i) || l.Created(i) || !l.Abandon(i, end) {
			continue
		}
		canceled = append(canceled, i)
	}
	return canceled
}
