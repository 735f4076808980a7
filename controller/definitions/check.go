package definitions

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

const (
	// mostChecks is how many Jobs are checked at once: an admission webhook that hangs for
	// one of them does not hold up all others.
	mostChecks = 4
	// recheckAfter is how long a Job that the API server rejects is left alone. The fault may
	// be mended without a change of the NodeCronJob.
	recheckAfter = 5 * time.Minute
)

// check is whether the API server accepts the Job of a spec.
type check struct {
	running bool
	done    bool
	problem string // why it does not; empty: it does, or it is not known
	at      time.Time
}

// due reports whether the Job has to be checked.
func (c check) due(now time.Time) bool {
	return !c.running && (!c.done || (c.problem != "" && now.Sub(c.at) >= recheckAfter))
}

// startChecks checks the Jobs of specs that need it. running counts those that have started.
func (t *term) startChecks(ctx context.Context, running *sync.WaitGroup) {
	if t.Checker == nil {
		return
	}
	for _, s := range t.toCheck() {
		running.Go(func() { t.checkJob(ctx, s) })
	}
}

// toCheck returns the specs to be checked now, and marks them.
func (t *term) toCheck() (due []*spec) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Clock.Now()
	for _, m := range t.sorted() {
		for _, s := range []*spec{m.wanted, m.inEffect} {
			if t.checks < mostChecks && s != nil && s.definition != nil && s.check.due(now) {
				s.check.running = true
				t.checks++
				due = append(due, s)
			}
		}
	}
	return due
}

// checkJob checks the Job of a spec. If the API server cannot say whether it is valid, what it
// said before holds; if it never said anything, the spec counts as valid, as at a start of the
// process: each Job is created until it is accepted.
func (t *term) checkJob(ctx context.Context, s *spec) {
	within, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	err := t.Checker.CheckJob(within, s.definition)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.checks--
	s.check.running = false
	if ctx.Err() != nil {
		return // the next leader checks it; until then, what is known of it holds
	}
	s.check.done, s.check.at = true, t.Clock.Now()
	var invalid *definition.InvalidError
	switch {
	case err == nil:
		s.check.problem = ""
	case errors.As(err, &invalid):
		s.check.problem = invalid.Error()
	default:
		t.Log.Warn("the Job of a NodeCronJob could not be checked", "nodeCronJob", s.definition.Object.Name, "error", err)
	}
	wake(t.Definitions.news)
}
