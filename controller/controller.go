package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Options are what a Controller is made of.
type Options struct {
	Config    config.Config
	Namespace string
	// PodIP is the callback host of the job pods; empty: the callback Service.
	PodIP      string
	Instance   string // this replica, for events
	Extensions []jobspec.EnvExtension
	Client     kubernetes.Interface
	Store      Store
	Results    *metrics.Results
	Metrics    *metrics.Metrics
	Clock      clock.WithTicker
	Log        *slog.Logger
	Workers    int // node tasks worked on at once; 0: DefaultWorkers
}

const (
	// DefaultWorkers is how many node tasks are worked on at once. A worker is
	// busy for as long as the API server takes to create a Job.
	DefaultWorkers = 16
	// logWorkers is how many tasks' logs are saved at once.
	logWorkers = 8
	// apiTimeout bounds one request to the API server.
	apiTimeout = 30 * time.Second
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
	schedule plan.Schedule
	caches   *caches
	records  records
	events   *events
	started  time.Time // of this process: runOnStartup counts from here

	tasks workqueue.TypedRateLimitingInterface[execution.Key]
	logs  workqueue.TypedRateLimitingInterface[execution.Key]
	// wake tells the one goroutine that writes the open record that there may
	// be something to write.
	wake      chan struct{}
	pruneWake chan struct{}

	mu      sync.Mutex // guards what follows
	leading bool
	open    *openExecution        // nil: none is open
	backlog []record              // open too, to be gone on with after it
	known   map[execution.ID]bool // all executions that left a record or a report
}

// openExecution is the execution in flight. All of it can be built anew.
type openExecution struct {
	record    record
	ledger    *execution.Ledger
	tasks     []taskMemory // by index
	nodeNames []string
	// logsDue counts the tasks whose logs are still to be saved: the execution
	// closes after them.
	logsDue int
	freed   []time.Time // when pods ended whose slots are free now, for the refill metric
}

// taskMemory is what this process knows of a task besides the ledger.
type taskMemory struct {
	seen       bool           // its Job was in the cache
	grantedAt  time.Time      // when it got its slot, by this process's clock
	stopped    *plan.Stopped  // its Job was told to end
	refused    *execution.End // why the API server refuses its Job
	slotFreed  time.Time      // when the slot it got became free
	logsQueued bool
}

// New returns a Controller.
func New(o Options) (*Controller, error) {
	schedule, err := plan.ParseSchedule(o.Config.CronExpression, o.Config.TimeZone, o.Clock.Now())
	if err != nil {
		return nil, fmt.Errorf("cronExpression: %w", err)
	}
	if o.Workers == 0 {
		o.Workers = DefaultWorkers
	}
	c := &Controller{
		Options:   o,
		schedule:  schedule,
		records:   records{client: o.Client.CoreV1().ConfigMaps(o.Namespace), controller: o.Config.Name},
		events:    &events{client: o.Client, clock: o.Clock, controller: o.Config.Name, instance: o.Instance},
		started:   o.Clock.Now(),
		tasks:     newQueue("tasks", o.Clock),
		logs:      newQueue("logs", o.Clock),
		wake:      make(chan struct{}, 1),
		pruneWake: make(chan struct{}, 1),
		known:     map[execution.ID]bool{},
	}
	if c.caches, err = newCaches(o.Client, o.Namespace, o.Config.Name); err != nil {
		return nil, fmt.Errorf("caches: %w", err)
	}
	if err := c.caches.notify(c.tasks.Add, c.nodeGone); err != nil {
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
func (c *Controller) Watch(ctx context.Context) { c.caches.run(ctx) }

// Synced reports whether the caches have been filled.
func (c *Controller) Synced() bool { return c.caches.synced() }

// Run does the leader's work until ctx ends, and returns when all of it has
// ended.
func (c *Controller) Run(ctx context.Context, fence Fence) error {
	if err := c.caches.waitForSync(ctx); err != nil {
		return err
	}
	last, err := c.recover(ctx)
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	c.setLeading(true)
	defer c.setLeading(false)

	var work sync.WaitGroup
	for range c.Workers {
		work.Go(func() { c.workOnTasks(ctx, fence) })
	}
	for range logWorkers {
		work.Go(func() { c.workOnLogs(ctx) })
	}
	work.Go(func() { c.keepRecord(ctx, fence) })
	work.Go(func() { c.runTicks(ctx, fence, last) })
	work.Go(func() { c.runPrunes(ctx, fence) })
	<-ctx.Done()
	c.tasks.ShutDown()
	c.logs.ShutDown()
	work.Wait()
	return nil
}

func (c *Controller) setLeading(leading bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leading = leading
	c.Metrics.SetLeader(leading)
}

// nodeGone gives the node's task of the open execution a turn.
func (c *Controller) nodeGone(node string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != nil {
		c.tasks.Add(execution.Key{Execution: c.open.record.plan.ID, Node: node})
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
// holds up nothing.
func (c *Controller) announce(ctx context.Context, about corev1.ObjectReference, warning bool, reason, message string) {
	if err := c.events.emit(ctx, about, warning, reason, message); err != nil && !errors.Is(err, context.Canceled) {
		c.Log.Warn("event not written", "reason", reason, "error", err)
	}
}
