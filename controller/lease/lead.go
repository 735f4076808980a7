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

// Options say how to compete for the Lease.
type Options struct {
	Namespace string
	Name      string // of the Lease
	// Controller is whose Lease it is: its labels say so.
	Controller string
	Identity   string // of this replica: see NewIdentity
	// The timings of client-go: how long a Lease lasts that is not renewed,
	// how long its holder tries to renew it, and how often.
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
	// Observe is told who holds the Lease whenever it was read or written: an
	// identity, or nothing when it is nobody. It must not block.
	Observe func(holder string)
	Log     *slog.Logger
}

// WithDefaultTimings are those of Kubernetes' own controllers, but for the
// retry period: a standby looks after one to 2.2 of them, and should find a
// Lease that was given back within three seconds.
func WithDefaultTimings(o Options) Options {
	o.LeaseDuration, o.RenewDeadline, o.RetryPeriod = 15*time.Second, 10*time.Second, time.Second
	return o
}

// Lead competes for the Lease until ctx ends, and does the work whenever it has
// it. It gives the Lease back only when the work has ended: given back any
// earlier, the next leader would begin while this one still writes. A Lease
// that is lost ends the work, and is competed for again. Lead returns an error
// if the work fails.
func Lead(ctx context.Context, client kube.Client, o Options, work func(context.Context, Fence) error) error {
	for ctx.Err() == nil {
		t := newTerm(client, o)
		if err := t.run(ctx, work); err != nil {
			return err
		}
	}
	return nil
}

// Follow tells o.Observe who holds the Lease until ctx ends, without
// competing for it.
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

// term is one time of waiting for the Lease and holding it.
type term struct {
	resourcelock.Interface
	options Options
	client  kube.Client
	wait    waiting                   // only the goroutine of the election has it
	renewed atomic.Pointer[time.Time] // when this replica last wrote the Lease
	lost    chan struct{}             // closed when another replica is seen to hold it
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
	// The election ends only after the work: as long as it may still write, the
	// Lease is renewed.
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
	// Before it leads there is no work whose end could be waited for.
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

// lead does the work until ctx ends or the Lease is lost.
func (t *term) lead(ctx, leading context.Context, work func(context.Context, Fence) error) error {
	t.options.Log.Info("this replica leads", "identity", t.options.Identity)
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
		t.options.Log.Warn("this replica does not lead any more: it lost the Lease", "identity", t.options.Identity)
	}
	return err
}

// release gives the Lease back, if this replica holds it: the next leader need
// not wait until it has run out.
func (t *term) release() {
	// The caller's context has ended: that is why it is given back.
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
		t.options.Log.Warn("Lease not given back, it has to run out", "error", err)
	}
}

// Get reads the Lease.
func (t *term) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := t.Interface.Get(ctx)
	if err == nil {
		t.observe(record.HolderIdentity)
		if t.renewed.Load() == nil && record.HolderIdentity != t.options.Identity {
			t.tell(ctx, t.wait.read(*record, time.Now()))
		}
	}
	return record, raw, err
}

// Create writes the first Lease.
func (t *term) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return t.write(ctx, r, func() error { return t.Interface.Create(ctx, r) })
}

// Update writes the Lease, if nobody has done so since it was read.
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
		t.tell(ctx, t.wait.write(err, time.Now()))
	}
	return err
}

func (t *term) observe(holder string) {
	// Nobody is another one, too, who has given it back.
	if holder != t.options.Identity && t.renewed.Load() != nil {
		t.lose()
	}
	if t.options.Observe != nil {
		t.options.Observe(holder)
	}
}
