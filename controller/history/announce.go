package history

import (
	"context"
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// announceDamaged counts the damaged records, and announces each damage once.
func (h *History) announceDamaged(ctx context.Context, damaged []*record.DamagedError) {
	h.Metrics.SetDamagedRecords(len(damaged))
	announced := map[string]string{}
	for _, e := range damaged {
		if !h.IsOpen(e.ID) { // otherwise its run reads it again, as it may be corrected
			announced[e.Reference.Name] = e.Error()
		}
	}
	h.mu.Lock()
	before := h.announced
	h.announced = announced
	h.mu.Unlock()
	for _, e := range damaged {
		name := e.Reference.Name
		if announced[name] == "" || announced[name] == before[name] {
			continue
		}
		h.Announcer.Announce(ctx, e.Reference, true, kube.EventRecordDamaged, execution.Truncate(fmt.Sprintf(
			"cannot be read, and is left alone: %v. Correct it, and the next leader continues the execution; or delete it, which also deletes its Jobs", e), kube.MaxEventMessage))
	}
}

// announceLosses announces once in a term which results are lost.
func (h *History) announceLosses(ctx context.Context) {
	h.mu.Lock()
	lost := h.found.Losses
	h.found.Losses = nil
	h.mu.Unlock()
	if lost != nil {
		h.Announcer.Announce(ctx, lost.About, true, kube.EventResultsLost, execution.Truncate(lost.String(), kube.MaxEventMessage))
	}
}
