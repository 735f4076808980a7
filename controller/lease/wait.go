package lease

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// longWait is how long a replica waits for the Lease without a leader before it reports
// why. A Lease that is not renewed expires after a quarter of it by default.
const longWait = time.Minute

// maxLoggedHolder bounds the name of a holder in messages, in bytes.
const maxLoggedHolder = 256

// waiting is why a replica cannot acquire the Lease.
type waiting struct {
	holder   string
	renewed  time.Time // by the holder's clock
	since    time.Time // when the Lease was first observed so, by this replica's clock
	refused  time.Time // when a write of the Lease was first rejected since then
	reported bool
}

// read observes the Lease. It returns, once, what prevents a new leader.
func (w *waiting) read(r resourcelock.LeaderElectionRecord, now time.Time) (problem string) {
	if w.since.IsZero() || r.HolderIdentity != w.holder || !r.RenewTime.Time.Equal(w.renewed) {
		*w = waiting{holder: r.HolderIdentity, renewed: r.RenewTime.Time, since: now}
		return ""
	}
	lasts := time.Duration(r.LeaseDurationSeconds) * time.Second
	if w.reported || w.holder == "" || now.Sub(w.since) < longWait || now.Sub(w.since) > lasts {
		return ""
	}
	w.reported = true
	return fmt.Sprintf("there is no leader: %q holds the Lease, has not renewed it since %s, and it is valid for %s. If that replica no longer exists, delete the Lease",
		execution.Truncate(w.holder, maxLoggedHolder), w.renewed.UTC().Format(time.RFC3339), lasts)
}

// write observes a failed write of the Lease. It returns, once, why it fails.
func (w *waiting) write(err error, now time.Time) (problem string) {
	switch {
	case plan.ClassifyError(err) == plan.Transient: // no response, or another replica was faster
		return ""
	case w.refused.IsZero():
		w.refused = now
	}
	if w.reported || now.Sub(w.refused) < longWait {
		return ""
	}
	w.reported = true
	return fmt.Sprintf("there is no leader: the API server rejects this replica's writes of the Lease: %v", err)
}

// report writes an event about the Lease. It does not wait, because the election
// continues.
func (t *term) report(ctx context.Context, problem string) {
	if problem == "" {
		return
	}
	o := t.options
	o.Log.Warn("there is no leader", "problem", problem, "lease", o.Name, "identity", o.Identity)
	about := corev1.ObjectReference{APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Namespace: o.Namespace, Name: o.Name}
	events := kube.NewEvents(t.client, clock.RealClock{}, o.Controller, o.Identity)
	go func() {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), kube.EventTimeout)
		defer cancel()
		if err := events.Emit(within, about, true, kube.EventNoLeader, execution.Truncate(problem, kube.MaxEventMessage)); err != nil {
			o.Log.Warn("event not written", "reason", kube.EventNoLeader, "error", err)
		}
	}()
}
