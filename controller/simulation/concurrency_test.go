package simulation

import (
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// suspension is the time in which the definition is suspended. to: 0: until the end.
type suspension struct{ from, to time.Duration }

// drawConcurrency draws from a source of its own too. Half of the worlds have the policy
// Forbid.
func (s *scenario) drawConcurrency(r *rand.Rand) {
	s.policy = []v1alpha1.ConcurrencyPolicy{"", v1alpha1.ForbidConcurrent, v1alpha1.QueueConcurrent, v1alpha1.ReplaceConcurrent}[r.IntN(4)]
	if !chance(r, 0.15) {
		return
	}
	from := s.ticks[r.IntN(len(s.ticks))] + seconds(r, -60, 30)
	s.suspensions = append(s.suspensions, suspension{from: max(from, time.Second), to: max(from, time.Second) + seconds(r, 1, 120)})
	if chance(r, 0.2) {
		s.suspensions[0].to = 0
	}
}

// policyOf returns the policy of an Execution's definition. That of the ConfigMap has one.
func (w *world) policyOf(e *v1alpha1.Execution) v1alpha1.ConcurrencyPolicy {
	if e.Spec.NodeCronJobName == name {
		return w.scenario.policy
	}
	return v1alpha1.ForbidConcurrent
}

// suspend has a person suspend the NodeCronJob of the ConfigMap's definition, or resume it, as
// soon as there is one.
func (w *world) suspend(suspended bool) {
	w.note("person", "set suspend", strconv.FormatBool(suspended), "")
	w.toSuspend = suspended
	w.setSuspend()
}

func (w *world) setSuspend() {
	if n := w.mirrored(); n == nil || n.DeletionTimestamp != nil {
		w.after(time.Second, w.setSuspend)
		return
	}
	alter(w, nodeCronJobs, name, func(n *v1alpha1.NodeCronJob) { n.Spec.Suspend = w.toSuspend })
	w.suspends = append(w.suspends, suspendOf{w.toSuspend, time.Now()})
}

// suspendOf is whether a definition is suspended, since a time.
type suspendOf struct {
	suspended bool
	from      time.Time
}

// hasSeen notes what the cache of a process shows of the NodeCronJob of the ConfigMap's
// definition; nil: there is none. Of one that was never as the ConfigMap has it, or has no
// owner, a process knows nothing.
func (p *process) hasSeen(n *v1alpha1.NodeCronJob) {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	switch {
	case n == nil:
	case n.Labels[jobspec.OwnerLabel] != name:
		return
	case n.Spec.CronExpression == p.world.scenario.cron+p.spaces && n.Spec.PodPoolSize == int32(p.world.scenario.pool):
		p.knows = n.UID
	case n.UID != p.knows:
		return
	}
	suspended := n != nil && n.Spec.Suspend
	if last := len(p.suspends) - 1; last < 0 || p.suspends[last].suspended != suspended {
		p.suspends = append(p.suspends, suspendOf{suspended, time.Now()})
	}
}

// wasSuspended reports whether the definition was suspended at a time, as the process knew then.
func (p *process) wasSuspended(at time.Time) (suspended bool) {
	for _, s := range p.suspends {
		if s.from.Before(at) {
			suspended = s.suspended
		}
	}
	return suspended
}

// executionCreated checks that no process creates the Execution of a tick that came while the
// definition was suspended, so far as its cache has shown.
func (o *oracle) executionCreated(e *v1alpha1.Execution) {
	o.created = append(o.created, e)
	by := o.world.acting
	if by == nil || e.Spec.ScheduledTime == nil || e.Spec.NodeCronJobName != name {
		return
	}
	if at := e.Spec.ScheduledTime.Time; by.wasSuspended(at) {
		o.world.fail("I12: %s was created by %s, although the definition was suspended then", e.Name, by.name)
	}
}

// specWritten checks that a process stops an execution only if a later one replaces it.
func (o *oracle) specWritten(before, now *v1alpha1.Execution) {
	if before.Spec.Cancel == now.Spec.Cancel {
		return
	}
	o.stats.Replaced++
	w := o.world
	policy := w.policyOf(now)
	if policy != v1alpha1.ReplaceConcurrent || now.Spec.Cancel != v1alpha1.CancelStop || now.Status.Phase != v1alpha1.Open {
		w.fail("I12: %s was canceled by %s, with concurrencyPolicy %q", now.Name, w.acting.name, policy)
		return
	}
	for _, other := range w.api.tables[executions].objects {
		if e := other.(*v1alpha1.Execution); e.Spec.NodeCronJobName == now.Spec.NodeCronJobName && record.IsWaiting(e) && e.Spec.Cancel == "" && !e.CreationTimestamp.Before(&before.CreationTimestamp) {
			return
		}
	}
	w.fail("I12: %s was canceled by %s, and no other one replaces it", now.Name, w.acting.name)
}

// checkLine checks that an Execution is rejected because of others only as the policy says.
func (o *oracle) checkLine(e *v1alpha1.Execution, reason string) {
	w := o.world
	policy := w.policyOf(e)
	at := e.Spec.ScheduledTime
	switch {
	case reason == v1alpha1.ReasonConcurrencyForbidden && (policy == v1alpha1.QueueConcurrent || policy == v1alpha1.ReplaceConcurrent),
		reason == v1alpha1.ReasonReplaced && policy != v1alpha1.ReplaceConcurrent:
		w.fail("I12: the Execution %s was rejected as %s, with concurrencyPolicy %q", e.Name, reason, policy)
	case reason == v1alpha1.ReasonReplaced:
		for _, later := range o.created { // it may be gone with its NodeCronJob
			if later.Name != e.Name && later.Spec.NodeCronJobName == e.Spec.NodeCronJobName && !later.CreationTimestamp.Before(&e.CreationTimestamp) {
				return
			}
		}
		w.fail("I12: the Execution %s was rejected as %s, and none was created later", e.Name, reason)
	case reason == v1alpha1.ReasonTickHandled && !byPerson(e) && at != nil && e.Spec.Trigger == v1alpha1.CronTrigger && policy == v1alpha1.QueueConcurrent && len(w.scenario.suspensions) == 0 && !w.isLeft(e) && !w.isCollected(e):
		if _, done := o.ticks[tickKey{name, at.UTC()}]; !done {
			w.fail("I12: the Execution %s of a tick was rejected as %s, and the tick has no execution", e.Name, reason)
		}
	}
}

// heldUpUntil returns when the last execution that was stopped has closed: under Replace,
// startingDeadline counts from then.
func (o *oracle) heldUpUntil() (last time.Time) {
	if o.world.scenario.policy != v1alpha1.ReplaceConcurrent {
		return last
	}
	for _, x := range o.openings {
		if r := o.records[x.id]; r.plan.NodeCronJob == name && r.object.Spec.Cancel == v1alpha1.CancelStop && x.to.After(last) {
			last = x.to
		}
	}
	return last
}

// suspendedAround reports whether the definition was, or may have been suspended as some
// replica knew, while the tick could have got its execution.
func (w *world) suspendedAround(t tick) bool {
	for i, x := range w.suspends {
		if !x.suspended || x.from.After(t.at.Add(t.deadline)) {
			continue
		}
		if i == len(w.suspends)-1 {
			return true
		}
		until := w.suspends[i+1].from.Add(10 * time.Second)
		if calm := w.start.Add(w.scenario.calmFrom + time.Minute); until.Before(calm) {
			until = calm // until then, a cache may lag
		}
		if !until.Before(t.at) {
			return true
		}
	}
	return false
}

// keptOpen reports whether an execution that was open kept that of a tick from opening in time.
func (o *oracle) keptOpen(x opening, t tick, last time.Time) bool {
	if t.of == name && o.world.scenario.policy == v1alpha1.QueueConcurrent {
		const slack = 20 * time.Second
		return x.from.Before(last) && (x.to.IsZero() || x.to.After(last.Add(-slack)))
	}
	return x.from.Before(last) && (x.to.IsZero() || x.to.After(t.at))
}

// queued counts Executions that wait in line.
func (o *oracle) queued(now *v1alpha1.Execution) {
	if execution.ID(now.Status.ExecutionID) == "" && now.Status.Phase == v1alpha1.Queued {
		o.stats.Queued++
	}
}
