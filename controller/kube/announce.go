package kube

import (
	"context"
	"errors"
	"log/slog"

	corev1 "k8s.io/api/core/v1"
)

// Announcer writes the controller's own events on a best-effort basis: a failed write is
// logged, and a hanging one blocks the caller for EventTimeout at most.
type Announcer struct {
	events *Events
	log    *slog.Logger
}

// NewAnnouncer returns an Announcer that writes through events.
func NewAnnouncer(events *Events, log *slog.Logger) *Announcer {
	return &Announcer{events: events, log: log}
}

// Announce writes an event about an object.
func (a *Announcer) Announce(ctx context.Context, about corev1.ObjectReference, warning bool, reason, message string) {
	ctx, cancel := context.WithTimeout(ctx, EventTimeout)
	defer cancel()
	if err := a.events.Emit(ctx, about, warning, reason, message); err != nil && !errors.Is(err, context.Canceled) {
		a.log.Warn("event not written", "reason", reason, "error", err)
	}
}
