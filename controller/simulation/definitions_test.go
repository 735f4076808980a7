package simulation

import (
	"fmt"
	"math/rand/v2"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// terms are what a definition says: that of the ConfigMap, or the spec of a NodeCronJob.
type terms struct {
	cron                      string
	ticks                     []time.Duration // since the beginning
	startingDeadline          time.Duration
	onStartup                 bool
	pool                      int
	startDeadline, jobTimeout time.Duration
	reportHistory, jobHistory int
	tokensPerSecret           int
	prefix                    string
	grace                     time.Duration
	sidecar                   bool
}

// own returns the terms of the definition of the ConfigMap.
func (s *scenario) own() terms {
	return terms{
		cron: s.cron, ticks: s.ticks, startingDeadline: s.startingDeadline, onStartup: s.onStartup, pool: s.pool,
		startDeadline: s.startDeadline, jobTimeout: s.jobTimeout, reportHistory: s.reportHistory, jobHistory: s.jobHistory,
		tokensPerSecret: s.tokensPerSecret, prefix: metricPrefix, grace: s.grace, sidecar: s.sidecar,
	}
}

// nodeCronJob is a definition besides that of the ConfigMap, and what people do to it.
type nodeCronJob struct {
	name    string
	unowned bool // the controller has to take it
	changes []definitionChange
}

// definitionChange is what becomes of a NodeCronJob at a time.
type definitionChange struct {
	at     time.Duration // 0: before the first process starts
	what   string
	terms  terms                      // for defineIt and respecifyIt
	policy metav1.DeletionPropagation // for undefineIt
}

const (
	defineIt    = "define"
	respecifyIt = "respecify"
	breakIt     = "break" // its spec becomes invalid
	mendIt      = "mend"
	undefineIt  = "undefine"
)

// unknownDefinition is a name that no NodeCronJob has.
const unknownDefinition = "undefined"

// drawDefinitions draws from a source of its own too, after all others.
func (s *scenario) drawDefinitions(r *rand.Rand) {
	if chance(r, 0.4) {
		return
	}
	for _, name := range []string{"disk", "net"}[:1+r.IntN(2)] {
		n := nodeCronJob{name: name, unowned: chance(r, 0.2)}
		first := definitionChange{what: defineIt, terms: s.drawTerms(r, name)}
		if chance(r, 0.3) {
			first.at = seconds(r, 1, int(s.lastTick()/time.Second)+60)
			first.terms.onStartup = false
		}
		n.changes = append(n.changes, first)
		if s.calmFrom > 0 {
			s.drawChanges(r, &n)
		}
		s.nodeCronJobs = append(s.nodeCronJobs, n)
	}
	s.drawPersonsOf(r)
}

func (s *scenario) lastTick() time.Duration { return s.ticks[len(s.ticks)-1] }

// drawTerms draws a spec. Its ticks are often those of the ConfigMap's definition, and
// sometimes there is one after all faults.
func (s *scenario) drawTerms(r *rand.Rand, name string) terms {
	whole := func(low, high int) time.Duration { return seconds(r, low, high).Truncate(time.Second) }
	t := terms{
		cron: s.cron, ticks: s.ticks, startingDeadline: whole(50, 110), onStartup: chance(r, 0.1), pool: 1 + r.IntN(3),
		startDeadline: whole(25, 60), jobTimeout: whole(15, 50), reportHistory: 1 + r.IntN(3), jobHistory: r.IntN(3),
		tokensPerSecret: 1 + r.IntN(3), prefix: name, grace: s.grace, sidecar: chance(r, 0.2),
	}
	if chance(r, 0.3) {
		t.grace = time.Duration(pick(r, 0, 5, 30, 90)) * time.Second
	}
	minutes := []int{1 + r.IntN(4)}
	switch {
	case chance(r, 0.4):
		return t
	case chance(r, 0.5):
		minutes = []int{int(s.ticks[0] / time.Minute)}
	}
	if chance(r, 0.6) { // after all faults
		minutes = append(minutes, max(minutes[0], int(s.calmFrom/time.Minute))+2+r.IntN(3))
	}
	t.cron, t.ticks = cronOf(minutes)
	return t
}

func cronOf(minutes []int) (cron string, ticks []time.Duration) {
	for _, m := range minutes {
		if cron != "" {
			cron += ","
		}
		cron += fmt.Sprint(m)
		ticks = append(ticks, time.Duration(m)*time.Minute)
	}
	return cron + " * * * *", ticks
}

// drawChanges draws what people do to a NodeCronJob.
func (s *scenario) drawChanges(r *rand.Rand, n *nodeCronJob) {
	at := n.changes[0].at
	add := func(after time.Duration, c definitionChange) {
		at += after
		c.at = at
		n.changes = append(n.changes, c)
	}
	// until returns how long it is to a moment when it matters.
	until := func() time.Duration { return max(s.drawMoment(r).at-at, time.Second) }
	if chance(r, 0.25) {
		broken := until()
		if chance(r, 0.4) {
			broken = time.Millisecond // almost from the beginning
		}
		add(broken, definitionChange{what: breakIt})
		add(seconds(r, 1, 60), definitionChange{what: mendIt})
	}
	for range r.IntN(3) {
		next := s.drawTerms(r, n.name)
		if chance(r, 0.5) {
			next.cron, next.ticks = n.changes[0].terms.cron, n.changes[0].terms.ticks
		}
		next.onStartup = false
		if d := until(); at+d < s.calmFrom {
			add(d, definitionChange{what: respecifyIt, terms: next})
		}
	}
	if d := until(); chance(r, 0.3) && at+d < s.calmFrom {
		policy := metav1.DeletePropagationBackground
		if chance(r, 0.4) {
			policy = metav1.DeletePropagationOrphan
		}
		add(d, definitionChange{what: undefineIt, policy: policy})
		if chance(r, 0.6) {
			again := s.drawTerms(r, n.name)
			again.onStartup = false
			add(seconds(r, 0, 60), definitionChange{what: defineIt, terms: again})
		}
	}
}

// drawPersonsOf draws what people create of these definitions, and of one that there is not.
func (s *scenario) drawPersonsOf(r *rand.Rand) {
	for range r.IntN(4) {
		n := s.nodeCronJobs[r.IntN(len(s.nodeCronJobs))]
		ticks := n.changes[0].terms.ticks
		e := personEvent{
			of: n.name, at: seconds(r, 1, int(s.lastTick()/time.Second)+60), tick: ticks[r.IntN(len(ticks))],
			what: []string{ownName, ownName, ownName, tickName, ofTick, ofNoTick, ofOldTick, isCanceled, onSomeNodes}[r.IntN(9)],
		}
		if chance(r, 0.15) {
			e.of, e.what = unknownDefinition, ownName
		}
		s.persons = append(s.persons, e)
	}
}

// lastChange returns when the last NodeCronJob has changed.
func (s *scenario) lastChange() (last time.Duration) {
	for _, c := range s.meddlings {
		last = max(last, c.at)
	}
	for _, n := range s.nodeCronJobs {
		last = max(last, n.changes[len(n.changes)-1].at)
	}
	return last
}

// definition returns the terms as the controller reads them.
func (t terms) definition() config.Definition {
	return config.Definition{
		CronExpression:   t.cron,
		TimeZone:         "UTC",
		ReportHistory:    t.reportHistory,
		JobHistory:       t.jobHistory,
		PodPoolSize:      t.pool,
		StartDeadline:    t.startDeadline,
		JobTimeout:       t.jobTimeout,
		StartingDeadline: t.startingDeadline,
		RunOnStartup:     t.onStartup,
		StartupDelay:     time.Second,
		Metrics:          config.Metrics{Prefix: t.prefix, Gauges: map[string]config.Gauge{gaugeName: {Help: gaugeHelp, Labels: []string{gaugeLabel}}}},
		PodTemplate:      t.template(),
		TokensPerSecret:  t.tokensPerSecret,
	}
}

func (t terms) template() string {
	more := ""
	if t.sidecar {
		more = sidecarTemplate
	}
	return fmt.Sprintf(podTemplate, int(t.grace.Seconds()), more)
}

// longest bounds the duration of an execution without faults.
func (t terms) longest(nodes, pool int) time.Duration {
	const lag = 30 * time.Second
	waves := time.Duration((nodes + pool - 1) / pool)
	return waves * (t.startDeadline + t.jobTimeout + 2*(t.grace+margin) + lag)
}
