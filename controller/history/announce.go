package history

import (
	"context"
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// announceDamaged counts the records that cannot be read, and announces those that are
// new, or have been damaged in another way.
func (h *History) announceDamaged(ctx context.Context, damaged []*record.DamagedError) {
	h.Metrics.SetDamagedRecords(len(damaged))
	announced := map[string]string{}
	for _, e := range damaged {
		if !h.IsOpen(e.ID) { // else it is being read again
			announced[e.Reference.Name] = e.Error()
		}
	}
	h.mu.Lock()
	before := h.damageAnnounced
	h.damageAnnounced = announced
	h.mu.Unlock()
	for _, e := range damaged {
		name := e.Reference.Name
		if announced[name] == "" || announced[name] == before[name] {
			continue
		}
		h.Announcer.Announce(ctx, e.Reference, true, kube.EventRecordDamaged, execution.Truncate(fmt.Sprintf(
			"cannot be read, and is left alone: %v. Correct it, and the next leader goes on with it; or delete it, which deletes its Jobs too", e), kube.MaxEventMessage))
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
