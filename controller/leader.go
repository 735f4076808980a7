package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// LeaderOptions say how to compete for the Lease.
type LeaderOptions struct {
	Namespace string
	Name      string // of the Lease
	Identity  string // of this replica: unique
	// The timings of client-go: how long a Lease lasts that is not renewed,
	// how long its holder tries to renew it, and how often.
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
	Log                                       *slog.Logger
}

// DefaultLeaderTimings are those of Kubernetes' own controllers, but for the
// retry period: a standby looks after one to 2.2 of them, and should find a
// Lease that was given back within three seconds.
func DefaultLeaderTimings(o LeaderOptions) LeaderOptions {
	o.LeaseDuration, o.RenewDeadline, o.RetryPeriod = 15*time.Second, 10*time.Second, time.Second
	return o
}

// ErrLeaseLost says that another replica may lead now.
var ErrLeaseLost = errors.New("lost the Lease")

// A Fence tells whether this replica may still write. The Lease alone does
// not: a process that was stopped for a while goes on as if it held it.
type Fence func() error

// Lead waits for the Lease, does the work, and gives the Lease back only when
// the work has ended: given back any earlier, the next leader would begin
// while this one still writes. It returns nil when ctx ends, and an error when
// the work fails or the Lease is lost; the process should then end, because a
// new one starts with an empty memory.
func Lead(ctx context.Context, client kubernetes.Interface, o LeaderOptions, work func(context.Context, Fence) error) error {
	lock := &renewalClock{Interface: &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Name},
		Client:     client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: o.Identity},
	}}
	// Two contexts: the election's ends only after the work's, so that
	// ReleaseOnCancel cannot run ahead of it.
	electing, stopElecting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopElecting()
	ended := make(chan error, 1)
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   o.LeaseDuration,
		RenewDeadline:   o.RenewDeadline,
		RetryPeriod:     o.RetryPeriod,
		ReleaseOnCancel: true,
		Name:            o.Name,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(leading context.Context) {
				o.Log.Info("this replica leads", "identity", o.Identity)
				working, stopWorking := context.WithCancel(leading)
				defer context.AfterFunc(ctx, stopWorking)()
				defer stopWorking()
				ended <- work(working, lock.fence(o.RenewDeadline))
				stopElecting()
			},
			OnStoppedLeading: func() {},
			OnNewLeader: func(identity string) {
				o.Log.Info("the leader", "identity", identity)
			},
		},
	})
	if err != nil {
		return fmt.Errorf("leader election: %w", err)
	}
	// Before it leads there is no work whose end could be waited for.
	defer context.AfterFunc(ctx, func() {
		if !elector.IsLeader() {
			stopElecting()
		}
	})()
	elector.Run(electing)
	select {
	case err := <-ended:
		return err
	default:
	}
	if ctx.Err() != nil {
		return nil
	}
	return ErrLeaseLost
}

// renewalClock notes when the Lease was last written by this replica.
type renewalClock struct {
	resourcelock.Interface
	renewed atomic.Pointer[time.Time]
}

func (c *renewalClock) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return c.noting(func() error { return c.Interface.Create(ctx, r) })
}

func (c *renewalClock) Update(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return c.noting(func() error { return c.Interface.Update(ctx, r) })
}

func (c *renewalClock) noting(write func() error) error {
	began := time.Now()
	err := write()
	if err == nil {
		c.renewed.Store(&began)
	}
	return err
}

// fence refuses to go on when the last renewal is older than the deadline by
// the monotonic clock, which also runs while a process is stopped.
func (c *renewalClock) fence(deadline time.Duration) Fence {
	return func() error {
		renewed := c.renewed.Load()
		if renewed == nil {
			return ErrLeaseLost
		}
		if age := time.Since(*renewed); age > deadline {
			return fmt.Errorf("%w: it was last renewed %s ago", ErrLeaseLost, age.Round(time.Millisecond))
		}
		return nil
	}
}
