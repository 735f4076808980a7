package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/definitions"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/follow"
	"github.com/batch-job-controller/batch-job-controller/controller/history"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/mirror"
	"github.com/batch-job-controller/batch-job-controller/controller/podlogs"
	"github.com/batch-job-controller/batch-job-controller/controller/queue"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
	"github.com/batch-job-controller/batch-job-controller/controller/run"
	"github.com/batch-job-controller/batch-job-controller/controller/shares"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// Options are the options of a Manager.
type Options struct {
	Config    config.Config // that the process begins with
	Namespace string
	// PodIP is the callback host of the job pods; empty: the callback Service.
	PodIP    string
	Instance string // this replica's name in events
	Identity string // this replica's name in the Lease
	// Extensions returns the extensions of a configuration; nil: there are none.
	Extensions definition.Extensions
	Client     kube.Client
	Keyring    *auth.Keyring          // nil unless callbacks need tokens
	TokenFile  string                 // has the replica's own service account token, which names the cluster's issuer; empty: there is none
	TLS        definition.CallbackTLS // nil: callbacks come by plain HTTP
	Store      Store
	Results    *metrics.Exports
	Metrics    *metrics.Metrics
	Clock      clock.WithTicker
	Jitter     backoff.Jitter // of the pauses between tries; nil: there is none
	Log        *slog.Logger
	Workers    int // how many node tasks have a turn at the same time; 0: run.DefaultWorkers

	// ConfigMap has the configuration, and Validate validates a changed one. Without
	// Validate the configuration never changes.
	ConfigMap string
	Validate  follow.Validate
	// ResultOptions returns what the results of a definition are exported with.
	ResultOptions func(config.Config) metrics.ResultOptions
	Checker       definitions.Checker // of the Jobs of NodeCronJobs; nil: they are not checked
}

// Store stores what executions leave behind. When a method returns nil, what it wrote is
// durable.
type Store interface {
	intake.Store
	podlogs.Store
	queue.Directory
	history.Directory
}

// Manager runs the executions of the definitions of one process. Every replica has one; it
// only watches until this replica leads and calls Run.
type Manager struct {
	Options
	config       atomic.Pointer[config.Config] // that applies now
	follower     *follow.Follower              // nil: the configuration never changes
	mirror       *mirror.Mirror                // writes the definition in the ConfigMap into a NodeCronJob
	definitions  *definitions.Definitions      // of NodeCronJobs
	queues       *registry
	news         chan struct{} // wakes runQueues
	steady       timing.Steady
	caches       *kube.Caches
	executions   *kube.Executions
	nodeCronJobs *kube.NodeCronJobs
	records      record.Store
	state        *state.Keeper
	shares       *shares.Keeper
	maxPods      atomic.Int64 // of the configuration that applies
	announcer    *kube.Announcer
	credentials  *auth.Credentials
	redactor     *route.Redactor
	callbacks    *auth.Callbacks
	results      *intake.Results
	recorder     *intake.Recorder
	logs         *podlogs.Saver

	newest execution.ID // that the report directory had when the term began; it changes while no queue runs

	exporting sync.Mutex      // guards what follows
	inEffect  map[string]bool // the NodeCronJobs of which a spec is, so that their results are exported

	mu     sync.Mutex // guards what follows
	role   role
	fence  lease.Fence   // of the term
	holder string        // the identity of another replica that holds the Lease; empty: this replica knows of none
	moved  chan struct{} // closed when role or holder changes
}

// New returns a Manager.
func New(o Options) (*Manager, error) {
	if o.Workers == 0 {
		o.Workers = run.DefaultWorkers
	}
	m := &Manager{
		Options:  o,
		steady:   timing.NewSteady(o.Clock),
		records:  record.NewStore(o.Client.V1alpha1().Executions(o.Namespace), o.Client.CoreV1().ConfigMaps(o.Namespace), o.Config.Name),
		queues:   newRegistry(),
		inEffect: map[string]bool{},
		news:     make(chan struct{}, 1),
		moved:    make(chan struct{}),
	}
	m.config.Store(&o.Config)
	var err error
	if m.caches, err = kube.NewCaches(o.Client, o.Namespace, o.Config.Name, o.Instance, o.Clock, o.Jitter); err != nil {
		return nil, fmt.Errorf("caches: %w", err)
	}
	if m.executions, err = kube.NewExecutions(o.Client, o.Namespace, o.Instance, o.Clock, o.Jitter); err != nil {
		return nil, err
	}
	if m.nodeCronJobs, err = kube.NewNodeCronJobs(o.Client, o.Namespace, o.Instance, o.Clock, o.Jitter); err != nil {
		return nil, err
	}
	m.state = m.newState()
	m.shares = m.newShares()
	m.share(o.Config)
	events := kube.NewEvents(o.Client, o.Clock, o.Config.Name, o.Instance)
	subjects := kube.NewSubjects(o.Client, m.caches, o.Namespace, m.definitionOf)
	m.announcer = kube.NewAnnouncer(events, o.Log)
	m.credentials = auth.NewCredentials(o.Keyring, auth.NewIssuers(o.TokenFile, o.Clock), jobspec.Audience(o.Namespace, o.Config.Name))
	m.redactor = route.NewRedactor(m.credentials)
	m.callbacks = m.newCallbacks(subjects)
	m.results = intake.NewResults(intake.ResultsOptions{
		Store: o.Store, Exports: o.Results, Default: o.Config.Name, Metrics: o.Metrics, Log: o.Log,
	})
	m.recorder = intake.NewRecorder(intake.Options{
		Executions: reported{m}, Replica: m, Identity: o.Identity, Store: o.Store, Results: m.results, Subjects: subjects,
		Events: events, Redactor: m.redactor, Metrics: o.Metrics, Clock: o.Clock, Log: o.Log,
	})
	m.logs = &podlogs.Saver{
		Client: o.Client, Caches: m.caches, Store: o.Store, Redactor: m.redactor, Log: o.Log,
	}
	if m.mirror, err = m.newMirror(); err != nil {
		return nil, err
	}
	if m.definitions, err = m.newDefinitions(); err != nil {
		return nil, err
	}
	if o.Validate != nil {
		m.follower = follow.New(follow.Options{
			Running: m, Client: o.Client, Namespace: o.Namespace, ConfigMap: o.ConfigMap, Instance: o.Instance, Validate: o.Validate,
			Role: m, Announcer: m.announcer, Metrics: o.Metrics, Clock: o.Clock, Jitter: o.Jitter, Log: o.Log,
		})
	}
	if err := errors.Join(m.caches.Notify(m.taskChanged, m.nodeChanged), m.executions.Notify(m.executionChanged)); err != nil {
		return nil, fmt.Errorf("caches: %w", err)
	}
	return m, nil
}

// Config returns the configuration that applies now, unlike Options.Config, with which the
// process began.
func (m *Manager) Config() config.Config { return *m.config.Load() }

// Reconfigure applies another configuration, as a changed ConfigMap does. Keys that need a
// restart must be unchanged.
func (m *Manager) Reconfigure(cfg config.Config) {
	m.config.Store(&cfg)
	m.share(cfg)
	m.mirror.Want(cfg)
	m.definitions.Share(cfg.Controller)
	m.shares.Divide()
}

// Recorder returns what records the callbacks of pods.
func (m *Manager) Recorder() *intake.Recorder { return m.recorder }

// Redactor returns what redacts the credentials of callbacks, and nothing else, in
// results, events and logs. Files are stored unchanged.
func (m *Manager) Redactor() *route.Redactor { return m.redactor }

// CallbackAuth returns what authenticates the callbacks of the controller's pods.
func (m *Manager) CallbackAuth() *auth.Callbacks { return m.callbacks }

// Watch keeps the caches up to date until ctx ends. Every replica watches, so that the
// next leader need not wait for its caches.
func (m *Manager) Watch(ctx context.Context) {
	m.caches.Run(ctx)
	go m.executions.Run(ctx)
	go m.nodeCronJobs.Run(ctx)
	go m.definitions.Run(ctx)
	if m.follower != nil {
		go m.follower.Run(ctx)
	}
}

// Synced reports whether the caches have been filled.
func (m *Manager) Synced() bool {
	return m.caches.Synced() && m.executions.Synced() && m.nodeCronJobs.Synced()
}

// Run does the leader's work until ctx ends, and returns after its last goroutine has
// ended. It may be called again: each time it begins from the cluster and the disk. It
// returns an error if an execution is open that only a later version can end.
func (m *Manager) Run(ctx context.Context, fence lease.Fence) error {
	if err := cmp.Or(m.caches.WaitForSync(ctx), m.executions.WaitForSync(ctx), m.definitions.WaitForSync(ctx)); err != nil {
		return nil //nolint:nilerr // ctx has ended
	}
	m.beginTerm(fence)
	if !m.resumeState(ctx) {
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer stop()
	work.Go(func() { m.mirror.Run(ctx, fence) })
	m.awaitMirror(ctx)
	if done, err := m.recover(ctx); !done {
		return err
	}
	m.setRole(leading)
	defer m.setRole(draining)
	m.recorder.ClaimEarly()

	keepDefinitions := m.definitions.StartTerm(fence)
	work.Go(func() { keepDefinitions(ctx) })
	work.Go(func() { m.runQueues(ctx, fence) })
	work.Go(func() { m.shares.Run(ctx, fence) })
	if m.Keyring != nil {
		keep := auth.KeepOptions{Client: m.Client, Instance: m.Instance, Clock: m.Clock, Jitter: m.Jitter, Log: m.Log}
		work.Go(func() { m.Keyring.Keep(ctx, fence, keep) })
	}
	work.Wait()
	return nil
}

func (m *Manager) beginTerm(fence lease.Fence) {
	m.recorder.BeginTerm()
	for _, q := range m.queues.all() {
		q.BeginTerm()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fence = fence
}

// taskChanged gives a node task a turn.
func (m *Manager) taskChanged(key execution.Key) {
	for _, q := range m.queues.all() {
		q.TaskChanged(key)
	}
}

// nodeChanged gives the node's tasks of the open executions a turn.
func (m *Manager) nodeChanged(node string) {
	for _, q := range m.queues.all() {
		q.NodeChanged(node)
	}
}

// executionChanged has the run of an Execution read it again, or its queue look at it.
func (m *Manager) executionChanged(definition string, object execution.Object) {
	if q := m.queues.named(definition); q != nil {
		q.ExecutionChanged(object)
	} else {
		m.wakeQueues()
	}
}
