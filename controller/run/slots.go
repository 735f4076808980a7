package run

import "time"

// grant gives free slots to the next tasks, whose Jobs may then be created. The caller
// holds e.mu.
func (e *Execution) grant() {
	now := e.Clock.Now()
	for _, i := range e.ledger.Grant() {
		memory := &e.memory[i]
		memory.grantedAt = now
		if len(e.freed) > 0 {
			memory.slotFreed, e.freed = e.freed[0], e.freed[1:]
		}
		e.TaskChanged(e.nodes[i])
	}
	e.Metrics.SetPool(e.ledger.InFlight(), e.record.Plan.Settings.PodPoolSize)
	e.Metrics.SetShare(e.record.Share())
}

// noteCreated records that the task's Job exists.
func (e *Execution) noteCreated(index int) {
	now := e.Clock.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ledger.NoteCreated(index)
	if memory := &e.memory[index]; !memory.slotFreed.IsZero() {
		e.Metrics.SlotRefilled(now.Sub(memory.slotFreed))
		memory.slotFreed = time.Time{}
	}
	e.wakeWriter()
}
