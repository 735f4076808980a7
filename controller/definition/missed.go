package definition

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// announceOverdue announces ticks that were past startingDeadline before this leader
// processed them.
func (t *Ticker) announceOverdue(ctx context.Context, since time.Time, missed int) {
	t.announceMissed(ctx, t.Log.With("since", since), missed,
		fmt.Sprintf("%d ticks since %s were missed: when they were due no replica led, or none could begin them", missed, since.UTC().Format(time.RFC3339)))
}

// errOtherFirst is why an Execution was not created, if nothing failed.
var errOtherFirst = errors.New("another execution was to be opened first")

// AnnounceMissed announces the execution of a tick, or of runOnStartup, that could not be
// opened within startingDeadline.
func (o *Opener) AnnounceMissed(ctx context.Context, firing execution.Firing, err error) {
	deadline := o.Source.Latest().Deadline(o.Clock.Now())
	o.announceMissed(ctx, o.Log.With("trigger", firing.Trigger, "scheduled", firing.Scheduled, "error", err), 1,
		fmt.Sprintf("the %s execution due at %s was missed: it could not be opened within startingDeadline (%s): %v",
			firing.Trigger, firing.Scheduled.UTC().Format(time.RFC3339), deadline, err))
}

// about returns the object of events about the definition: its NodeCronJob.
func (o *Opener) about() corev1.ObjectReference {
	of := o.Source.Latest().Object
	return corev1.ObjectReference{
		APIVersion: v1alpha1.GroupVersion().String(), Kind: v1alpha1.NodeCronJobKind, Namespace: o.Namespace, Name: of.Name, UID: of.UID,
	}
}

// announceMissed counts, logs and announces missed ticks. The log says which they are.
func (o *Opener) announceMissed(ctx context.Context, log *slog.Logger, missed int, message string) {
	o.Metrics.TicksMissed(missed)
	log.Warn("ticks missed", "count", missed)
	o.Announcer.Announce(ctx, o.about(), true, kube.EventTicksMissed,
		execution.Truncate(message, kube.MaxEventMessage))
}
