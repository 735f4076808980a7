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

// longWait is how long a replica waits for the Lease, while no other one leads,
// before it tells why. A Lease that is not renewed usually ends within a quarter of
// it.
const longWait = time.Minute

// maxLoggedHolder bounds the name of a holder in what is said of it, in bytes.
const maxLoggedHolder = 256

// waiting is what keeps a replica from leading, as far as the Lease tells.
type waiting struct {
	holder  string
	renewed time.Time // by the holder's clock
	since   time.Time // when the Lease was first seen so, by this replica's clock
	refused time.Time // when the Lease could not be written for the first time since then
	told    bool
}

// read is told what the Lease says. It returns what stands in the way of a new
// leader, once.
func (w *waiting) read(r resourcelock.LeaderElectionRecord, now time.Time) (problem string) {
	if w.since.IsZero() || r.HolderIdentity != w.holder || !r.RenewTime.Time.Equal(w.renewed) {
		*w = waiting{holder: r.HolderIdentity, renewed: r.RenewTime.Time, since: now}
		return ""
	}
	lasts := time.Duration(r.LeaseDurationSeconds) * time.Second
	if w.told || w.holder == "" || now.Sub(w.since) < longWait || now.Sub(w.since) > lasts {
		return ""
	}
	w.told = true
	return fmt.Sprintf("no replica leads: %q holds the Lease, has not renewed it since %s, and it lasts for %s. If there is no such replica any more, delete the Lease",
		execution.Truncate(w.holder, maxLoggedHolder), w.renewed.UTC().Format(time.RFC3339), lasts)
}

// write is told that this replica could not take the Lease. It returns why, once.
func (w *waiting) write(err error, now time.Time) (problem string) {
	switch {
	case plan.Judge(err) == plan.Unheard: // it is not there, or another replica was faster
		return ""
	case w.refused.IsZero():
		w.refused = now
	}
	if w.told || now.Sub(w.refused) < longWait {
		return ""
	}
	w.told = true
	return fmt.Sprintf("no replica leads: the API server does not let this one take the Lease: %v", err)
}

// tell writes an event about the Lease, and does not wait for it: the election goes
// on.
func (t *term) tell(ctx context.Context, problem string) {
	if problem == "" {
		return
	}
	o := t.options
	o.Log.Warn("no replica leads", "problem", problem, "lease", o.Name, "identity", o.Identity)
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
