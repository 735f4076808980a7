package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller"
	"github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
)

// replica is the real controller in a process.
type replica struct {
	manager *controller.Manager
	results *metrics.Exports
}

const podTemplate = `apiVersion: v1
kind: Pod
spec:
  terminationGracePeriodSeconds: %d%s
  containers:
  - name: main
    image: check:1
`

const (
	metricPrefix = "foo"
	gaugeName    = "value"
	gaugeHelp    = "A value."
	gaugeLabel   = "part"

	hold  = 30 * time.Second // how long a callback waits for a leader
	drain = 5 * time.Second
)

const sidecarTemplate = `
  initContainers:
  - name: ship
    image: ship:1
    restartPolicy: Always`

func (s *scenario) config() config.Config {
	definition := s.own().definition()
	definition.ConcurrencyPolicy = plan.Policy(s.policy)
	stored := &v1alpha1.NodeCronJob{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: config.ToResource(definition)}
	if err := fake.PrepareCreate(stored); err != nil {
		panic(err)
	}
	definition, _, _ = config.FromResource(stored, time.Now()) // with all defaults, as one that was decoded
	return config.Config{
		Controller: config.Controller{
			Name:                name,
			CallbackServiceName: name,
			CallbackServicePort: 8090,
			Callback:            config.Callback{Auth: execution.TokenAuth},
		},
		Definition:    definition,
		HasDefinition: true,
		Hash:          "cafe",
	}
}

// config returns the configuration by which the process goes. The caller holds the lock.
func (p *process) config() config.Config {
	cfg := p.world.scenario.config()
	cfg.MaxPods = p.maxPods()
	return cfg
}

// run does what main does. It returns when the process has to end.
func (p *process) run(ctx context.Context) error {
	w := p.world
	store, err := report.Open(processDisk{w.disk, p}, report.Options{})
	if err != nil {
		return fmt.Errorf("report directory: %w", err)
	}
	results := metrics.NewExports(0)
	w.mu.Lock()
	cfg := p.config()
	w.mu.Unlock()
	view := &view{world: w, process: p}
	keyring, err := p.openKeyring(ctx, view)
	if err != nil {
		return fmt.Errorf("callback key: %w", err)
	}
	o := controller.Options{
		Config:    cfg,
		Namespace: namespace,
		Instance:  p.name,
		Identity:  p.identity(),
		Client:    view,
		Keyring:   keyring,
		Store:     store,
		Results:   results,
		Metrics:   metrics.New(prometheus.NewRegistry()),
		Clock:     jitteredClock{},
		Log:       w.log.With("process", p.name),
		ResultOptions: func(cfg config.Config) metrics.ResultOptions {
			return metrics.ResultOptions{Prefix: cfg.Metrics.Prefix, Gauges: cfg.Metrics.Declared()}
		},
		Workers: w.scenario.nodes + 2, // enough: otherwise it would be random which task waits for a worker
	}
	if !w.scenario.callbackService {
		o.PodIP = "10.0.0.1"
	}
	c, err := controller.New(o)
	if err != nil {
		return err
	}
	w.mu.Lock()
	p.replica = &replica{manager: c, results: results}
	w.follow(p) // the ConfigMap may have changed meanwhile
	w.mu.Unlock()
	c.Watch(p.ctx)
	leader := lease.Options{
		Namespace: namespace, Name: leaseName, Identity: p.identity(), Observe: c.ObserveHolder, Log: o.Log,
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod,
	}
	if err := lease.Lead(ctx, view, leader, c.Run); err != nil {
		return err
	}
	draining, stop := context.WithTimeout(p.ctx, drain)
	defer stop()
	lease.Follow(draining, view, leader)
	return nil
}

// identity carries the address, which is the process's name.
func (p *process) identity() string { return p.name + "@" + p.name }

// callback does what the callback server does: it accepts a request, forwards it to the
// leader, or waits for a leader.
func (p *process) callback(ctx context.Context, m message, forwarded bool, luck luck) error {
	const pause = 250 * time.Millisecond
	c := p.replica.manager
	if err := c.CallbackAuth().Authenticate(ctx, m.key, m.token); err != nil {
		return err
	}
	patience := time.Now().Add(hold)
	for ; time.Now().Before(patience); luck = luck.next() {
		// Requests that wait for the same leader resume one after the other.
		if err := p.rest(luck.between(time.Microsecond, time.Millisecond)); err != nil {
			return err
		}
		here, elsewhere, moved := c.Callbacks()
		switch {
		case here:
			if err := c.CallbackAuth().Authenticate(ctx, m.key, m.token); err != nil {
				return err
			}
			if _, err := c.Recorder().Result(ctx, m.key, m.body()); !errors.Is(err, execution.ErrNotLeader) {
				return err
			}
		case elsewhere == "":
			if err := p.sleepUnless(ctx, time.Until(patience), moved); err != nil {
				return err
			}
			continue
		case forwarded:
			return execution.ErrNotLeader
		default:
			err := p.forward(ctx, elsewhere, m, luck, moved)
			if !errors.Is(err, execution.ErrNotLeader) && !errors.Is(err, errReset) {
				return err
			}
		}
		if err := p.sleepUnless(ctx, pause+luck.between(0, time.Millisecond), moved); err != nil {
			return err
		}
	}
	return execution.ErrUnavailable
}

// forward forwards a request to the leader, and gives up when another replica leads.
func (p *process) forward(ctx context.Context, address string, m message, luck luck, moved <-chan struct{}) error {
	p.world.mu.Lock()
	i := slices.IndexFunc(p.world.slots, func(other *process) bool { return other != nil && other.name == address && other.replica != nil })
	var other *process
	if i >= 0 {
		other = p.world.slots[i]
	}
	p.world.mu.Unlock()
	if other == nil {
		return errReset
	}
	answer := make(chan error, 1)
	p.world.work.Go(func() { answer <- other.receive(m, true, luck) })
	select {
	case err := <-answer:
		return err
	case <-moved:
	case <-ctx.Done():
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.world.oracle.inDoubt(m)
	return errReset
}

// sleepUnless sleeps, but not longer than until the channel is closed.
func (p *process) sleepUnless(ctx context.Context, d time.Duration, closed <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-closed:
		return nil
	case <-ctx.Done():
		return errKilled
	}
}
