package auth

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// The pause after a failed create doubles from the first to the last.
const firstRestore, lastRestore = time.Second, timing.LongestSleep

// KeepOptions are what Keep needs of the replica.
type KeepOptions struct {
	Client   kube.Client
	Instance string // the replica
	Clock    clock.WithTicker
	Jitter   backoff.Jitter
	Log      *slog.Logger
}

// Keep watches the Secret with the callback key until ctx ends, and creates it again whenever
// it is missing. Otherwise a replica that starts later would create another key, and reject
// the callbacks of running pods.
func (k *Keyring) Keep(ctx context.Context, fence lease.Fence, o KeepOptions) {
	if !k.options.Create {
		return
	}
	seen := kube.NewSecret(o.Client, k.options.Namespace, k.options.Secret, o.Instance, o.Clock, o.Jitter)
	news := make(chan struct{}, 1)
	err := seen.Notify(func() {
		select {
		case news <- struct{}{}:
		default: // keep is awake already
		}
	})
	if err != nil {
		o.Log.Error("the Secret with the callback key is not watched: if it is deleted, no replica creates it again", "error", err)
		return
	}
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { seen.Run(ctx) })
	if seen.WaitForSync(ctx) != nil {
		return // ctx has ended
	}
	keeper := keyKeeper{keyring: k, fence: fence, log: o.Log}
	for pauses := backoff.New(firstRestore, lastRestore, o.Jitter); ; {
		var again time.Time
		if err := keeper.look(ctx, seen.Get()); err != nil {
			if ctx.Err() == nil {
				o.Log.Warn("the Secret with the callback key is missing, and was not created again", "error", err)
			}
			again = o.Clock.Now().Add(pauses.Next())
		} else {
			pauses.Reset()
		}
		if !timing.Sleep(ctx, o.Clock, again, news) {
			return
		}
	}
}

// keyKeeper looks after the Secret with the callback key in one term.
type keyKeeper struct {
	keyring *Keyring
	fence   lease.Fence
	log     *slog.Logger
	damage  string // what was wrong with the Secret; empty: nothing
}

// look acts on the Secret in the cache, which is nil if there is none. A damaged one stays as
// it is: only its author knows what it should be.
func (k *keyKeeper) look(ctx context.Context, secret *corev1.Secret) error {
	if secret == nil {
		k.damage = ""
		return k.restore(ctx)
	}
	damage := ""
	if _, err := parseKeys(secret.Data); err != nil {
		damage = err.Error()
	}
	if damage != "" && damage != k.damage {
		k.log.Warn("the Secret with the callback key is damaged: replicas that start later cannot use it", "error", damage)
	}
	k.damage = damage
	return nil
}

// restore creates the Secret with this replica's keys, so that tokens of running pods stay
// valid for replicas that start later. If it exists nevertheless, it stays as it is.
func (k *keyKeeper) restore(ctx context.Context) error {
	write, done, err := k.fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	mine := k.keyring.Current().Keys
	there, err := k.keyring.create(write, mine...)
	if err == nil && slices.Equal(mine, there) {
		k.log.Warn("the Secret with the callback key was missing, and was created again with the same key")
	}
	return err
}
