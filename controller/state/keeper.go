package state

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Store reads and writes the state.
type Store interface {
	Read(ctx context.Context) (state Stored, problems []string, err error)
	Swap(ctx context.Context, next Stored) (written Stored, err error)
}

// Options are the options of a Keeper.
type Options struct {
	Store  Store
	Clock  clock.WithTicker
	Jitter backoff.Jitter
	Log    *slog.Logger
	// Rebuild restores the entries of a state that was deleted, or never written: it swaps
	// each Execution that has not closed, also the queued ones, so that nothing that was
	// decided by the deleted state can be written any more; then it restores the entries of
	// the open ones. It may also restore ticks and IDs, and those entries of what this
	// process knew whose Executions are gone, while their pods may run. It is called again
	// if the state or the API server changes meanwhile. Nil: there is nothing to restore.
	Rebuild func(ctx context.Context, fence lease.Fence, known plan.State, s *plan.State) error
}

// The pause after a failed try doubles from the first to the last.
const firstPause, lastPause = 250 * time.Millisecond, 15 * time.Second

// Keeper is the one writer of the state in this process. It is safe for concurrent use.
type Keeper struct {
	Options

	// committing is held by the change that reads and writes for all. What follows is its.
	committing chan struct{}
	unsure     bool       // the state has to be read before it is written
	lost       *string    // the version that a write would replace whose response was lost
	known      plan.State // before the state was found missing, or being restored
	pauses     *backoff.Backoff
	failures   int       // in a row
	retryAt    time.Time // zero: at once
	logged     []string  // problems

	mu      sync.Mutex
	current Stored // as last read or written
	chain   uint64
	waiting []*waiting
}

// NewKeeper returns a Keeper, which has to Resume before it changes the state.
func NewKeeper(o Options) *Keeper {
	return &Keeper{
		Options: o, committing: make(chan struct{}, 1), chain: 1, unsure: true,
		pauses: backoff.New(firstPause, lastPause, o.Jitter),
	}
}

// Resume forgets what an earlier term knew, and reads the state. It breaks the chain.
func (k *Keeper) Resume(ctx context.Context) error {
	select {
	case k.committing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-k.committing }()
	k.mu.Lock()
	k.current = Stored{}
	k.chain++
	k.mu.Unlock()
	k.known, k.retryAt, k.failures = plan.State{}, time.Time{}, 0
	k.pauses.Reset()
	return k.read(ctx)
}

// Chain returns the chain that lasts, for a change that must not be made if it has broken.
func (k *Keeper) Chain() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.chain
}

// State returns a copy of the state as this process last read or wrote it. While the state
// is being restored, it has no entries; any Change restores it first.
func (k *Keeper) State() plan.State {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current.Clone()
}

func (k *Keeper) breakChain() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.chain++
}

// read reads the state. If it is missing, or being restored, read keeps what was known.
func (k *Keeper) read(ctx context.Context) error {
	k.unsure = true
	within, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	found, problems, err := k.Store.Read(within)
	if err != nil {
		return err
	}
	k.report(problems, found.Damaged)
	k.unsure = false
	k.mu.Lock()
	defer k.mu.Unlock()
	if found.Version() != k.current.Version() {
		k.chain++
	}
	if found.Object == nil || found.Restoring {
		if !k.current.Restoring {
			k.known = k.current.State
		}
		found.State = found.Lost()
		found.Recall(k.known)
	}
	k.current = found
	return nil
}

// report logs what is wrong with the state, once.
func (k *Keeper) report(forgotten, damaged []string) {
	all := slices.Concat(forgotten, damaged)
	if slices.Equal(k.logged, all) {
		return
	}
	k.logged = all
	for _, problem := range forgotten {
		// A controller that forgets ticks is better than a controller that does not start.
		k.Log.Warn("state not readable, and forgotten", "problem", problem)
	}
	for _, line := range damaged {
		k.Log.Error("an execution in the state is not readable: nothing is opened until its line is mended, or deleted", "line", line)
	}
}
