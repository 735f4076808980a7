package simulation

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
)

const (
	namespace = "jobs"
	name      = "check" // of the controller
	leaseName = name + "-leader"

	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = 2100 * time.Millisecond // not a divisor of the deadline: otherwise it would be random which of two timers is first
)

// world is one seed.
type world struct {
	seed     uint64
	scenario *scenario
	start    time.Time
	log      *slog.Logger
	disk     *memdisk.Disk

	mu        sync.Mutex // guards the fields below, and is never held while a goroutine waits
	api       *apiServer
	trace     trace
	oracle    *oracle
	slots     []*process // nil: down
	born      int        // number of processes so far
	crashed   int
	maxPods   int         // of the ConfigMap
	toSuspend bool        // what a person wants of its definition
	suspends  []suspendOf // what its NodeCronJob has said, the present last
	defined   map[string]defined
	// stateDeleted is when a user has deleted the state.
	stateDeleted time.Time
	over         bool        // nothing happens after the end
	acting       *process    // whose request is being carried out; nil: none
	rewatches    map[int]int // by slot
	lives        map[string]*life
	// readdressed is when the callback Service was last deleted or created.
	readdressed time.Time
	problem     string        // the first broken rule
	broken      chan struct{} // closed then
	work        sync.WaitGroup
}

func newWorld(seed uint64, show func(string), log *slog.Logger) *world {
	w := &world{
		seed:      seed,
		scenario:  drawScenario(seed),
		start:     time.Now(),
		log:       log,
		disk:      memdisk.New(),
		api:       newAPIServer(),
		rewatches: map[int]int{},
		lives:     map[string]*life{},
		defined:   map[string]defined{},
		broken:    make(chan struct{}),
	}
	w.trace.show = show
	w.oracle = newOracle(w)
	w.maxPods = w.scenario.maxPods
	w.slots = make([]*process, w.scenario.replicas)
	return w
}

// verdict is the outcome of a seed.
type verdict struct {
	problem string // empty: none
	tail    string
	steps   int
	hash    uint64
	lasted  time.Duration
	stats   stats
}

// run runs the world in a bubble of its own.
func (w *world) run() verdict {
	w.mu.Lock()
	w.setUp()
	w.mu.Unlock()
	w.sleep(w.scenario.calmFrom)
	w.mu.Lock()
	w.calmDown()
	w.mu.Unlock()
	w.settle()

	w.mu.Lock()
	v := verdict{problem: w.problem, tail: w.trace.tail(), steps: w.trace.n, hash: w.trace.sum(), lasted: w.since(), stats: w.oracle.stats}
	w.over = true
	for _, p := range w.slots {
		if p != nil {
			w.end(p)
		}
	}
	w.mu.Unlock()
	w.work.Wait()
	return v
}

func (w *world) setUp() {
	if w.scenario.callbackService {
		w.must(w.api.create(services, newService(firstAddress)))
	}
	if !w.scenario.withoutKey {
		w.must(w.api.create(secrets, w.keySecret()))
	}
	for i := range w.scenario.nodes {
		w.must(w.api.create(nodes, newNode(nodeName(i))))
	}
	w.defineAll()
	for slot := range w.slots {
		w.after(roll(w.seed, slot, "start").between(0, 20*time.Second), func() { w.boot(slot) })
	}
	w.scheduleEvents()
}

// settle waits until all is done, or until the deadline for it has passed.
func (w *world) settle() {
	w.mu.Lock()
	open := len(w.oracle.openRecords()) + len(w.waiting()) + len(w.scenario.persons) + len(w.scenario.reruns)
	if w.scenario.onStartup {
		open++ // it may be yet to come
	}
	for _, n := range w.scenario.nodeCronJobs {
		if n.changes[0].terms.onStartup {
			open++
		}
	}
	w.mu.Unlock()
	deadline := w.scenario.longest()*time.Duration(1+open) + 2*leaseDuration + 60*time.Second
	last := max(w.scenario.lastRerun(), w.scenario.lastChange())
	w.mu.Lock()
	for _, t := range w.demanded() {
		last = max(last, t.at.Sub(w.start)+t.deadline)
	}
	w.mu.Unlock()
	if left := last - w.since(); left > 0 {
		deadline += left
	}
	// A starting leader may open another execution: the world is settled only after a
	// while without one.
	const whole = 5
	for until, quiet := time.Now().Add(deadline), 0; quiet < whole; w.sleep(time.Second) {
		w.mu.Lock()
		missing, broken := w.missing(), w.problem != ""
		quiet++
		if missing != "" {
			quiet = 0
		}
		if missing != "" && !broken && time.Now().After(until) {
			w.fail("I6: %s after %s without a fault", missing, deadline.Round(time.Second))
		}
		w.mu.Unlock()
		if broken {
			break
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.judge()
}

// sleep returns early when a rule is broken.
func (w *world) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.broken:
	}
}

func (w *world) since() time.Duration { return time.Since(w.start) }

// stormy reports whether things may go wrong.
func (w *world) stormy() bool { return w.since() < w.scenario.calmFrom }

// after calls do after d, with the lock held.
func (w *world) after(d time.Duration, do func()) {
	time.AfterFunc(d, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.over {
			do()
		}
	})
}

func (w *world) at(t time.Time, do func()) { w.after(time.Until(t), do) }

// note adds a step to the trace. The caller holds the lock.
func (w *world) note(who, verb, what, came string) {
	if !w.over {
		w.trace.add(step{at: w.since(), who: who, verb: verb, what: what, came: came})
	}
}

// fail records that a rule is broken. Only the first one counts.
func (w *world) fail(format string, args ...any) {
	if w.problem != "" || w.over {
		return
	}
	w.problem = fmt.Sprintf(format, args...)
	w.note("oracle", "BROKEN", w.problem, "")
	close(w.broken)
}

func (w *world) must(err error) {
	if err != nil {
		w.fail("the simulation itself: %v", err)
	}
}
