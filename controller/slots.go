package controller

import "github.com/batch-job-controller/batch-job-controller/controller/slots"

// slotsFor returns how many slots an execution that is about to open may use, of the
// podPoolSize that it wants. No limit over all definitions exists yet.
func (m *Manager) slotsFor(want int) int {
	claims := []slots.Claim{{Want: want}}
	for _, q := range m.queues {
		claims = append(claims, q.Claim())
	}
	return slots.Divide(0, claims)[0]
}
