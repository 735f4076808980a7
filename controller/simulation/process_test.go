package simulation

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
)

// process is one process of a replica, from its start to its end.
type process struct {
	world *world
	slot  int
	name  string
	since time.Time       // when it started
	ctx   context.Context // ends with the process
	exit  context.CancelFunc
	term  context.CancelFunc // as SIGTERM does
	// killed is closed when the process ends in any way: whatever its
	// goroutines do from then on has no effect.
	killed chan struct{}

	// The world's lock guards these.
	dead     bool
	ending   bool
	stopped  chan struct{}        // closed when it resumes; nil: it runs
	attempts map[string]int       // of each request
	looked   map[string]time.Time // when it listed pods last, by their selector
	replica  *replica             // nil while it starts
	caps     []capOf              // by which it goes, the present one last
	spaces   string               // at the end of its schedule
	knows    types.UID            // of the last NodeCronJob that was as the ConfigMap has it
	suspends []suspendOf          // what its cache has shown of the NodeCronJob of the ConfigMap's definition
}

func processName(slot, born int) string { return fmt.Sprintf("r%d.%d", slot, born) }

// boot starts a process.
func (w *world) boot(slot int) {
	if w.slots[slot] != nil {
		return
	}
	w.born++
	p := &process{
		world: w, slot: slot, name: processName(slot, w.born), since: time.Now(),
		killed: make(chan struct{}), attempts: map[string]int{}, looked: map[string]time.Time{},
	}
	p.ctx, p.exit = context.WithCancel(context.Background())
	var living context.Context
	living, p.term = context.WithCancel(p.ctx)
	p.caps = []capOf{{maxPods: w.maxPods, from: p.since}}
	w.slots[slot] = p
	w.note(p.name, "start", "", "")
	w.work.Go(func() {
		err := p.run(living)
		w.mu.Lock()
		defer w.mu.Unlock()
		if !p.dead {
			w.note(p.name, "exit", "", fmt.Sprint(err))
			w.end(p)
			w.bootLater(p)
		}
	})
}

func (w *world) bootLater(p *process) {
	wait := roll(w.seed, 0, "boot", p.name).between(time.Second, 15*time.Second)
	w.after(wait, func() { w.boot(p.slot) })
}

// end removes a process. The caller holds the lock.
func (w *world) end(p *process) {
	if p.dead {
		return
	}
	p.dead = true
	if w.slots[p.slot] == p {
		w.slots[p.slot] = nil
	}
	close(p.killed)
	p.exit()
	p.term()
}

// kill ends a process as kill -9 does, or all processes as a power failure does.
func (w *world) kill(p *process, when string) {
	if p.dead {
		return
	}
	w.note(p.name, "killed", when, "")
	w.end(p)
	w.bootLater(p)
	l := roll(w.seed, 0, "power", p.name)
	if !l.chance(w.scenario.powerLoss) || !w.stormy() {
		return
	}
	survival := []memdisk.Survival{memdisk.NothingUnsynced, memdisk.NothingUnsynced, memdisk.OnlyNames, memdisk.Everything}[l.next().below(4)]
	w.note("power", "lost", fmt.Sprint("survival ", survival), "")
	for _, other := range w.slots {
		if other != nil {
			w.end(other)
			w.bootLater(other)
		}
	}
	w.disk.Restart(survival)
	w.oracle.afterPowerLoss()
}

type crash int

const (
	noCrash crash = iota
	crashBefore
	crashAfter
)

// crashes draws whether a process is killed at an operation.
func (w *world) crashes(p *process, often bool, l luck) crash {
	if !w.stormy() || w.crashed >= w.scenario.crashes || p.dead {
		return noCrash
	}
	share := w.scenario.crash
	if often {
		share /= 20
	}
	l = roll(uint64(l), 0, "crash")
	if !l.chance(share) {
		return noCrash
	}
	w.crashed++
	if l.next().chance(0.5) {
		return crashBefore
	}
	return crashAfter
}

// stop suspends a process for a while, as SIGSTOP does.
func (w *world) stop(slot int, until time.Time) {
	p := w.slots[slot]
	if p == nil || p.stopped != nil {
		return
	}
	p.stopped = make(chan struct{})
	w.note(p.name, "stopped", "", "")
	w.at(until, func() { w.goOn(p) })
}

func (w *world) goOn(p *process) {
	if p.stopped == nil {
		return
	}
	close(p.stopped)
	p.stopped = nil
	w.note(p.name, "goes on", "", "")
}

// terminate sends SIGTERM to a process, and kills it after its grace period.
func (w *world) terminate(slot int) {
	p := w.slots[slot]
	if p == nil || p.ending {
		return
	}
	p.ending = true
	w.note(p.name, "SIGTERM", "", "")
	p.term()
	w.after(roll(w.seed, 0, "grace", p.name).between(30*time.Second, 31*time.Second), func() { w.kill(p, "after its grace") })
}

// calmDown ends all faults.
func (w *world) calmDown() {
	w.note("world", "calm", "no faults from here on", "")
	for _, p := range w.slots {
		if p != nil {
			w.goOn(p)
		}
	}
	w.resumeAll()
}

// awake waits until the process is not suspended. It returns an error if the process is
// dead. Goroutines that wait for it resume one after the other.
func (p *process) awake(l luck) error {
	for {
		p.world.mu.Lock()
		dead, stopped := p.dead, p.stopped
		p.world.mu.Unlock()
		switch {
		case dead:
			return errKilled
		case stopped == nil:
			return nil
		}
		select {
		case <-stopped:
		case <-p.killed:
			return errKilled
		}
		l = l.next()
		if err := p.rest(l.between(time.Microsecond, 5*time.Millisecond)); err != nil {
			return err
		}
	}
}

// rest sleeps until the process dies.
func (p *process) rest(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.killed:
		return errKilled
	}
}

// sleep sleeps until ctx ends or the process dies. A process that is suspended notices the
// end of ctx when it resumes.
func (p *process) sleep(ctx context.Context, d time.Duration, l luck) error {
	if err := p.wait(ctx, d, l); err != nil {
		return cmp.Or(p.awake(l), err)
	}
	return nil
}

// wait waits until ctx ends or the process dies, also while the process is suspended.
func (p *process) wait(ctx context.Context, d time.Duration, l luck) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.killed:
		return errKilled
	case <-ctx.Done():
		// Goroutines that wait for the same ctx resume one after the other.
		if err := p.rest(l.between(time.Microsecond, time.Millisecond)); err != nil {
			return err
		}
		return ctx.Err()
	}
}

// luck returns the luck of the next attempt at a request.
func (p *process) luck(r request) luck {
	what := r.verb + " " + r.String()
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.attempts[what]++
	return roll(p.world.seed, p.attempts[what], p.name, what)
}
