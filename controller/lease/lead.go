package lease

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// Options are the options of the leader election.
type Options struct {
	Namespace string
	Name      string // of the Lease
	// Controller is the owner in the Lease's labels.
	Controller string
	Identity   string // of this replica: see NewIdentity
	// The timings of client-go: how long a Lease is valid without renewal, how long its
	// holder tries to renew it, and how often. The fence refuses a write RenewDeadline after
	// the last renewal, and another replica leads LeaseDuration after it at the earliest:
	// their difference is the margin. callback.Limits.Hold must be longer than
	// LeaseDuration: otherwise held callbacks get 503 before the next leader leads.
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
	// Observe is called with the holder whenever the Lease was read or written; empty:
	// there is no holder. It must not block.
	Observe func(holder string)
	Log     *slog.Logger
}

// WithDefaultTimings sets the timings of Kubernetes' own controllers, except for the
// retry period: a standby reads the Lease after one to 2.2 periods, and should notice
// its release within three seconds.
func WithDefaultTimings(o Options) Options {
	o.LeaseDuration, o.RenewDeadline, o.RetryPeriod = 15*time.Second, 10*time.Second, time.Second
	return o
}

// Lead competes for the Lease until ctx ends, and runs the work whenever it holds the
// Lease. It releases the Lease only after the work has ended: otherwise the next leader
// would start while this one still writes. If it loses the Lease, it ends the work and
// competes again. It returns an error if the work fails.
func Lead(ctx context.Context, client kube.Client, o Options, work func(context.Context, Fence) error) error {
	for ctx.Err() == nil {
		t := newTerm(client, o)
		if err := t.run(ctx, work); err != nil {
			return err
		}
	}
	return nil
}

// Follow calls o.Observe until ctx ends, without competing for the Lease.
func Follow(ctx context.Context, client kube.Client, o Options) {
	t := newTerm(client, o)
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if _, _, err := t.Get(ctx); err != nil && ctx.Err() == nil {
			o.Log.Warn("Lease not read", "error", err)
		}
	}, o.RetryPeriod)
}

// component labels the Lease.
const component = "leader"

// term is one period of waiting for the Lease and holding it.
type term struct {
	resourcelock.Interface
	options Options
	client  kube.Client
	wait    waiting                   // used only by the goroutine of the election
	renewed atomic.Pointer[time.Time] // when this replica last wrote the Lease
	lost    chan struct{}             // closed when another holder of the Lease is observed
	lose    func()
}

func newTerm(client kube.Client, o Options) *term {
	lost := make(chan struct{})
	return &term{
		Interface: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Name},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: o.Identity},
			Labels:     jobspec.CommonLabels(o.Controller, component),
		},
		options: o,
		client:  client,
		lost:    lost,
		lose:    sync.OnceFunc(func() { close(lost) }),
	}
}

func (t *term) run(ctx context.Context, work func(context.Context, Fence) error) error {
	o := t.options
	// The election ends only after the work: the Lease is renewed while the work may
	// still write.
	electing, stopElecting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopElecting()
	ended := make(chan error, 1)
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:          t,
		LeaseDuration: o.LeaseDuration,
		RenewDeadline: o.RenewDeadline,
		RetryPeriod:   o.RetryPeriod,
		Name:          o.Name,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(leading context.Context) {
				defer stopElecting()
				ended <- t.lead(ctx, leading, work)
			},
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return fmt.Errorf("leader election: %w", err)
	}
	// Before this replica leads, there is no work to wait for.
	defer context.AfterFunc(ctx, func() {
		if t.renewed.Load() == nil {
			stopElecting()
		}
	})()
	elector.Run(electing)
	if t.renewed.Load() == nil {
		return nil // it never led
	}
	err = <-ended
	if ctx.Err() != nil || err != nil {
		t.release()
	}
	return err
}

// lead runs the work until ctx ends or the Lease is lost.
func (t *term) lead(ctx, leading context.Context, work func(context.Context, Fence) error) error {
	t.options.Log.Info("this replica is the leader", "identity", t.options.Identity)
	leading, stopLeading := context.WithCancel(leading)
	defer stopLeading()
	working, stopWorking := context.WithCancel(leading)
	defer stopWorking()
	defer context.AfterFunc(ctx, stopWorking)()
	go func() {
		select {
		case <-t.lost:
			stopLeading()
		case <-leading.Done():
		}
	}()
	err := work(working, t.fence(leading))
	if ctx.Err() == nil && err == nil {
		t.options.Log.Warn("this replica is no longer the leader: it lost the Lease", "identity", t.options.Identity)
	}
	return err
}

// release releases the Lease if this replica holds it, so that the next leader need not
// wait until it expires.
func (t *term) release() {
	// The caller's context may have ended.
	ctx, cancel := context.WithTimeout(context.Background(), t.options.RenewDeadline)
	defer cancel()
	record, _, err := t.Get(ctx)
	if err == nil && record.HolderIdentity != t.options.Identity {
		return
	}
	if err == nil {
		now := metav1.Now()
		err = t.Update(ctx, resourcelock.LeaderElectionRecord{
			LeaseDurationSeconds: 1, RenewTime: now, AcquireTime: now, LeaderTransitions: record.LeaderTransitions,
		})
	}
	if err != nil {
		t.options.Log.Warn("Lease not released: it has to expire", "error", err)
	}
}

// Get reads the Lease.
func (t *term) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := t.Interface.Get(ctx)
	if err == nil {
		t.observe(record.HolderIdentity)
		if t.renewed.Load() == nil && record.HolderIdentity != t.options.Identity {
			t.report(ctx, t.wait.read(*record, time.Now()))
		}
	}
	return record, raw, err
}

// Create writes the first Lease.
func (t *term) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return t.write(ctx, r, func() error { return t.Interface.Create(ctx, r) })
}

// Update writes the Lease, unless another replica has done so since it was read.
func (t *term) Update(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return t.write(ctx, r, func() error { return t.Interface.Update(ctx, r) })
}

func (t *term) write(ctx context.Context, r resourcelock.LeaderElectionRecord, do func() error) error {
	began := time.Now()
	err := do()
	switch {
	case err == nil:
		t.renewed.Store(&began)
		t.observe(r.HolderIdentity)
	case t.renewed.Load() == nil:
		t.report(ctx, t.wait.write(err, time.Now()))
	}
	return err
}

func (t *term) observe(holder string) {
	// An empty holder counts as another one: it has released the Lease.
	if holder != t.options.Identity && t.renewed.Load() != nil {
		t.lose()
	}
	if t.options.Observe != nil {
		t.options.Observe(holder)
	}
}
