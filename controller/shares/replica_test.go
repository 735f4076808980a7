package shares_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/shares"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

// replica is a process that believes it leads: it opens the Executions, runs and closes them.
type replica struct {
	world  *world
	pool   int // podPoolSize
	state  *state.Keeper
	shares *shares.Keeper
}

func newReplica(w *world, pool int) *replica {
	r := &replica{world: w, pool: pool}
	log := slog.New(slog.DiscardHandler)
	r.state = state.NewKeeper(state.Options{Store: w, Clock: clock.RealClock{}, Log: log, Rebuild: r.rebuild})
	r.shares = shares.New(shares.Options{State: r.state, Max: func() int { return w.maxPods }, Clock: clock.RealClock{}, Log: log})
	return r
}

// lead returns after all Executions have closed, or ctx has ended.
func (r *replica) lead(ctx context.Context) {
	term, end := context.WithCancel(ctx)
	defer end()
	for r.state.Resume(term) != nil {
	}
	var work sync.WaitGroup
	work.Go(func() { r.shares.Run(term, leads) })
	var runs sync.WaitGroup
	for i := range len(r.world.executions) {
		runs.Go(func() { r.handle(term, uidOf(i)) })
	}
	runs.Wait()
	end()
	work.Wait()
}

// leads is the fence of a replica that is not told that it has lost the Lease.
func leads(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	write, done := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	return write, done, nil
}

func (r *replica) handle(ctx context.Context, uid string) {
	for ctx.Err() == nil {
		switch o := r.world.read(uid); o.phase {
		case queued:
			r.open(ctx, uid, o)
		case open:
			r.run(ctx, uid, o)
		case closed:
			_, err := r.state.Change(ctx, leads, state.Change{Apply: func(s *plan.State) error { s.End(uid); return nil }})
			r.shares.Divide()
			if err == nil {
				return
			}
		}
		time.Sleep(r.world.pause(100 * time.Millisecond))
	}
}

// open opens an Execution that it has read, with the share of its entry.
func (r *replica) open(ctx context.Context, uid string, o object) {
	var entry plan.Entry
	now := time.Now()
	_, err := r.state.Change(ctx, leads, state.Change{Apply: func(s *plan.State) error {
		share, maxPods := r.shares.First(*s, uid, shares.Claim{Want: r.pool})
		_, err := s.Begin(plan.Beginning{
			Definition: plan.TicksOf{Name: uid}, UID: uid, Name: uid, Share: share, MaxPods: maxPods,
			Firing: execution.Firing{Trigger: execution.Manual, Scheduled: now},
		}, now)
		entry, _ = s.Entry(uid)
		return err
	}})
	if err == nil {
		o.phase, o.share = open, entry.Share
		_, _ = r.world.swap(ctx, uid, o) // it is read again
	}
}

// rebuild counts the Executions after it has swapped them.
func (r *replica) rebuild(ctx context.Context, _ lease.Fence, _ plan.State, s *plan.State) error {
	for i := range len(r.world.executions) {
		o := r.world.read(uidOf(i))
		if o.phase == closed {
			continue
		}
		o.restored++
		if _, err := r.world.swap(ctx, uidOf(i), o); err != nil {
			return errLost // again from the beginning
		}
		if o.phase == open {
			s.Restore(plan.Entry{UID: uidOf(i), Name: uidOf(i), Definition: uidOf(i), ID: "20000101000000", Share: o.share})
		}
	}
	return nil
}

// run admits the node tasks of an Execution, and records their ends, until it closes or
// another replica writes it.
func (r *replica) run(ctx context.Context, uid string, o object) {
	wake := make(chan struct{}, 1)
	m := r.shares.Join(uid, o.share, wake)
	defer m.Leave()
	ended := 0 // not recorded yet
	for ctx.Err() == nil {
		next := o
		next.exposed -= ended
		step := m.Plan(shares.Claim{Exposed: next.exposed, Want: min(r.pool, next.exposed+next.left)})
		more := min(next.left, max(min(step.Admit, r.pool)-next.exposed, 0))
		next.share, next.exposed, next.left = step.Share, next.exposed+more, next.left-more
		if next.exposed == 0 && next.left == 0 {
			next.phase, next.share = closed, execution.NoShare
		}
		if !step.Due && next == o {
			ended = r.wait(ctx, wake, o)
			continue
		}
		written, err := r.world.swap(ctx, uid, next)
		switch {
		case err == nil && written.phase == closed:
			return
		case err == nil:
			o, ended = written, 0
			m.Written(o.exposed)
		case errors.Is(err, errLost) && r.world.draw(2) == 0: // it tries again
			m.Lost()
		default:
			m.Lost()
			return
		}
	}
}

// wait waits until the run is woken, or node tasks have ended. It returns how many.
func (r *replica) wait(ctx context.Context, wake <-chan struct{}, o object) (ended int) {
	var ends <-chan time.Time
	if o.exposed > 0 {
		ends = time.After(r.world.pause(time.Duration(2 * int(time.Second) / o.exposed)))
	}
	select {
	case <-ctx.Done():
	case <-wake:
	case <-ends:
		ended = 1 + r.world.draw(min(o.exposed, 2))
	}
	return ended
}
