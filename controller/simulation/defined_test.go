package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// version is what a definition was for a while.
type version struct {
	from  time.Time
	terms terms
	there bool // the NodeCronJob exists
	valid bool
}

// defined is what a definition has been so far.
type defined []version

// now returns the present version.
func (d defined) now() version {
	if len(d) == 0 {
		return version{}
	}
	return d[len(d)-1]
}

// recent returns the versions that were in effect during the last while, for some replica.
func (d defined) recent() (all []version) {
	for i, v := range d {
		if v.there && v.valid && (i == len(d)-1 || time.Since(d[i+1].from) < longestLag || d.nothingSince(i)) {
			all = append(all, v)
		}
	}
	return all
}

// nothingSince reports whether no other version has come into effect since one.
func (d defined) nothingSince(i int) bool {
	return !slices.ContainsFunc(d[i+1:], func(v version) bool {
		return v.there && v.valid && time.Since(v.from) > longestLag
	})
}

// longestLag is how long a replica may go by what the API server had before.
const longestLag = 3 * time.Minute

// absentSince reports whether there was no such NodeCronJob at some time since a time.
func (d defined) absentSince(t time.Time) bool {
	if len(d) == 0 || d[0].from.After(t) {
		return true
	}
	for i, v := range d {
		if !v.there && (i == len(d)-1 || d[i+1].from.After(t)) {
			return true
		}
	}
	return false
}

// defineAll begins with the definitions that there are from the beginning.
func (w *world) defineAll() {
	for _, n := range w.scenario.nodeCronJobs {
		for _, c := range n.changes {
			if c.at == 0 {
				w.changeDefinition(n, c)
				continue
			}
			w.at(w.start.Add(c.at), func() { w.changeDefinition(n, c) })
		}
	}
}

// changeDefinition does to a NodeCronJob what a person does.
func (w *world) changeDefinition(n nodeCronJob, c definitionChange) {
	v := w.defined[n.name].now()
	if c.what == defineIt && w.api.get(nodeCronJobs, n.name) != nil { // its deletion has not ended
		w.after(time.Second, func() { w.changeDefinition(n, c) })
		return
	}
	w.note("person", c.what, "nodecronjobs/"+n.name, c.terms.cron)
	w.oracle.stats.Defined++
	respecify := func(t terms) {
		alter(w, nodeCronJobs, n.name, func(o *v1alpha1.NodeCronJob) { o.Spec = config.ToResource(t.definition()) })
	}
	v.from = time.Now()
	switch c.what {
	case defineIt:
		v.terms, v.there, v.valid = c.terms, true, true
		w.must(w.create(nodeCronJobs, newNodeCronJob(n, c.terms)))
	case respecifyIt:
		v.terms, v.valid = c.terms, true
		respecify(c.terms)
	case breakIt:
		v.valid = false
		alter(w, nodeCronJobs, n.name, func(o *v1alpha1.NodeCronJob) { o.Spec.CronExpression = "61 * * * *" })
	case mendIt:
		v.valid = true
		respecify(v.terms)
	case undefineIt:
		v.there = false
		w.delete(nodeCronJobs, n.name, &c.policy)
	}
	w.defined[n.name] = append(w.defined[n.name], v)
}

func newNodeCronJob(n nodeCronJob, t terms) *v1alpha1.NodeCronJob {
	o := &v1alpha1.NodeCronJob{
		ObjectMeta: metav1.ObjectMeta{Name: n.name, Namespace: namespace},
		Spec:       config.ToResource(t.definition()),
	}
	if !n.unowned {
		o.Labels = map[string]string{jobspec.OwnerLabel: name}
	}
	return o
}

// tick is a tick that needs an execution, unless it is excused.
type tick struct {
	of       string
	at       time.Time
	deadline time.Duration
}

// demanded returns the ticks of all definitions.
func (w *world) demanded() (all []tick) {
	for _, name := range w.names() {
		d := w.defined[name]
		for i, v := range d {
			for _, at := range v.terms.ticks {
				if t := (tick{name, w.start.Add(at).Round(0).UTC(), v.terms.startingDeadline}); w.isDue(d, i, t) {
					all = append(all, t)
				}
			}
		}
	}
	return all
}

// isNearTick reports whether a tick comes while the world is found settled, though none may
// demand its execution.
func (w *world) isNearTick() bool {
	const near = 2 * time.Second
	for _, d := range w.defined {
		for _, v := range d {
			if slices.ContainsFunc(v.terms.ticks, func(at time.Duration) bool { return at >= w.since()-near && at <= w.since()+near }) {
				return true
			}
		}
	}
	return false
}

// names returns the names of the definitions that there have been.
func (w *world) names() []string {
	names := []string{name}
	for _, n := range w.scenario.nodeCronJobs {
		names = append(names, n.name)
	}
	return names
}

// isDue reports whether a tick was due by a version that surely applied then, and whether
// the schedule stayed as it was until its deadline.
func (w *world) isDue(d defined, i int, t tick) bool {
	v, last := d[i], t.at.Add(t.deadline)
	from := v.from
	if i > 0 && d[i-1].there {
		// The ticks of a changed schedule count from when a leader learns of it.
		from = from.Add(10 * time.Second)
		if calm := w.start.Add(w.scenario.calmFrom + time.Minute); from.Before(calm) {
			from = calm
		}
	}
	if !v.there || !v.valid || t.at.Before(from) {
		return false
	}
	for _, next := range d[i+1:] {
		if next.from.Before(t.at) || (next.from.Before(last) && (!next.there || !next.valid || next.terms.cron != v.terms.cron)) {
			return false
		}
	}
	return true
}

// isCollected reports whether an Execution goes with its NodeCronJob, which is gone.
func (w *world) isCollected(e *v1alpha1.Execution) bool {
	ref := metav1.GetControllerOf(e)
	if ref == nil {
		return false
	}
	owner := w.api.get(nodeCronJobs, ref.Name)
	return owner == nil || owner.GetUID() != ref.UID
}

// isLeft reports whether an Execution was created before the NodeCronJob that has its definition's
// name now. If it was orphaned when the one before was deleted, it may still open.
func (w *world) isLeft(e *v1alpha1.Execution) bool {
	now := w.api.get(nodeCronJobs, e.Spec.NodeCronJobName)
	return now == nil || e.CreationTimestamp.Time.Before(now.GetCreationTimestamp().Time)
}

// checkDefinition checks that an execution is of its definition as it is, or was a short time
// ago.
func (o *oracle) checkDefinition(id execution.ID, e *v1alpha1.Execution, p execution.Plan) {
	w := o.world
	if p.NodeCronJob != e.Spec.NodeCronJobName {
		w.fail("execution %s, of %s, has the plan of %s", id, e.Spec.NodeCronJobName, p.NodeCronJob)
	}
	if p.NodeCronJob != name {
		o.stats.OfNodeCronJobs++
	}
	versions := w.defined[p.NodeCronJob].recent()
	if !slices.ContainsFunc(versions, func(v version) bool { return v.terms.are(p.Settings) }) {
		w.fail("execution %s, of %s, has settings that the definition did not have in the last minutes", id, p.NodeCronJob)
	}
	o.checkNotBefore(id, e, p)
	isTick := func(v version) bool {
		return slices.ContainsFunc(v.terms.ticks, func(at time.Duration) bool {
			since := p.Scheduled.Sub(w.start) - at
			return since >= 0 && since%time.Hour == 0
		})
	}
	if p.Trigger == execution.Cron && !byPerson(e) && !slices.ContainsFunc(w.defined[p.NodeCronJob], isTick) {
		w.fail("I7: execution %s is of %s, which is no tick of %s", id, p.Scheduled.Format(time.TimeOnly), p.NodeCronJob)
	}
}

// checkNotBefore checks that the tick of an execution is not from before its NodeCronJob.
func (o *oracle) checkNotBefore(id execution.ID, e *v1alpha1.Execution, p execution.Plan) {
	owner := o.world.api.get(nodeCronJobs, p.NodeCronJob)
	if owner == nil || !metav1.IsControlledBy(e, owner) || p.Trigger != execution.Cron || byPerson(e) || o.world.isLeft(e) {
		return
	}
	if created := owner.GetCreationTimestamp(); p.Scheduled.Before(created.Time) {
		o.world.fail("I7: execution %s is of a tick of %s, before its NodeCronJob was created", id, p.Scheduled.Format(time.TimeOnly))
	}
}

func (t terms) are(s execution.Settings) bool {
	return s.PodPoolSize == t.pool && s.StartDeadline == t.startDeadline && s.JobTimeout == t.jobTimeout &&
		s.TokensPerSecret == t.tokensPerSecret && strings.TrimSpace(s.PodTemplate) == strings.TrimSpace(t.template())
}

// checkNotFound checks that there was no such NodeCronJob when an Execution was rejected for
// that.
func (o *oracle) checkNotFound(e *v1alpha1.Execution) {
	o.stats.NotFound++
	since := time.Now().Add(-longestLag)
	if at := e.CreationTimestamp.Time; at.After(since) {
		since = at
	}
	if d := o.world.defined[e.Spec.NodeCronJobName]; !d.absentSince(since) {
		o.world.fail("I7: the Execution %s was rejected because there is no NodeCronJob %s, and there is", e.Name, e.Spec.NodeCronJobName)
	}
}

// left describes what is left of a NodeCronJob that was deleted; empty: nothing is.
func (w *world) left() string {
	state, ok := w.api.get(configMaps, stateName).(*corev1.ConfigMap)
	if !ok {
		return ""
	}
	for line := range strings.Lines(state.Data["ticks"]) {
		if of, _, _ := strings.Cut(line, " "); !w.defined[of].now().there && !w.oracle.keeps(of) {
			return fmt.Sprintf("the state still has the ticks of %s", of)
		}
	}
	return ""
}

// keeps reports whether an execution keeps the state of a definition.
func (o *oracle) keeps(definition string) bool {
	for _, r := range o.records {
		if r.plan.NodeCronJob == definition && !r.gone && (r.damaged || r.phase != execution.Closed) {
			return true
		}
	}
	return false
}

// checkReportsStay checks that the newest report of a NodeCronJob that was deleted is still
// there: nothing prunes it.
func (o *oracle) checkReportsStay() {
	for _, of := range o.world.names() {
		var newest *recordState
		for _, r := range o.records {
			if r.plan.NodeCronJob == of && !r.plan.Partial && (newest == nil || r.plan.ID > newest.plan.ID) {
				newest = r
			}
		}
		if newest == nil || !newest.collected || o.world.defined[of].now().there {
			continue
		}
		o.stats.Stayed++
		for series, result := range o.results {
			if series.Execution == newest.plan.ID && result.last != 0 {
				o.checkStored(series, result)
			}
		}
		if newest.phase == execution.Closed {
			o.checkReport(newest.plan.ID, newest)
		}
	}
}
