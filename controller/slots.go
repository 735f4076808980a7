package controller

import "github.com/batch-job-controller/batch-job-controller/controller/slots"

// slotsFor returns how many slots an execution may use that is about to open and would
// use as many as its podPoolSize. No limit over all definitions is configured.
func (m *Manager) slotsFor(want int) int {
	claims := []slots.Claim{{Want: want}}
	for _, q := range m.queues {
		claims = append(claims, q.Claim())
	}
	return slots.Divide(0, claims)[0]
}
