package controller

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/callbackhost"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/definitions"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/history"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/queue"
	"github.com/batch-job-controller/batch-job-controller/controller/run"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
	"github.com/batch-job-controller/batch-job-controller/controller/tokens"
)

// newState returns the writer of the state.
func (m *Manager) newState() *state.Keeper {
	return state.NewKeeper(state.Options{
		Store: state.NewConfigMapStore(m.Client.CoreV1().ConfigMaps(m.Namespace), m.Options.Config.Name),
		Clock: m.Clock, Jitter: m.Jitter, Log: m.Log,
		Rebuild: func(ctx context.Context, fence lease.Fence, known plan.State, s *plan.State) error {
			return queue.Rebuild(ctx, fence, m.records, m.ticksOf, known, s)
		},
	})
}

// ticksOf returns whose ticks the state is about.
func (m *Manager) ticksOf() (all []plan.TicksOf) {
	for _, q := range m.queues.all() {
		all = append(all, q.Definition().TicksOf())
	}
	return all
}

// resumeState reads the state, and retries until that succeeds. It returns false if ctx ends
// first.
func (m *Manager) resumeState(ctx context.Context) bool {
	log := m.Log.With("step", "read the state")
	err := timing.Retrier{Clock: m.Clock, Jitter: m.Jitter}.Do(ctx, log, time.Time{}, func() error { return m.state.Resume(ctx) })
	return err == nil
}

// newDefinitions returns the definitions of NodeCronJobs.
func (m *Manager) newDefinitions() (*definitions.Definitions, error) {
	return definitions.New(definitions.Options{
		Client: m.Client, Cache: m.nodeCronJobs, Namespace: m.Namespace, Controller: m.Options.Config.Name, Shared: m.Options.Config.Controller,
		Extensions: m.Extensions, Applied: m.definitionApplied, Changed: m.definitionChanged, Mirror: m.mirror, Checker: m.Checker, Announcer: m.announcer, Metrics: m.Metrics,
		Clock: m.Clock, Jitter: m.Jitter, Log: m.Log,
	})
}

// newQueue returns the queue of a definition.
func (m *Manager) newQueue(name string, source *definition.Source) *queue.Queue {
	own := m.Metrics.Of(name)
	return queue.New(queue.Options{
		NodeCronJob: nodeCronJob{m, name}, Name: name,
		Opener: definition.OpenerOptions{
			Source: source, Namespace: m.Namespace, State: dividedState{m.state, m.shares}, Shares: m.shares, Records: m.records, Reports: m.Store, Nodes: m.caches, Host: m.newHost(), TLS: m.TLS,
			Announcer: m.announcer, Metrics: own, Clock: m.Clock, Jitter: m.Jitter, Log: m.Log,
		},
		Executions: m.executions, Jobs: m.caches, Start: definition.Start{At: m.steady.Began(), ConfigMap: m.Options.Config.Definition},
		History: history.Options{
			Controller: m.Options.Config.Name, NodeCronJob: name, Namespace: m.Namespace, Client: m.Client, Jobs: m.caches, Records: m.records, Directory: m.Store,
			Results: m.results, Tokens: m.tokenOptions(), Announcer: m.announcer, Metrics: own,
			Limits: func() execution.Retention { return source.Latest().Retention() },
			Clock:  m.Clock, Steady: m.steady, Jitter: m.Jitter, Log: m.Log,
		},
		Deps: m.runDeps, ConfigMap: func() (ofIt, has bool) { return m.followed(name) }, Results: m.results, Directory: m.Store, Metrics: own,
	})
}

// definitionOf returns the name of an execution's definition, or nothing if this controller
// does not know it.
func (m *Manager) definitionOf(id execution.ID) string {
	for _, q := range m.queues.all() {
		if q.Has(id) {
			return q.Name
		}
	}
	return ""
}

func (m *Manager) runDeps(p execution.Plan) run.Deps {
	name := cmp.Or(p.NodeCronJob, m.Options.Config.Name)
	own, logs := m.Metrics.Of(name), *m.logs
	logs.Metrics = own
	return run.Deps{
		Controller: m.Options.Config.Name, Namespace: m.Namespace, Client: m.Client, Caches: m.caches, Executions: m.executions, Records: m.records,
		Shares: m.shares, Priority: func() int { return m.priorityOf(name) },
		Tokens: tokens.NewCreator(m.tokenOptions(), p), Host: m.newHost(), Results: m.results, Reports: m.Store, Logs: &logs,
		Announcer: m.announcer, Metrics: own, Clock: m.Clock, Steady: m.steady, Jitter: m.Jitter, Log: m.Log, Workers: m.Workers,
	}
}

// priorityOf returns who gets slots of maxPods first.
func (m *Manager) priorityOf(name string) int {
	if q := m.queues.named(name); q != nil {
		return q.Definition().Priority
	}
	return 0
}

func (m *Manager) tokenOptions() tokens.Options {
	return tokens.Options{Controller: m.Options.Config.Name, Namespace: m.Namespace, Client: m.Client, Keyring: m.Keyring, Log: m.Log}
}

// newHost returns a finder of the callback host, with an empty cache.
func (m *Manager) newHost() *callbackhost.Host {
	o := callbackhost.Options{
		Client: m.Client, Namespace: m.Namespace, Service: m.Options.Config.CallbackServiceName, Fixed: m.PodIP, Clock: m.Clock, Log: m.Log,
	}
	if m.TLS != nil {
		o.Covers = m.TLS.Covers
	}
	return callbackhost.New(o)
}

// newCallbacks returns the authentication of callbacks from the controller's pods.
func (m *Manager) newCallbacks(subjects *kube.Subjects) *auth.Callbacks {
	name := m.Options.Config.Name
	return auth.NewCallbacks(auth.CallbackOptions{
		Controller:  name,
		Namespace:   m.Namespace,
		Auth:        m.Options.Config.Callback.Auth,
		Credentials: m.credentials,
		Reviewer: sync.OnceValue(func() *auth.TokenReviewer {
			return auth.NewTokenReviewer(m.Client.AuthenticationV1().TokenReviews(), m.Clock)
		}),
		Open:  m.openExecution,
		Cache: m.caches,
		Pods:  m.Client.CoreV1().Pods(m.Namespace),
		Jobs:  m.Client.BatchV1().Jobs(m.Namespace),
		Notifier: auth.Notices{
			Controller: name, Namespace: m.Namespace, State: state.Reference(m.Namespace, name),
			Service:  func() string { return m.Config().CallbackServiceName },
			Subjects: subjects, Announcer: m.announcer, Cache: m.caches, Log: m.Log,
		},
		Clock: m.Clock,
	})
}
