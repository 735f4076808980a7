package jobs

import (
	"cmp"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Task is one node task in its turn. A step corrects what was observed by what the API server
// says.
type Task struct {
	Key      execution.Key
	Index    int
	Name     string // of its Job
	Observed plan.Observation
	memory   *memory
}

// Job returns the task's own Job; nil: it is not in the cache, or another client has replaced
// it.
func (t *Task) Job() *batchv1.Job {
	if t.Observed.Foreign {
		return nil
	}
	return t.Observed.Job
}

// Look returns a node task with what the caches show of its Job and its node. LookAtPods adds
// the pods, and the caller what the ledger of the execution has.
func (j *Jobs) Look(stored execution.Task) *Task {
	key := execution.Key{Execution: j.Plan.ID, Node: stored.Node.Name}
	name, m := jobspec.JobName(j.Plan.NodeCronJob, key), &j.memory[stored.Index]
	job, node := j.Caches.Job(j.Namespace, name), j.Caches.Node(stored.Node)
	m.seen = m.seen || job != nil
	if resumes := j.resumes.Load(); m.resumes != resumes {
		m.resumes, m.rejected = resumes, time.Time{}
	}
	foreign := job != nil && !jobspec.Owned(job, j.Owner, key)
	if job != nil && !foreign {
		m.noteStop(job, j.Clock.Now())
	}
	observed := plan.Observation{
		Settings: j.Plan.Settings,
		Task:     stored,
		Seen:     m.seen,
		Foreign:  foreign,
		NodeGone: node == nil,
		Job:      job,
		Stopped:  m.stopped,
	}
	if node != nil {
		observed.UnreachableSince = plan.UnreachableSince(node)
	}
	return &Task{Key: key, Index: stored.Index, Name: name, Observed: observed, memory: m}
}

// LookAtPods adds the pods that the cache has.
func (j *Jobs) LookAtPods(t *Task) {
	o := &t.Observed
	switch {
	case o.Job == nil:
		o.Pods = j.Caches.PodsOfDeleted(t.Name, t.Key)
		o.Others = j.Caches.PodsOfOthers(j.Plan.NodeCronJob, t.Key)
	case o.Foreign: // it may have replaced the task's own Job
		o.Pods = j.Caches.PodsOfDeleted(t.Name, t.Key)
	default:
		o.Pods = j.Caches.PodsOf(o.Job, t.Key)
	}
}

// EndOf returns how the task of a node ended according to the cache, or nil.
func (j *Jobs) EndOf(node string) *execution.End {
	key := execution.Key{Execution: j.Plan.ID, Node: node}
	job := j.Caches.Job(j.Namespace, jobspec.JobName(j.Plan.NodeCronJob, key))
	if job == nil || !jobspec.Owned(job, j.Owner, key) {
		return nil
	}
	progress := plan.ProgressOf(job, j.Caches.PodsOf(job, key))
	return cmp.Or(progress.End, progress.Doomed)
}
