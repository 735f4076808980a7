package history

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

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

// announceLosses announces once in a term which results of the execution that closed last
// are lost. Its plan is read only now, as the term need not wait for it.
func (h *History) announceLosses(ctx context.Context) error {
	h.mu.Lock()
	head := h.found.LastClosed
	h.mu.Unlock()
	if head == nil {
		return nil
	}
	closed, err := h.Records.Load(ctx, head.Object)
	var damaged *record.DamagedError
	switch {
	case err == nil:
		if lost := h.Results.Losses(closed); lost != nil {
			h.Announcer.Announce(ctx, lost.About, true, kube.EventResultsLost, execution.Truncate(lost.String(), kube.MaxEventMessage))
		}
	case errors.As(err, &damaged), apierrors.IsNotFound(err):
		h.Log.Warn("the plan of a closed execution cannot be read, so lost results are not noticed", "execution", head.ID, "error", err)
	default:
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.found.LastClosed = nil
	return nil
}
