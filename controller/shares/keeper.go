package shares

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// State is the state of all definitions. It is a state.Keeper.
type State interface {
	Change(ctx context.Context, fence lease.Fence, c state.Change) (chain uint64, err error)
	Chain() uint64
	State() plan.State
}

// Options are the options of a Keeper.
type Options struct {
	State  State
	Max    func() int // maxPods as it is configured now; 0: no cap
	Clock  clock.WithTicker
	Jitter backoff.Jitter
	Log    *slog.Logger
}

// Keeper divides maxPods among the executions that are open in this process. It is safe for
// concurrent use.
type Keeper struct {
	Options
	due chan struct{} // wakes Run: there may be something to divide

	mu      sync.Mutex         // guards what follows, and the members
	members map[string]*Member // by UID
	turn    int64              // counts how often a member has got slots
}

// New returns a Keeper.
func New(o Options) *Keeper {
	return &Keeper{Options: o, due: make(chan struct{}, 1), members: map[string]*Member{}}
}

// Run writes what changes in the state, until ctx ends.
func (k *Keeper) Run(ctx context.Context, fence lease.Fence) {
	retrier := timing.Retrier{Clock: k.Clock, Jitter: k.Jitter}
	log := k.Log.With("step", "divide maxPods")
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.due:
		}
		_ = retrier.Do(ctx, log, time.Time{}, func() error { return k.divideOnce(ctx, fence) }) // it ends with ctx
	}
}

// divideOnce divides once. If the chain of the state breaks, it begins again with the state
// as it is now.
func (k *Keeper) divideOnce(ctx context.Context, fence lease.Fence) error {
	for k.divides() {
		err := k.round(ctx, fence)
		if !errors.Is(err, state.ErrChain) {
			return err
		}
	}
	return nil
}

// divides reports whether there is a cap, or a share of one that was removed. Otherwise the
// state need not even be read.
func (k *Keeper) divides() bool {
	if k.Max() > 0 || slices.ContainsFunc(k.State.State().Entries, func(e plan.Entry) bool { return e.Share != execution.NoShare }) {
		return true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range k.members {
		if m.share != execution.NoShare {
			return true
		}
	}
	return false
}

// Divide divides again: an entry of the state was removed, or maxPods was changed.
func (k *Keeper) Divide() { k.changed(nil) }

// First returns the share with which an execution of a claim begins, as the state is now,
// and maxPods: see plan.Beginning. It may be called by a change of the state.
func (k *Keeper) First(s plan.State, definition string, c Claim) (share, maxPods int) {
	if maxPods = k.Max(); maxPods == 0 {
		return execution.NoShare, 0
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	s.Entries = append(s.Clone().Entries, plan.Entry{Definition: definition})
	d := k.divide(s, maxPods, &Member{claim: c, claims: true, served: k.turn})
	return max(d.results[""], 0), maxPods
}

// changed wakes Run, and each member but one whose next step is due.
func (k *Keeper) changed(except *Member) {
	k.wakeMembers(except)
	wake(k.due)
}

// wakeMembers wakes each member but one whose next step is due.
func (k *Keeper) wakeMembers(except *Member) {
	chain, s, maxPods := k.State.Chain(), k.State.State(), k.Max()
	k.mu.Lock()
	defer k.mu.Unlock()
	d := k.divide(s, maxPods, nil)
	for _, m := range k.members {
		if m != except && m.claims && m.step(d, chain).Due {
			wake(m.wake)
		}
	}
}

func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is awake already
	}
}
