package simulation

import (
	"math/rand/v2"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// steering is what a user asks of the open execution at a moment.
type steering struct {
	at     time.Duration
	what   string
	paused bool
	cancel v1alpha1.CancelMode // empty: as it is
}

// drawSteering draws from a source of its own too. What is still paused when the faults end
// is resumed then, or stays so for ever.
func (s *scenario) drawSteering(r *rand.Rand) {
	if !chance(r, 0.5) {
		return
	}
	s.staysPaused = chance(r, 0.2)
	add := func(at time.Duration, what string, paused bool, cancel v1alpha1.CancelMode) {
		if at < s.calmFrom {
			s.steerings = append(s.steerings, steering{at: at, what: what, paused: paused, cancel: cancel})
		}
	}
	for range 1 + r.IntN(4) {
		at := s.ticks[r.IntN(len(s.ticks))] + seconds(r, 0, 40)
		switch r.IntN(6) {
		case 0, 1, 2:
			add(at, "pause", true, "")
			if chance(r, 0.7) {
				add(at+seconds(r, 0, 60), "resume", false, "")
			}
		case 3:
			add(at, "drain", false, v1alpha1.CancelDrain)
		case 4:
			add(at, "stop", false, v1alpha1.CancelStop)
		case 5:
			add(at, "drain", chance(r, 0.5), v1alpha1.CancelDrain)
			add(at+seconds(r, 0, 20), "stop", false, v1alpha1.CancelStop)
		}
	}
}

// steer changes the spec of the open execution.
func (w *world) steer(s steering) {
	for _, id := range w.oracle.openRecords() {
		current, ok := w.api.get(executions, w.oracle.records[id].object.Name).(*v1alpha1.Execution)
		if !ok || (s.cancel == v1alpha1.CancelDrain && current.Spec.Cancel != "") {
			continue
		}
		changed := current.DeepCopy()
		changed.Spec.Paused = s.paused
		if s.cancel != "" {
			changed.Spec.Cancel = s.cancel
		}
		w.note("user", s.what, "executions/"+current.Name, "")
		w.must(w.api.update(executions, changed))
	}
}

// resumeAll resumes what is paused.
func (w *world) resumeAll() {
	if !w.scenario.staysPaused {
		w.steer(steering{what: "resume"})
	}
}

// pause is what a leader has said of an execution: it creates no Job of it any more.
type pause struct {
	by         *process
	from       time.Time
	generation int64 // of the spec
}

func isPaused(e *v1alpha1.Execution) bool { return e.Spec.Paused && e.Spec.Cancel == "" }

// observed notes which leader has said that an execution is paused. The caller has it from a
// write of the status.
func (o *oracle) observed(r *recordState) {
	generation := r.object.Generation
	if isPaused(r.object) && r.object.Status.ObservedGeneration == generation && r.pause.generation != generation {
		r.pause = pause{by: o.world.acting, from: time.Now(), generation: generation}
		o.stats.Paused++
	}
}

// paused returns what a leader has said of an execution that is still paused, or nothing.
func (o *oracle) paused(r *recordState) pause {
	current, ok := o.world.api.get(executions, r.object.Name).(*v1alpha1.Execution)
	if !ok || r.phase != execution.Open || current.UID != r.object.UID || current.Generation != r.pause.generation {
		return pause{}
	}
	return r.pause
}

// checkPaused checks that neither the leader that has said that an execution is paused nor a
// later one creates a Job. A leader from before may: it has not read that it is.
func (o *oracle) checkPaused(r *recordState, job *batchv1.Job) {
	by, said := o.world.acting, o.paused(r)
	if said.by == nil || by == nil || (by != said.by && by.since.Before(said.from)) {
		return
	}
	o.world.fail("the Job %s was created by %s although %s has said that its execution is paused", job.Name, by.name, said.by.name)
}

// checkStop checks why a Job is stopped.
func (o *oracle) checkStop(job *batchv1.Job) {
	key, _ := jobspec.KeyOf(job)
	r := o.records[key.Execution]
	end, canceled := strings.CutPrefix(job.Annotations[jobspec.StopAnnotation], string(execution.Canceled)+"/")
	if r == nil || !canceled {
		return
	}
	current, ok := o.world.api.get(executions, r.object.Name).(*v1alpha1.Execution)
	if !ok {
		return
	}
	o.checkCanceled("the Job "+job.Name, execution.Reason(end), current.Spec.Cancel)
	if state := o.jobs[key]; state != nil {
		state.looked = o.world.acting.looked[jobspec.TaskSelector(name, key).String()]
	}
}

// checkCanceled checks that people have asked for what was canceled.
func (o *oracle) checkCanceled(what string, reason execution.Reason, asked v1alpha1.CancelMode) {
	switch {
	case asked == "":
		o.world.fail("%s was canceled, and its execution was not", what)
	case reason == execution.Stopped && asked != v1alpha1.CancelStop:
		o.world.fail("%s was stopped while it ran, and its execution drains", what)
	case reason != execution.Stopped && reason != execution.NotStarted:
		o.world.fail("%s was canceled because of %s", what, reason)
	}
}

// checkCanceledTask checks the outcome of a task that was canceled: it had no Job, or its Job
// was stopped before the work was done, so far as the leader could know that.
func (o *oracle) checkCanceledTask(r *recordState, key execution.Key, reason execution.Reason) {
	o.stats.Canceled++
	o.checkCanceled(key.Node+" of "+string(key.Execution), reason, r.object.Spec.Cancel)
	job := o.jobs[key]
	if job == nil || job.byUser {
		return
	}
	l := o.world.lives[jobspec.JobName(r.plan.NodeCronJob, key)]
	if l.stopped.IsZero() {
		o.world.fail("I3: %s of %s counts as canceled, and its Job was not stopped", key.Node, key.Execution)
	}
	// A pod that a user has deleted no longer says how it ended.
	if job.inTime && !l.byUser && (job.looked.IsZero() || job.endedAt.Before(job.looked)) {
		o.world.fail("I10: %s of %s counts as canceled, but its work was done", key.Node, key.Execution)
	}
}

// waits reports whether an execution waits until it is resumed, and for nothing else.
func (o *oracle) waits(id execution.ID) bool {
	r := o.records[id]
	if o.paused(r).by == nil {
		return false
	}
	return !o.hasJobs(id)
}

// hasJobs reports whether an execution has a Job of a node task that has not ended.
func (o *oracle) hasJobs(id execution.ID) bool {
	r := o.records[id]
	for i, node := range r.plan.Nodes {
		if _, ended := r.outcomes[i]; !ended && o.jobs[execution.Key{Execution: id, Node: node.Name}] != nil {
			return true
		}
	}
	return false
}

// isStarved reports whether an execution waits for nothing but its share of maxPods, which
// another definition's keeps: it is paused, or its record is damaged and its Jobs are left alone.
// What they have admitted may still run, so the cap holds only if it counts.
func (o *oracle) isStarved(id execution.ID) bool {
	const long = 10 * time.Minute // much longer than a share takes that is free
	if o.world.maxPods == 0 || o.hasJobs(id) || time.Since(o.records[id].writtenAt) < long {
		return false
	}
	for other, r := range o.records {
		if other != id && !r.gone && (r.damaged || o.waits(other)) {
			return true
		}
	}
	return false
}

// unfinished returns the open executions that wait neither until they are resumed, nor for a
// share that none of them can get.
func (o *oracle) unfinished() (left []execution.ID) {
	for _, id := range o.openRecords() {
		if !o.waits(id) && !o.isStarved(id) {
			left = append(left, id)
		}
	}
	return left
}
