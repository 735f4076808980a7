package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// Options are what a Controller is made of.
type Options struct {
	Config    config.Config // that the process begins with
	Namespace string
	// PodIP is the callback host of the job pods; empty: the callback Service.
	PodIP    string
	Instance string // this replica, for events
	Identity string // this replica, as it holds the Lease
	// Extensions returns those of a configuration; nil: there are none.
	Extensions func(config.Config) []jobspec.EnvExtension
	Client     kube.Client
	Keyring    *auth.Keyring // nil unless callbacks need tokens
	TokenFile  string        // of the replica's own service account token, which names the cluster's issuer; empty: there is none
	TLS        CallbackTLS   // nil: callbacks come by plain HTTP
	Store      Store
	Results    *metrics.Results
	Metrics    *metrics.Metrics
	Clock      clock.WithTicker
	Jitter     backoff.Jitter // of the pauses between tries; nil: there is none
	Log        *slog.Logger
	Workers    int // node tasks worked on at once; 0: DefaultWorkers

	// ConfigMap is where the configuration comes from, and Judge decides on what
	// it says. Without Judge the configuration never changes.
	ConfigMap string
	Judge     JudgeConfig
	// Configured is told of every configuration that is to apply; nil: nobody is.
	Configured func(config.Config)
}

const (
	// DefaultWorkers is how many node tasks are worked on at once. A worker is
	// busy for as long as the API server takes to create a Job.
	DefaultWorkers = 16
	// logWorkers is how many tasks' logs are saved at once.
	logWorkers   = 8
	apiTimeout   = kube.RequestTimeout
	eventTimeout = kube.EventTimeout
)

// Store keeps what executions leave behind. What its methods took is durable
// when they return nil.
type Store interface {
	resultStore
	logStore
	reportStore
}

// Controller runs the executions of one configuration. Every replica has one;
// it does nothing but watch until Run is called with the Lease.
type Controller struct {
	Options
	configured atomic.Pointer[snapshot]
	// reconfigured tells the one goroutine that runs the ticks that the schedule
	// may be another.
	reconfigured chan struct{}
	caches       *kube.Caches
	records      record.Store
	states       record.StateStore
	events       *kube.Events
	started      time.Time // of this process: runOnStartup counts from here
	// seriesDropped is the execution.ID in which series were dropped last.
	seriesDropped atomic.Value
	credentials   *auth.Credentials
	redactor      *route.Redactor
	merging       taskLocks     // of results
	claiming      chan struct{} // full while the results are claimed
	callbacks     *auth.Callbacks
	hosts         *callbackHosts

	// What follows is the leader's: Run begins it anew, and nobody else changes
	// it.

	tasks workqueue.TypedRateLimitingInterface[execution.Key]
	logs  workqueue.TypedRateLimitingInterface[execution.Key]
	// wake tells the one goroutine that writes the open record that there may
	// be something to write.
	wake      chan struct{}
	pruneWake chan struct{}
	state     record.State
	// tokensGone are the closed executions whose token Secrets were deleted.
	tokensGone map[string]bool
	startedUp  bool      // the execution of runOnStartup was dealt with
	aheadTold  time.Time // until when it was said that ticks are passed over
	// unanswered is when a write of the state, or a request to create a record,
	// failed last that may be carried out, of this leader or of the one before it.
	unanswered time.Time

	mu      sync.Mutex // guards what follows
	role    role
	fence   lease.Fence           // of the term
	claim   string                // under which this replica merges results; empty: it has none
	claims  int                   // how many this process has made
	holder  string                // the identity of another replica that holds the Lease; empty: none is known to
	moved   chan struct{}         // closed when role or holder changes
	open    *openExecution        // nil: none is open
	backlog []record.Record       // open too, to be gone on with after it
	known   map[execution.ID]bool // all executions that left a record or a report
	// leftAlone are the executions that are open as far as anybody can tell: their
	// records cannot be read.
	leftAlone   map[execution.ID]leftAlone
	damagedTold map[string]string // the damage that an event tells of, by record
	losses      *losses           // that no event tells of yet; nil: there are none
}

// openExecution is the execution in flight. All of it can be built anew.
type openExecution struct {
	id        execution.ID // without a lock: each write changes the record
	auth      execution.CallbackAuth
	record    record.Record
	config    *snapshot // that it was opened or taken over with
	ledger    *execution.Ledger
	tasks     []taskMemory // by index
	nodeNames []string
	tokens    []tokenChunk
	quota     *quota
	// logsDue counts the tasks whose logs are still to be saved: the execution
	// closes after them.
	logsDue int
	// closing is that no callback is taken any more, and taking those that are
	// being taken.
	closing bool
	taking  sync.WaitGroup
	// takenOver is when this leader took it over from another one, or from an
	// earlier term of its own; zero if it opened it.
	takenOver time.Time
	failures  int         // node tasks that failed or were lost
	freed     []time.Time // when pods ended whose slots are free now, for the refill metric
	damaged   int         // how often its record could not be read again
	// told are the causes of refusals that an event tells of.
	told map[string]bool
}

// taskMemory is what this process knows of a task besides the ledger.
type taskMemory struct {
	seen       bool           // its Job was in the cache
	grantedAt  time.Time      // when it got its slot, by this process's clock
	stopped    *plan.Stopped  // its Job was told to end
	stopping   *execution.End // why it may have been told so, by a request without an answer
	refused    time.Time      // when the API server refused its Job, or what it needs, for the first time
	unanswered time.Time      // when a request to create its Job failed that may be carried out
	slotFreed  time.Time      // when the slot it got became free
	logsQueued bool
	logsDone   bool // nothing more is to be done for them
}

// New returns a Controller.
func New(o Options) (*Controller, error) {
	configured, err := newSnapshot(o, o.Config)
	if err != nil {
		return nil, err
	}
	if o.Workers == 0 {
		o.Workers = DefaultWorkers
	}
	c := &Controller{
		Options:      o,
		reconfigured: make(chan struct{}, 1),
		records:      record.NewStore(o.Client.CoreV1().ConfigMaps(o.Namespace), o.Config.Name),
		states:       record.NewStateStore(o.Client.CoreV1().ConfigMaps(o.Namespace), o.Config.Name),
		events:       kube.NewEvents(o.Client, o.Clock, o.Config.Name, o.Instance),
		started:      o.Clock.Now(),
		moved:        make(chan struct{}),
		claiming:     make(chan struct{}, 1),
		known:        map[execution.ID]bool{},
		leftAlone:    map[execution.ID]leftAlone{},
	}
	c.configured.Store(configured)
	c.credentials = auth.NewCredentials(o.Keyring, auth.NewIssuers(o.TokenFile, o.Clock), jobspec.Audience(o.Namespace, o.Config.Name))
	c.redactor = route.NewRedactor(c.credentials)
	if c.caches, err = kube.NewCaches(o.Client, o.Namespace, o.Config.Name, o.Instance, o.Clock, o.Jitter); err != nil {
		return nil, fmt.Errorf("caches: %w", err)
	}
	c.callbacks = c.newCallbacks()
	if err := c.caches.Notify(c.taskChanged, c.nodeChanged); err != nil {
		return nil, fmt.Errorf("caches: %w", err)
	}
	return c, nil
}

func newQueue(name string, clk clock.WithTicker) workqueue.TypedRateLimitingInterface[execution.Key] {
	// A create that fails is tried again after 50 ms, 100 ms, ... 15 s, each
	// key for itself: one bad node does not hold up the others.
	backoff := workqueue.NewTypedItemExponentialFailureRateLimiter[execution.Key](50*time.Millisecond, 15*time.Second)
	return workqueue.NewTypedRateLimitingQueueWithConfig(backoff, workqueue.TypedRateLimitingQueueConfig[execution.Key]{
		Name: name, Clock: clk,
	})
}

// Watch fills the caches and keeps them filled until ctx ends. Every replica
// does, so that the next leader need not wait for them.
func (c *Controller) Watch(ctx context.Context) {
	c.caches.Run(ctx)
	if c.Judge != nil {
		go c.followConfig(ctx)
	}
}

// Synced reports whether the caches have been filled.
func (c *Controller) Synced() bool { return c.caches.Synced() }

// Run does the leader's work until ctx ends, and returns when all of it has
// ended. It may be run again: each time it begins with what is in the cluster
// and on the disk. It returns an error if an execution is open that only a later
// version can end.
func (c *Controller) Run(ctx context.Context, fence lease.Fence) error {
	if err := c.caches.WaitForSync(ctx); err != nil {
		return nil //nolint:nilerr // ctx has ended
	}
	c.begin(fence)
	defer c.tasks.ShutDown()
	defer c.logs.ShutDown()
	if done, err := c.recoverUntilDone(ctx); !done {
		return err
	}
	c.setRole(leading)
	defer c.setRole(caretaking)
	c.claimEarly()

	var work sync.WaitGroup
	for range c.Workers {
		work.Go(func() { c.workOnTasks(ctx, fence) })
	}
	for range logWorkers {
		work.Go(func() { c.workOnLogs(ctx) })
	}
	work.Go(func() { c.keepRecord(ctx, fence) })
	work.Go(func() { c.runTicks(ctx, fence) })
	work.Go(func() { c.runPrunes(ctx, fence) })
	if c.Keyring != nil {
		work.Go(func() { c.keepKey(ctx, fence) })
	}
	<-ctx.Done()
	c.tasks.ShutDown()
	c.logs.ShutDown()
	work.Wait()
	return nil
}

// begin makes the queues anew: those of an earlier term are shut down.
func (c *Controller) begin(fence lease.Fence) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hosts = newCallbackHosts()
	c.fence, c.claim, c.tokensGone = fence, "", map[string]bool{}
	c.tasks, c.logs = newQueue("tasks", c.Clock), newQueue("logs", c.Clock)
	c.wake, c.pruneWake = make(chan struct{}, 1), make(chan struct{}, 1)
}

// taskChanged gives a node task a turn.
func (c *Controller) taskChanged(key execution.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tasks != nil { // it has led
		c.tasks.Add(key)
	}
}

// nodeChanged gives the node's task of the open execution a turn.
func (c *Controller) nodeChanged(node string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != nil {
		c.tasks.Add(execution.Key{Execution: c.open.record.Plan.ID, Node: node})
	}
}

// notifyKeeper wakes keepRecord.
func (c *Controller) notifyKeeper() {
	select {
	case c.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// announce writes an event on a best-effort basis: that it cannot be written
// holds up nothing for long.
func (c *Controller) announce(ctx context.Context, about corev1.ObjectReference, warning bool, reason, message string) {
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	if err := c.events.Emit(ctx, about, warning, reason, message); err != nil && !errors.Is(err, context.Canceled) {
		c.Log.Warn("event not written", "reason", reason, "error", err)
	}
}
